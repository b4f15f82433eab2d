"""Deletes what is older than the retention; what still waits is never too old."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from notifications.models import Completion, DigestEntry, Message

BATCH = 500


def prune() -> int:
    """Returns how many mails and completions were deleted."""
    limit = timezone.now() - timedelta(days=settings.RETENTION_DAYS)
    kept = Message.objects.filter(completion=OuterRef("pk"))
    owed = DigestEntry.objects.filter(completion=OuterRef("pk"), told_at=None)
    # A mail stays until what was resent of it has gone; without it the resend would pass for the first one.
    return delete(Message.objects.filter(finished_at__lt=limit, resends=None)) + delete(
        Completion.objects.filter(~Exists(kept), ~Exists(owed), received_at__lt=limit)
    )


def delete(old: "QuerySet[Message] | QuerySet[Completion]") -> int:
    """In batches, so that no writer waits long."""
    total = 0
    while batch := list(old.values_list("pk", flat=True)[:BATCH]):
        old.model._default_manager.filter(pk__in=batch).delete()
        total += len(batch)
    return total
