"""The first page: is mail alive, how was it lately, and what to do next."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from notifications.context import MailState, last_accepted, mail_state
from notifications.delivery.days import NO_TEST, last_days
from notifications.models import Completion, MailServerSettings, Message
from notifications.snapshot import snapshot
from notifications.views.chart import bars, ranges
from notifications.views.checklist import next_steps
from notifications.views.completions import mail_counts, with_target_count
from notifications.views.concerns import Concern, concerns
from notifications.views.deliveries import listed
from notifications.views.modes import is_inbox

SHOWN = 5
FAILURES = (Message.State.FAILED, Message.State.EXPIRED, Message.State.PARTLY_SENT)


@require_safe
@never_cache
@vary_on_headers("HX-Request")
@snapshot()
def dashboard(request: HttpRequest) -> HttpResponse:
    """The page; a poll gets what changes, and an announcement when the state is another than the one it has `seen`."""
    now, state, server = timezone.now(), mail_state(), MailServerSettings.load()
    is_poll = request.headers.get("HX-Request") == "true"
    days, worries = last_days(now), concerns(now, server, state)
    pulse, completions, failures = pulse_of(state, worries), recent_completions(), recent_failures()
    context = {
        "mail_state": state,
        "server": server,
        "is_inbox": is_inbox(server),
        "pulse": pulse,
        "is_poll": is_poll,
        "is_news": is_poll and request.GET.get("seen") != pulse["key"],
        "last_accepted": state.last_accepted or last_accepted(),
        "waiting": Message.objects.filter(state__in=Message.OPEN).count(),
        "oldest": oldest_waiting(),
        # What the headline says is not said again.
        "concerns": [worry for worry in worries if worry.title != pulse["title"]],
        "steps": next_steps(server, request.user),
        "today": days[-1],
        # The days are the installation's, which is worth a word to who reads elsewhere.
        "days_zone": "" if timezone.get_current_timezone_name() == settings.TIME_ZONE else settings.TIME_ZONE,
        "bars": bars(days),
        "ranges": ranges(days),
        "completions": completions,
        "failures": failures,
        "has_history": bool(completions or failures or any(day.total for day in days)),
    }
    return render(request, "dashboard/_news.html" if is_poll else "dashboard/page.html", context)


def pulse_of(state: MailState, worries: list[Concern]) -> dict[str, str]:
    """What the page says in large letters: the mail state, unless mail gets stuck although nothing stops it."""
    headline = next((worry.headline for worry in worries if worry.headline), "")
    if headline and state.server_works:
        return {"key": "stuck", "state": "failed", "title": headline}
    return {"key": state.kind, "state": state.kind, "title": state.headline}


def oldest_waiting() -> Message | None:
    """By state, each a step in its index: together they would be sorted."""
    oldest = [
        Message.objects.filter(state=state).defer("content", "draft_server").order_by("id").first()
        for state in Message.OPEN
    ]
    return min(filter(None, oldest), key=lambda message: message.pk, default=None)


def recent_completions() -> list[tuple[Completion, Any]]:
    newest = list(with_target_count(Completion.objects.order_by("-id"))[:SHOWN])
    mails = mail_counts(newest)
    return [(completion, mails[completion.pk]) for completion in newest]


def recent_failures() -> list[Message]:
    """Of mail that was owed to somebody: what a test came to stands where it was sent."""
    keys = [
        pk
        for state in FAILURES
        for pk in Message.objects.filter(NO_TEST, state=state).order_by("-id").values_list("pk", flat=True)[:SHOWN]
    ]
    return list(listed(Message.objects.filter(pk__in=sorted(keys)[-SHOWN:])).order_by("-id"))
