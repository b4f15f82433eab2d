"""For monitors: alive, and ready. For people: every part in words, and what to do about it."""

from datetime import datetime

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from notifications.context import MailState, mail_state
from notifications.database_writes import write_fault
from notifications.health import Part, database, examine
from notifications.models import MailServerState
from notifications.snapshot import snapshot
from notifications.views.health_facts import queue, retention, server_clock_part, software, workers_seen
from notifications.views.room import disk_part

NAMES = {
    "database": "Database",
    "broker": "Broker",
    "worker": "Worker",
    "queue": "Queue",
    "mail_server": "Mail server",
    "disk": "Disk",
    "clock": "Clock",
    "server_clock": "Database server's clock",
}
WHAT_TO_DO = {
    "database": "Until it takes reports again, tools get a 503 and have to report later.",
    "broker": "Nothing is lost: the worker looks by itself every 10 s. See whether the server at `BROKER_URL` runs; "
    "`manage.py up` starts one of its own.",
    "worker": "Start them: `manage.py up` runs both. Where they are services of their own, look at their logs.",
    "queue": "The worker runs and yet does not keep up. Look at its log and at the pace of the mail server; "
    "add a worker if it is only slow.",
    "mail_server": "The Mail Server page says what is wrong and what mends it.",
    "restored": "Open Restored backup and choose. Until then every email waits, only tests go out.",
    "safety": "Switch the pause off there as soon as mail may go again.",
    "disk": "Make room: without it no completion can be accepted. `RETENTION_DAYS` says how long old mails are kept.",
    "clock": "Have the clocks of all machines set by NTP: retries and leases are timed by them.",
    "server_clock": "Have both clocks set by NTP: retries and leases are timed by them.",
}

PAGES = {"mail_server": "mail-server", "safety": "safety", "restored": "restoration"}
MENDERS = {"safety": "safety", "restored": "restoration-decision"}


@login_not_required
@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The web process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Mail can go out; 503 and the reason when it cannot."""
    parts = examine()
    ok = all(part.ok for part in parts)
    body = {part.name: {"ok": part.ok, "text": part.text, **part.figures} for part in parts}
    return JsonResponse({"ok": ok, **body}, status=200 if ok else 503)


@require_safe
@never_cache
@vary_on_headers("HX-Request")
def health(request: HttpRequest) -> HttpResponse:
    """The same parts and more for a person; a poll gets what changes."""
    # Takes the lock that a report needs, which is impossible inside a snapshot.
    fault = write_fault(try_lock=True)
    with snapshot():
        return shown(request, database(fault))


def shown(request: HttpRequest, database_part: Part) -> HttpResponse:
    _, *others = examine(try_lock=False)
    parts, state = [database_part, *others, disk_part(), *server_clock_part()], mail_state()
    failing = sum(not part.ok for part in parts)
    context = {
        "mail_state": state,
        "rows": [row(part) for part in parts],
        "verdict": verdict(failing, any(part.waits for part in parts), state),
        "swept_at": past(MailServerState.load().swept_at),
        "workers": workers_seen(timezone.now()),
        "queue": queue(timezone.now()),
        "retention": retention(timezone.now()),
        "software": software(),
    }
    is_poll = request.headers.get("HX-Request") == "true"
    return render(request, "health/_news.html" if is_poll else "health/page.html", context)


def past(moment: datetime | None) -> datetime | None:
    """A clock that was set back makes no moment lie in the future: it has a part of its own."""
    return min(moment, timezone.now()) if moment else None


def verdict(failing: int, waits: bool, state: MailState) -> dict[str, str]:
    """On the whole: for people there is a third state between ready and not."""
    if failing:
        title = f"{failing} part{'' if failing == 1 else 's'} need{'s' if failing == 1 else ''} somebody"
        return {"state": "failed", "word": "Not ready", "title": title}
    if waits:
        title = state.headline if state.stops_mail else "The mail server did not take the last mail"
        return {"state": "warning", "word": "Paused" if state.kind == "safety" else "Waiting", "title": title}
    return {"state": "ok", "word": "Ready", "title": "Everything works"}


def row(part: Part) -> dict[str, str]:
    """`mender` is the route that takes what mends it: who may post to it is told how."""
    is_quiet = part.ok and not part.waits
    # No worker is to blame for what people stopped.
    key = "restored" if "restored" in part.figures else "safety" if part.name == "queue" and part.waits else part.name
    return {
        "name": NAMES[part.name],
        "state": "ok" if is_quiet else "warning" if part.ok else "failed",
        "text": part.in_full[:1].upper() + part.in_full[1:],
        "advice": "" if is_quiet else WHAT_TO_DO[key],
        "page": "" if is_quiet else PAGES.get(key, ""),
        "mender": MENDERS.get(key, "mail-server-basic"),
    }
