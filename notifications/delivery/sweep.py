"""Finds what nobody works on: leases that ran out, and mail that is due without a hint."""

import logging

from django.db import transaction
from django.utils import timezone

from notifications.delivery.retry import MOST_CRASHES
from notifications.models import Attempt, MailServerState, Message

logger = logging.getLogger(__name__)

LOST = "The worker stopped during this try, so nobody knows whether the server took the mail."
PARKED = f"{LOST} It was the {MOST_CRASHES}th time with this mail, so it is not tried again by itself."


def sweep() -> int:
    """Take back what stopped workers held, note the time, and count the mails that are due."""
    now = timezone.now()
    for attempt in Attempt.objects.filter(finished_at=None, lease_expires_at__lt=now).select_related("message"):
        take_back(attempt)
    with transaction.atomic():
        state = MailServerState.lock()
        state.swept_at = now
        state.save(update_fields=["swept_at"])
    return Message.due(timezone.now()).count()


@transaction.atomic
def take_back(attempt: Attempt) -> None:
    message = attempt.message
    crashes = message.attempts.filter(outcome=Attempt.Outcome.AMBIGUOUS, code="", text=LOST).count() + 1
    parked = crashes >= MOST_CRASHES
    if not attempt.finish(Attempt.Outcome.AMBIGUOUS, text=PARKED if parked else LOST):
        return
    logger.warning("mail %s: the lease of try %s ran out", message.uuid, attempt.number)
    if parked or message.kind == Message.Kind.TEST:
        message.fail()
    else:
        message.requeue(timezone.now())
