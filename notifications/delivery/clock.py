"""Notes that the system's clock was set, which makes every planned time wrong."""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from notifications.models import MailServerState, Message
from supervisor.clock_watch import ClockWatch, Jump, in_words

logger = logging.getLogger(__name__)


# Each process notices the same jump, one after the other.
SAME_JUMP = timedelta(minutes=10)
LEAST_DIFFERENCE = 5.0


def note_jump(watch: ClockWatch) -> bool:
    """Whether the clock was set since the last call; then it is noted, because no email is as old as it seems."""
    jump = watch.jump()
    if jump is None:
        return False
    logger.warning("the system clock was set %s by %s", "ahead" if jump.seconds > 0 else "back", in_words(jump.seconds))
    with transaction.atomic():
        state = MailServerState.lock()
        now = timezone.now()
        if not is_noted(jump, state, now):
            follow(timedelta(seconds=jump.seconds), state, now)
        state.clock_jumped_at, state.clock_jump_seconds = now, jump.seconds
        state.save(update_fields=["clock_jumped_at", "clock_jump_seconds"])
    return True


def is_noted(jump: Jump, state: MailServerState, now: datetime) -> bool:
    if state.clock_jumped_at is None or state.clock_jump_seconds is None:
        return False
    is_recent = abs(now - state.clock_jumped_at) < SAME_JUMP
    return is_recent and abs(jump.seconds - state.clock_jump_seconds) < LEAST_DIFFERENCE


def follow(moved: timedelta, state: MailServerState, now: datetime) -> None:
    """After the clock was set back: what was due in a minute is due in a minute, not in an hour and a minute."""
    if moved > timedelta():
        return
    Message.move_retries(moved, now)
    if state.is_paused(now) and state.paused_until:
        state.paused_until += moved
        state.save(update_fields=["paused_until"])
