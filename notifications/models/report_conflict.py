"""Reports that came under the source and id of another one, and were refused."""

from django.db import models
from django.db.models import F
from django.utils import timezone

from notifications.models.completion import Completion
from notifications.models.message import Message

# Of one completion: a tool that sends the same id for ever must not fill the disk.
MOST_KEPT = 20


class ReportConflict(models.Model):
    """One content that was refused, however often it came; `completion` is what came first."""

    completion = models.ForeignKey(Completion, on_delete=models.CASCADE, related_name="conflicts")
    # SHA-256 of the refused report's normal form.
    digest = models.CharField(max_length=64)
    reported_by = models.CharField(max_length=300, blank=True)
    # What differs: `field`, and what was `stored` and `sent`, each cut.
    differences = models.JSONField(default=list)
    first_at = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField(default=timezone.now, db_index=True)
    count = models.PositiveIntegerField(default=1)
    # The alert about it, if somebody is to get one.
    message = models.ForeignKey(Message, null=True, on_delete=models.SET_NULL, related_name="conflicts")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["completion", "digest"], name="one_conflict_per_content")]

    def __str__(self) -> str:
        return f"{self.completion.source} {self.completion.external_id}, refused"

    @classmethod
    def again(cls, completion: Completion, digest: str) -> bool:
        """Whether this content was refused before, or too many were; then it is counted, with the last of those."""
        known = cls.objects.filter(completion=completion)
        same = known.filter(digest=digest).first()
        found = same or (known.order_by("-pk").first() if known.count() >= MOST_KEPT else None)
        if found is None:
            return False
        cls.objects.filter(pk=found.pk).update(count=F("count") + 1, last_at=timezone.now())
        return True
