"""The queue check: records what dead processes left in their journals, and takes back emails that nobody sends."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from notifications.delivery.journal import journal_files
from notifications.delivery.record import record
from notifications.delivery.restore_check import check_once
from notifications.delivery.result import SendResult
from notifications.delivery.retry import MOST_CRASHES
from notifications.models import Attempt, AttemptReport, MailServerState, Message, OpenConnection
from notifications.models.attempt import LEASE

logger = logging.getLogger(__name__)

LOST = "The worker stopped during this attempt, so it is not known whether the server accepted the email."
PARKED = f"{LOST} It was the {MOST_CRASHES}th time with this email, so it is not tried again automatically."
# No retry is planned further ahead; what is was planned before the clock was set back.
LONGEST_WAIT = timedelta(hours=2)


def sweep(*, trust_leases: bool = True) -> int:
    """Check the queue, note the time, and return how many emails are due.

    `trust_leases` False: leases that ran out are left alone, because they could not be renewed for a while.
    """
    # A restored database knows nothing of what is in the journals.
    check_once()
    replay()
    now = timezone.now()
    if trust_leases:
        for attempt in ownerless(now):
            take_back(attempt)
        OpenConnection.forget_stale(now)
    unstick(now)
    with transaction.atomic():
        state = MailServerState.lock()
        state.swept_at = timezone.now()
        state.save(update_fields=["swept_at"])
    return Message.due(timezone.now()).count()


def replay() -> None:
    """Record what is in the journals of this machine, and take back at once what their dead processes had."""
    with journal_files(settings.JOURNAL_DIR) as files:
        for file in files:
            begun, results = file.read()
            record_results(file.worker, results, is_orphan=file.is_orphan)
            if file.is_orphan:
                take_back_all(file.worker, begun)
                OpenConnection.objects.filter(worker=file.worker).delete()


def record_results(worker: str, results: dict[int, SendResult], *, is_orphan: bool) -> None:
    """A living process records its results itself, until its leases are over."""
    # By the worker too: a restored database gives the same numbers to other attempts.
    open_ones = Attempt.objects.filter(pk__in=results, worker=worker, finished_at=None).select_related("message")
    if not is_orphan:
        open_ones = open_ones.filter(lease_expires_at__lt=timezone.now())
    for attempt in open_ones:
        record(attempt, results[attempt.pk])
        logger.info("email %s: attempt %s recorded from the journal", attempt.message.uuid, attempt.number)


def take_back_all(worker: str, begun: set[int]) -> None:
    """Take back what a dead process had: only for what it had begun may the server have accepted the email."""
    left = Attempt.objects.filter(worker=worker, finished_at=None)
    unbegun = [pk for pk in left.values_list("pk", flat=True) if pk not in begun]
    if unbegun:
        count = Message.take_back_unbegun(unbegun)
        logger.info("%s emails of %s were claimed and not begun: queued again", count, worker)
    for attempt in left.filter(pk__in=begun).select_related("message"):
        take_back(attempt)


def ownerless(now: datetime) -> "list[Attempt]":
    """Attempts whose lease ran out, or was given before the clock was set back and would take as long to run out."""
    is_over = Q(lease_expires_at__lt=now) | Q(lease_expires_at__gt=now + 2 * LEASE)
    return list(Attempt.objects.filter(is_over, finished_at=None).select_related("message"))


@transaction.atomic
def take_back(attempt: Attempt) -> None:
    # State first, as everywhere, so that transactions cannot wait for each other.
    MailServerState.lock()
    message = attempt.message
    crashes = message.attempts.filter(lost_worker=True).count() + 1
    parked = crashes >= MOST_CRASHES
    report = AttemptReport(text=PARKED if parked else LOST, lost_worker=True)
    if not attempt.finish(Attempt.Outcome.AMBIGUOUS, report):
        return
    logger.warning("email %s: attempt %s has lost its worker", message.uuid, attempt.number)
    if parked or message.kind == Message.Kind.TEST:
        message.fail()
    else:
        # It keeps its place in the queue, unless it may be the cause of the crashes.
        message.requeue(message.next_attempt_at if crashes == 1 else timezone.now())


def unstick(now: datetime) -> None:
    """After the clock was set back, nothing waits for a time that was near when it was planned."""
    # A first attempt waits for nothing but those hours.
    planned_before = Q(next_attempt_at__gt=now + LONGEST_WAIT) | Q(next_attempt_at__gt=now, attempt_count=0)
    Message.waiting_for_a_retry(now).filter(planned_before).update(next_attempt_at=now)
    MailServerState.objects.filter(paused_until__gt=now + LONGEST_WAIT).update(paused_until=now)
