"""How a job gets its mails, and how they are seen to: each exactly once, whoever dies in between."""

import logging
import time
from dataclasses import dataclass
from typing import Any

from django.db import DataError, IntegrityError, connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Value

from notifications.access import may
from notifications.delivery import outbox
from notifications.models import AuditEvent, BulkItem, BulkJob, BulkResult, Message

logger = logging.getLogger(__name__)

# Choosing them is one transaction: eight times as many kept everybody else from writing for half a minute.
MOST_MAILS = 50_000
# One transaction; with SQLite everybody else's writing waits for it.
BATCH = 50
PAUSE_SECONDS = 0.02
# The task that works on one job.
RUN = "notifications.bulk.tasks.run_bulk_job"
# Then others have their turn.
SECONDS = 5.0
DONE, SKIPPED, FAILED = "done", "skipped", "failed"
# A mail that cannot be stored, or that the email package chokes on. What says that the database is away is none.
OF_ONE_MAIL = (DataError, IntegrityError, AttributeError, LookupError, TypeError, ValueError)
ACTIONS = {
    BulkJob.Kind.RESEND: AuditEvent.Action.MAILS_RESENT,
    BulkJob.Kind.CANCEL: AuditEvent.Action.MAILS_CANCELLED,
}


SENT_AGAIN = Q(Exists(Message.objects.filter(resend_of=OuterRef("pk"))))


@dataclass(frozen=True)
class Seen:
    """What became of one mail; `message_id` is the one that was cancelled or made."""

    word: str
    message_id: int | None = None
    error: str = ""


def eligible(kind: str) -> Q:
    """The mails that it can be done to. One that was sent again is over: what came of it is the newer mail's matter."""
    if kind == BulkJob.Kind.CANCEL:
        return Q(state=Message.State.QUEUED)
    return ~Q(state__in=Message.OPEN) & ~SENT_AGAIN


@transaction.atomic
def begin(job: BulkJob, messages: QuerySet[Message]) -> None:
    """Store `job` with those of `messages` that it is possible for; what comes to match later is not part of it."""
    job.save()
    job.total = insert_items(job, messages.filter(eligible(job.kind)))
    job.save(update_fields=["total"])
    words = f"{job.total:,} mail{'' if job.total == 1 else 's'}: {job.filter}"
    AuditEvent.record(ACTIONS[BulkJob.Kind(job.kind)], words, by=job.by)


def insert_items(job: BulkJob, messages: QuerySet[Message]) -> int:
    """By the database alone: a million keys on their way through Python would take a minute."""
    chosen = messages.order_by().annotate(of_job=Value(job.pk)).values_list("of_job", "pk")
    sql, parameters = chosen.query.sql_with_params()
    with connection.cursor() as cursor:
        # The ORM's own SQL, its values apart.
        cursor.execute(f"INSERT INTO {BulkItem._meta.db_table} (job_id, message_id) {sql}", parameters)
        return int(cursor.rowcount)


def work(job_id: int, seconds: float) -> bool:
    """See to the job's mails for about that long; whether there are more."""
    end = time.monotonic() + seconds
    while step(job_id):
        if time.monotonic() > end:
            return True
        time.sleep(PAUSE_SECONDS)
    return False


def work_on_all() -> None:
    """Work for a while on each unfinished job: also on those whose worker died, or while the broker is away."""
    for job_id in BulkJob.objects.filter(finished_at=None).values_list("pk", flat=True):
        work(job_id, SECONDS)


@transaction.atomic
def step(job_id: int) -> bool:
    """One batch: what is done, and that it is done, are stored together or not at all."""
    # A job that somebody else holds needs no second pair of hands.
    job = BulkJob.objects.select_for_update(skip_locked=True).filter(pk=job_id, finished_at=None).first()
    if job is None:
        return False
    if not may_go_on(job):
        job.end_early(f"{job.by} may not do that any more")
        return False
    items = list(job.items.order_by("message_id")[:BATCH])
    if not items:
        job.finish()
        return False
    seen = [see_to(job, item.message_id) for item in items]
    BulkItem.objects.filter(pk__in=[item.pk for item in items]).delete()
    BulkResult.objects.bulk_create(BulkResult(job=job, message_id=each.message_id) for each in seen if each.message_id)
    counts = {word: sum(each.word == word for each in seen) for word in (DONE, SKIPPED, FAILED)}
    job.count(**counts, error=next((each.error for each in seen if each.error), ""))
    return True


def may_go_on(job: BulkJob) -> bool:
    """Whoever was switched off at noon sends nothing more in the afternoon."""
    return job.by is None or (job.by.is_active and may(job.by, "bulk-jobs", "POST"))


@transaction.atomic
def stop(job_id: int, *, by: Any) -> bool:
    """Whether it was still at work, and now is not: waits for the batch that is under way."""
    job = BulkJob.objects.select_for_update().filter(pk=job_id, finished_at=None).first()
    if job is None:
        return False
    job.end_early(f"stopped by {by}")
    AuditEvent.record(AuditEvent.Action.BULK_STOPPED, f"{job}, {job.left:,} left as they were", by=by)
    return True


def see_to(job: BulkJob, message_id: int) -> Seen:
    """One that cannot be done must not hold up the others."""
    try:
        with transaction.atomic():
            result = act(job, message_id)
    except OF_ONE_MAIL as error:
        logger.exception("bulk job %s: mail %s failed", job.pk, message_id)
        return Seen(FAILED, error=f"{type(error).__name__}: {error}")
    return Seen(DONE, result.pk) if result else Seen(SKIPPED)


def act(job: BulkJob, message_id: int) -> Message | None:
    """The mail that was cancelled or made; None where there was nothing left to do."""
    # Locked: nobody resends or sends it between the question and the answer.
    message = Message.objects.select_for_update().filter(pk=message_id).first()
    if message is None:
        return None
    if job.kind == BulkJob.Kind.CANCEL:
        return message if message.cancel() else None
    if message.is_open or message.resends.exists():
        return None
    return outbox.resend(message, job.by)
