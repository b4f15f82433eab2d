"""Notes that the system's clock was set, which makes every planned time wrong."""

import logging

from django.utils import timezone

from notifications.models import MailServerState
from supervisor.clock_watch import ClockWatch, in_words

logger = logging.getLogger(__name__)


def note_jump(watch: ClockWatch) -> bool:
    """Whether the clock was set since the last call; then it is noted, because no email is as old as it seems."""
    jump = watch.jump()
    if jump is None:
        return False
    logger.warning("the system clock was set %s by %s", "ahead" if jump.seconds > 0 else "back", in_words(jump.seconds))
    MailServerState.objects.filter(pk=1).update(clock_jumped_at=timezone.now(), clock_jump_seconds=jump.seconds)
    return True
