"""Whether this machine's clock can be trusted: what was recorded lies in the past, and nobody set it lately."""

from datetime import timedelta

from django.utils import timezone

from notifications.models import Attempt, AuditEvent, Completion, MailServerState
from supervisor.clock_watch import in_words

# Clocks of several machines may be that far apart.
TOLERANCE = timedelta(seconds=60)
TOLD_FOR = timedelta(days=1)


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


def last_jump(state: MailServerState) -> str:
    """`set back by 2 hours at 2026-12-01 03:04 UTC`, for a day after a worker noticed it; else empty."""
    if not state.clock_jumped_at or not state.clock_jump_seconds:
        return ""
    if abs(timezone.now() - state.clock_jumped_at) > TOLD_FOR:
        return ""
    direction = "forward" if state.clock_jump_seconds > 0 else "back"
    at = timezone.localtime(state.clock_jumped_at)
    return f"set {direction} by {in_words(state.clock_jump_seconds)} at {at:%Y-%m-%d %H:%M} {at.tzname()}"
