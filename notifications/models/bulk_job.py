"""One thing done to many mails, which a worker does bit by bit."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from notifications.models.message import Message


class BulkJob(models.Model):
    """Its mails were chosen when it was confirmed and are counted off; what matches later is none of its business."""

    class Kind(models.TextChoices):
        RESEND = "resend", "Resend"
        CANCEL = "cancel", "Cancel"

    # Made with the page that asks: the second of two clicks finds the first one's job.
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=6, choices=Kind)
    # Which mails, in words.
    filter = models.CharField(max_length=500, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(default=timezone.now)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    # No longer queued, or on the way again, or sent again by somebody else meanwhile.
    skipped = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    # Why the last of the failed did.
    error = models.TextField(blank=True)
    finished_at = models.DateTimeField(null=True)
    # Why it came to its end before all of them were seen to.
    ended_early = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["id"], condition=models.Q(finished_at=None), name="bulk_job_unfinished")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.total:,} mail{'' if self.total == 1 else 's'}"

    @property
    def is_finished(self) -> bool:
        return self.finished_at is not None

    @property
    def handled(self) -> int:
        return self.done + self.skipped + self.failed

    def count(self, *, done: int = 0, skipped: int = 0, failed: int = 0, error: str = "") -> None:
        """Of a job that is locked: belongs into the transaction that did it."""
        self.done, self.skipped, self.failed = self.done + done, self.skipped + skipped, self.failed + failed
        self.error = error or self.error
        self.save(update_fields=["done", "skipped", "failed", "error"])

    @property
    def left(self) -> int:
        return self.total - self.handled

    def finish(self) -> None:
        self.finished_at = timezone.now()
        self.save(update_fields=["finished_at"])

    def end_early(self, why: str) -> None:
        """What is not seen to yet stays as it is. Of a job that is locked, as `count` is."""
        self.items.all().delete()
        self.ended_early, self.finished_at = why[:300], timezone.now()
        self.save(update_fields=["ended_early", "finished_at"])


class BulkItem(models.Model):
    """A mail that its job has still to see to; deleted in the transaction that does it, hence never done twice."""

    job = models.ForeignKey(BulkJob, on_delete=models.CASCADE, related_name="items")
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "message"], name="one_bulk_item_per_mail")]

    def __str__(self) -> str:
        return f"mail {self.message_id} of job {self.job_id}"


class BulkResult(models.Model):
    """A mail that a job cancelled or made, so that one can see later what became of it."""

    job = models.ForeignKey(BulkJob, on_delete=models.CASCADE, related_name="results")
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "message"], name="one_bulk_result_per_mail")]

    def __str__(self) -> str:
        return f"mail {self.message_id} by job {self.job_id}"
