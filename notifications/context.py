"""What every page shows about mail: whether it flows and, if not, why and since when."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.db.models import Min
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from notifications.diagnosis import explain, secret_blanks
from notifications.diagnosis.expiry import secret_expiry
from notifications.diagnosis.reading import read
from notifications.models import (
    Attempt,
    HoldReason,
    MailServerSettings,
    MailServerState,
    Message,
    Mode,
    Restoration,
    Safety,
)

THEMES = ("light", "dark")
THEME_COOKIE = "theme"
TITLES = {
    "restored": "Email is on hold",
    "ok": "Mail is flowing",
    "reroute": "All mail goes to one address",
    "safety": "Notification mail is paused",
    "paused": "Mail is waiting",
    "held": "Mail is held",
    "not_set_up": "Mail server not set up",
}
# In the bar, which a phone has little room for.
BRIEF_TITLES = {"safety": "Mail is paused", "reroute": "Mail is rerouted"}
# What people chose on Safety, while the mail server works.
OF_SAFETY = ("safety", "reroute")
RESTORED = "Emails that wait in it may have been sent already, so none goes out until an administrator has decided."
STOPPING = ("restored", "safety", "paused", "held", "not_set_up")


@dataclass(frozen=True)
class MailState:
    """`reason` and `advice` are our sentences, `text` the mail server's own words.

    The kind `paused` is the mail server's doing, `safety` and `reroute` are people's.
    """

    kind: str
    reason: str = ""
    code: str = ""
    text: str = ""
    advice: str = ""
    # What may be wrong with the saved secret.
    secret_note: str = ""
    since: datetime | None = None
    next_try: datetime | None = None
    # The last try since then, if there was one, and whether one is asked for or under way.
    tried_at: datetime | None = None
    is_trying: bool = False
    # The mail server did not even say no.
    is_unreached: bool = False
    last_accepted: datetime | None = None
    waiting: int = 0
    needs_consent: bool = False
    # A warning that stops nothing yet: the client secret in use is about to run out.
    secret_expiry: str = ""

    @property
    def title(self) -> str:
        return "Ready to send" if self.kind == "ok" and self.last_accepted is None else TITLES[self.kind]

    @property
    def brief_title(self) -> str:
        return BRIEF_TITLES.get(self.kind, self.title)

    @property
    def word(self) -> str:
        """For a badge."""
        return {"paused": "waiting", "safety": "paused", "restored": "on hold"}.get(
            self.kind, self.kind.replace("_", " ")
        )

    @property
    def headline(self) -> str:
        return f"{self.title}: {self.reason}" if self.reason else self.title

    @property
    def page(self) -> str:
        """The name of the one that tells the reason."""
        if self.kind == "restored":
            return "restoration"
        return "safety" if self.kind in OF_SAFETY else "mail-server"

    @property
    def server_works(self) -> bool:
        return self.kind == "ok" or self.kind in OF_SAFETY

    @property
    def needs_banner(self) -> bool:
        """Safety has a banner of its own, which is shown where nothing is broken."""
        return not self.server_works

    @property
    def can_be_tried(self) -> bool:
        return self.kind in ("held", "paused") and not self.needs_consent

    @property
    def stops_mail(self) -> bool:
        """All but tests, which are how one finds out."""
        return self.kind in STOPPING


def panel(request: HttpRequest) -> dict[str, Any]:
    """Context processor; the rows are read only on pages that show them."""
    theme = request.COOKIES.get(THEME_COOKIE, "")
    signed_in = getattr(request, "user", None) is not None and request.user.is_authenticated
    safety = cache(Safety.load)
    return {
        "theme": theme if theme in THEMES else "",
        # Where a form on the page leads back to; a view whose address holds a secret gives another.
        "here": request.get_full_path(),
        "mail_state": SimpleLazyObject(lambda: mail_state(safety())) if signed_in else None,
        "safety": SimpleLazyObject(safety) if signed_in else None,
    }


def mail_state(safety: Safety | None = None) -> MailState:
    """The most severe first: what is broken, then what people stopped. `safety` is its row, where it is at hand."""
    state, server = MailServerState.load(), MailServerSettings.load()
    safety = Safety.load() if safety is None else safety
    if (restoration := Restoration.load()).is_pending:
        return restored(restoration)
    if not server.is_set_up:
        return MailState("not_set_up", waiting=waiting())
    if state.is_held:
        return held(state, server, safety)
    # After the pause too, until a mail got through: only that tells that it is over.
    if state.paused_since and (state.is_paused(timezone.now()) or waiting()):
        return paused(state, server, safety)
    return working(server, safety)


def restored(restoration: Restoration) -> MailState:
    return MailState(
        "restored",
        reason="this database was restored from a backup",
        advice=RESTORED,
        since=restoration.noticed_at,
        waiting=waiting(),
    )


def working(server: MailServerSettings, safety: Safety) -> MailState:
    kind = "safety" if safety.paused else "reroute" if safety.reroute_to else "ok"
    return MailState(
        kind,
        since=safety.paused_at if safety.paused else safety.changed_at if safety.reroute_to else None,
        last_accepted=last_accepted(),
        waiting=waiting() if safety.paused else 0,
        secret_expiry=expiry_words(server),
    )


def held(state: MailServerState, server: MailServerSettings, safety: Safety) -> MailState:
    reason = state.get_held_reason_display()
    return MailState(
        "held",
        reason=f"{reason[:1].lower()}{reason[1:]}",
        code=state.held_code,
        text=" ".join(part for part in (state.held_code, state.held_text) if part),
        advice=explain(state.held_code, state.held_text, server.active_mode).fix,
        secret_note=secret_blanks.note_of(server, server.active_mode)
        if state.held_reason == HoldReason.SIGN_IN
        else "",
        needs_consent=state.held_reason == HoldReason.RECONNECT,
        **tries(state.held_since, state.next_probe_at, safety),
    )


def paused(state: MailServerState, server: MailServerSettings, safety: Safety) -> MailState:
    explanation = explain("", state.paused_text, server.active_mode)
    due = Message.objects.filter(state=Message.State.QUEUED).aggregate(at=Min("next_attempt_at"))["at"]
    return MailState(
        "paused",
        reason=explanation.clause,
        text=state.paused_text,
        advice=explanation.fix,
        is_unreached=not read("", state.paused_text, server.active_mode).is_reply,
        # Each mail has a time of its own, too, before which it is not tried.
        **tries(state.paused_since, max(filter(None, (state.paused_until, due)), default=None), safety),
    )


def tries(since: datetime | None, next_try: datetime | None, safety: Safety) -> dict[str, Any]:
    """When it was and will be tried; while nothing waits, or nothing may go, nobody tries."""
    number, now = waiting(), timezone.now()
    last = Attempt.objects.exclude(message__kind=Message.Kind.TEST).order_by("-started_at").first()
    is_awaited = bool(number) and not safety.paused
    tried_at = last.finished_at if last else None
    return {
        "since": since,
        "waiting": number,
        "next_try": next_try if is_awaited else None,
        "is_trying": bool(last and not tried_at) or (is_awaited and next_try is not None and next_try <= now),
        # The try that showed the trouble began before it was known.
        "tried_at": tried_at if last and since and last.started_at > since else None,
    }


def expiry_words(server: MailServerSettings) -> str:
    expiry = secret_expiry(server, timezone.localdate()) if server.active_mode == Mode.GRAPH else None
    return expiry[1] if expiry else ""


def waiting() -> int:
    return Message.objects.filter(state__in=Message.OPEN).count()


def last_accepted() -> datetime | None:
    return (
        Attempt.objects.filter(outcome__in=Attempt.GOOD)
        .order_by("-started_at")
        .values_list("finished_at", flat=True)
        .first()
    )
