"""Whether this machine's clock can be trusted: what was recorded lies in the past, and nobody set it lately."""

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.utils import timezone

from notifications.models import Attempt, AuditEvent, Completion, MailServerState
from supervisor import clock_watch
from supervisor.clock_watch import ClockWatch, Jump, in_words

# Clocks of several machines may be that far apart.
TOLERANCE = timedelta(seconds=60)
TOLD_FOR = timedelta(days=1)
_watch = ClockWatch()
_noticed: list[Jump] = []


def ahead(state: MailServerState) -> timedelta:
    """How far the newest recorded moment lies in the future; zero as long as clocks are merely apart a little."""
    newest = [
        state.swept_at,
        Attempt.objects.order_by("-started_at").values_list("started_at", flat=True).first(),
        Completion.objects.order_by("-id").values_list("received_at", flat=True).first(),
        AuditEvent.objects.order_by("-id").values_list("at", flat=True).first(),
    ]
    distance = max((moment - timezone.now() for moment in newest if moment), default=timedelta())
    return distance if distance > TOLERANCE else timedelta()


def last_jump() -> Jump | None:
    """The newest one that this process or the supervisor noticed within a day."""
    if jump := _watch.jump():
        _noticed[:] = [jump]
    known = [*_noticed, *filter(None, [clock_watch.read(settings.DATA_DIR / "run")])]
    newest = max(known, key=lambda jump: jump.at, default=None)
    if newest is None or timezone.now() - datetime.fromtimestamp(newest.at, UTC) > TOLD_FOR:
        return None
    return newest


def jump_words(jump: Jump) -> str:
    direction = "forward" if jump.seconds > 0 else "back"
    at = timezone.localtime(datetime.fromtimestamp(jump.at, UTC))
    return f"set {direction} by {in_words(jump.seconds)} at {at:%Y-%m-%d %H:%M} {at.tzname()}"
