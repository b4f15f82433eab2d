"""What somebody should look after although mail may still flow."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import OuterRef, Subquery
from django.urls import reverse
from django.utils import timezone

from notifications.context import MailState
from notifications.delivery.days import NO_TEST
from notifications.diagnosis.connection import connection_of
from notifications.diagnosis.expiry import secret_expiry
from notifications.health import Part, examine
from notifications.models import (
    ApiToken,
    MailServerSettings,
    Message,
    Mode,
    Notification,
    ReportConflict,
    Safety,
)
from notifications.models.api_token import today
from notifications.views.deliveries import listed
from notifications.views.room import disk_part

RECENT = timedelta(days=1)
# Over a weekend.
REFUSED_LATELY = timedelta(days=3)
EXPIRES_SOON = timedelta(days=14)
USED_LATELY = timedelta(days=30)
LOOKED_AT = 50
NAMED = 5
REASON_SHOWN = 100
UNSETTLED = (*Message.OPEN, Message.State.CANCELLED)
LOST = (Message.State.FAILED, Message.State.EXPIRED)


@dataclass(frozen=True)
class Concern:
    """`state` gives the tone; `url` and `verb` lead to where it is mended.

    One with a `headline` keeps mail from going out although nothing holds it.
    """

    state: str
    title: str
    text: str
    url: str
    verb: str
    headline: str = ""
    # The route that takes what mends it, where not everybody who may look at `url` may do that.
    mender: str = ""


def concerns(now: datetime, server: MailServerSettings, state: MailState) -> list[Concern]:
    """The severe ones first."""
    found = [
        *of_the_installation(),
        *of_the_secret(server),
        *of_the_consent(server, state),
        *of_safety(),
        *of_unconfirmed(),
        *of_tokens(now),
        *of_notifications(now),
    ]
    return sorted(found, key=lambda concern: concern.state != "failed")


def of_the_installation() -> Iterator[Concern]:
    """The mail server's own state is the page's headline."""
    # Asked for every few seconds, by everybody who looks: without the lock that a report needs.
    parts = {part.name: part for part in [*examine(try_lock=False), disk_part()]}
    health = reverse("health")
    if bad(parts, "database"):
        text = f"The database {parts['database'].text}. Tools get a 503 and have to report later."
        yield Concern("failed", "Completions are refused", text, health, "Open Health", "Completions are refused")
    if bad(parts, "clock"):
        text = f"The clock is {parts['clock'].text}. Emails may wait for a time that is long past."
        yield Concern("failed", "The clock is wrong", text, health, "Open Health")
    if bad(parts, "worker"):
        text = "Completions are accepted and no mail is lost, but none goes out until a worker runs again."
        headline = "Mail does not go out: no worker is at work"
        yield Concern("failed", "No worker is at work", text, health, "Open Health", headline)
    elif bad(parts, "queue") and "restored" not in parts["queue"].figures:
        text = "The worker runs, and yet mail that is due was not tried. Look at the worker's log."
        headline = "Mail is late: the oldest waits too long"
        yield Concern("failed", "The oldest mail waits too long", text, health, "Open Health", headline)
    if bad(parts, "broker"):
        text = "Mail still goes, found by the worker's own look every 10 s instead of at once."
        yield Concern("warning", "The broker cannot be reached", text, health, "Open Health")
    if bad(parts, "disk"):
        text = f"{parts['disk'].text.capitalize()}. Without room no completion can be accepted."
        yield Concern("failed", "The disk is nearly full", text, health, "Open Health")


def bad(parts: dict[str, Part], name: str) -> bool:
    return name in parts and not parts[name].ok


def of_the_secret(server: MailServerSettings) -> Iterator[Concern]:
    if server.active_mode == Mode.GRAPH and (expiry := secret_expiry(server, timezone.localdate())):
        tone, sentence = expiry
        address = f"{reverse('guide', args=['microsoft-graph'])}#new-secret"
        title, verb = "Renew the client secret of Microsoft Graph", "How to renew it"
        yield Concern(tone, title, sentence, address, verb, mender="mail-server-graph")


def of_the_consent(server: MailServerSettings, state: MailState) -> Iterator[Concern]:
    if server.active_mode != Mode.OAUTH2 or not server.is_set_up or state.needs_consent:
        return
    connection = connection_of(server)
    if not connection.is_connected:
        text = connection.reason or "Nobody has signed in for it yet, so no mail can go out."
        headline, url = "Mail cannot go out: OAuth2 needs a consent", reverse("mail-server")
        yield Concern("failed", "OAuth2 needs a consent", text, url, "Open Mail Server", headline, "oauth-consents")


def of_safety() -> Iterator[Concern]:
    safety, url = Safety.load(), reverse("safety")
    if safety.paused:
        text = "Completions are accepted, and their mails wait until somebody lets them go."
        yield Concern("warning", "Notification mail is paused", text, url, "Open Safety")
    if safety.reroute_to:
        text = "Nobody else gets any, whatever the notifications say."
        yield Concern("warning", f"All mail goes to {safety.reroute_to}", text, url, "Open Safety")
    if safety.allowed_domains:
        text = f"Only recipients at {safety.domain_words} get mail; the others are refused."
        yield Concern("off", "Mail goes to some domains only", text, url, "Open Safety")


def of_unconfirmed() -> Iterator[Concern]:
    """Emails that wait for a person's decision, whatever their notification did since."""
    count = Message.objects.filter(state=Message.State.UNCONFIRMED).count()
    if count:
        title = "1 email may have arrived" if count == 1 else f"{count:,} emails may have arrived"
        text = "The mail server received the whole email and did not reply. For each: send again, or mark as sent."
        url = f"{reverse('deliveries')}?state={Message.State.UNCONFIRMED}"
        yield Concern("warning", title, text, url, "Decide")


def of_tokens(now: datetime) -> Iterator[Concern]:
    refused = ReportConflict.objects.filter(last_at__gt=now - REFUSED_LATELY).count()
    if refused:
        title = f"{refused:,} report{'' if refused == 1 else 's'} refused: source and ID were taken"
        text = "No email was sent for what was refused. See what differs, and which tool reported it."
        yield Concern("warning", title, text, reverse("report-conflicts"), "Open refused reports")
    day = today()
    used = ApiToken.expiring(day + EXPIRES_SOON).filter(last_used_at__gt=now - USED_LATELY)
    for token in used.filter(expires_on__gte=day - EXPIRES_SOON)[:NAMED]:
        state, title = ("failed", "has expired") if token.is_expired else ("warning", "expires soon")
        text = f"Reports after {token.expires_on:%-d %B %Y} are refused. Revoke it if nothing uses it any more."
        url = reverse("token-limits", args=[token.pk])
        yield Concern(
            state, f"The API token “{token.name}” {title}", text, url, "Change its last day", "", "token-limits"
        )


def of_notifications(now: datetime) -> Iterator[Concern]:
    for notification in Notification.objects.exclude(template_error="")[:NAMED]:
        text = f"Its last mail went out in the default form: {notification.template_error}"
        yield about(notification, "warning", f"“{notification.name}” cannot be written as designed", text)
    for mail in failing(now):
        text = f"It {ended(mail)}. What to do stands with the mail."
        address = reverse("delivery", args=[mail.uuid])
        yield Concern(
            "warning", f"The newest mail of “{mail.notification_name}” failed", text, address, "Open this mail"
        )


def about(notification: Notification, state: str, title: str, text: str) -> Concern:
    return Concern(state, title, text, reverse("notification", args=[notification.pk]), "Open it")


def ended(mail: Any) -> str:
    """`mail` with what `listed` adds."""
    reason = (mail.last_code or mail.last_text or "")[:REASON_SHOWN]
    words = "was given up" if mail.state == Message.State.EXPIRED else "was refused"
    return f"{words} ({reason})" if reason else words


def failing(now: datetime) -> list[Any]:
    """Of each notification whose newest settled mail failed within a day, that mail; looked for among the last
    LOOKED_AT failures."""
    suspects = {
        pk
        for state in LOST
        for pk, at in Message.objects.filter(NO_TEST, state=state)
        .order_by("-id")
        .values_list("notification", "finished_at")[:LOOKED_AT]
        if pk and at and at > now - RECENT
    }
    settled = Message.objects.filter(NO_TEST, notification=OuterRef("pk")).exclude(state__in=UNSETTLED).order_by("-id")
    enabled = Notification.objects.filter(pk__in=suspects, enabled=True)
    newest = list(enabled.values_list(Subquery(settled.values("pk")[:1]), flat=True))
    return list(listed(Message.objects.filter(pk__in=newest, state__in=LOST)).order_by("notification__name")[:NAMED])
