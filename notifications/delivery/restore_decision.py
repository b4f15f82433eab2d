"""What becomes of the emails that wait in a restored database: an administrator decides once for all of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce, Least
from django.utils import timezone

from notifications.emails.words import counted
from notifications.models import AuditEvent, DigestEntry, MailServerState, Message, Restoration

HOUR = timedelta(hours=1)
# The upper ends of the ages that are counted, in words.
AGES = (
    ("up to 1 hour", HOUR),
    ("1 to 6 hours", 6 * HOUR),
    ("6 to 24 hours", 24 * HOUR),
    ("1 to 7 days", 168 * HOUR),
)
OLDER = "more than 7 days"


class Choice(models.TextChoices):
    YOUNGER = "younger", "Send the recent ones, discard the others"
    DISCARD = "discard", "Discard all"
    SEND = "send", "Send all"


@dataclass(frozen=True)
class Decision:
    """`hours` counts for YOUNGER alone: what is older is discarded."""

    choice: Choice
    hours: int = 0

    def __str__(self) -> str:
        if self.choice != Choice.YOUNGER:
            return self.choice.label
        return f"Send those up to {counted(self.hours, 'hour')} old"


def uncertain(row: Restoration) -> QuerySet[Message]:
    """Queued emails that may have been sent before: those in the backup, and those about jobs that were over by then.

    Not those that wait for hours which had not begun.
    """
    in_backup = Q(pk__lte=row.last_message) & ~Q(not_before__gt=row.noticed_at)
    digested = DigestEntry.objects.filter(message=OuterRef("pk"), due_at__lte=row.noticed_at)
    since = Q(pk__gt=row.last_message, resend_of=None) & (
        Q(completion__finished_at__lte=row.noticed_at) | Q(Exists(digested))
    )
    return Message.objects.filter(in_backup | since, state=Message.State.QUEUED).exclude(kind=Message.Kind.TEST)


def older(row: Restoration, moment: datetime) -> QuerySet[Message]:
    """Of the uncertain ones, those whose job finished before `moment`, or that were queued before it."""
    finished = Coalesce(F("completion__finished_at"), F("created_at"))
    return uncertain(row).annotate(age_from=Least(F("created_at"), finished)).filter(age_from__lt=moment)


def reported_since(row: Restoration) -> QuerySet[Message]:
    """Of the uncertain ones, those that the backup did not have."""
    return uncertain(row).filter(pk__gt=row.last_message)


def discarded(row: Restoration, decision: Decision, now: datetime) -> QuerySet[Message]:
    if decision.choice == Choice.SEND:
        return uncertain(row).none()
    if decision.choice == Choice.DISCARD:
        return uncertain(row)
    return older(row, now - decision.hours * HOUR)


def by_age(row: Restoration, now: datetime) -> Iterator[tuple[str, int]]:
    """How many of the uncertain ones are how old."""
    left = uncertain(row).count()
    for words, age in AGES:
        before, left = left, older(row, now - age).count()
        yield words, before - left
    yield OLDER, left


@transaction.atomic
def decide(decision: Decision, *, by: Any) -> tuple[int, int] | None:
    """Release the queue; how many emails are sent and discarded, or None when it was decided before."""
    # State first, as everywhere: no worker claims an email meanwhile.
    MailServerState.lock()
    row, now = Restoration.lock(), timezone.now()
    if not row.is_pending:
        return None
    total = uncertain(row).count()
    cancelled = Message.cancel_all(list(discarded(row, decision, now).values_list("pk", flat=True)))
    row.end()
    words = f"{decision}: {total - cancelled:,} to send, {cancelled:,} discarded"
    AuditEvent.record(AuditEvent.Action.RESTORE_DECIDED, words, by=by)
    return total - cancelled, cancelled
