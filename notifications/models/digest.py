"""Completions that wait to be told of together."""

from django.db import models

from notifications.models.completion import Completion
from notifications.models.message import Message
from notifications.models.notification import Notification


class DigestEntry(models.Model):
    """One completion owed to one notification, in a mail of many; `message` is that mail, once it is made.

    What has the same notification, reason and `due_at` goes into one mail.
    """

    class Reason(models.TextChoices):
        DIGEST = "digest", "Collected"
        THROTTLED = "throttled", "Too many at once"

    # Flushed before its notification goes; what was told stays on record after it.
    notification = models.ForeignKey(Notification, null=True, on_delete=models.SET_NULL, related_name="digest_entries")
    completion = models.ForeignKey(Completion, on_delete=models.CASCADE, related_name="digest_entries")
    reason = models.CharField(max_length=10, choices=Reason)
    due_at = models.DateTimeField()
    message = models.ForeignKey(Message, null=True, on_delete=models.SET_NULL, related_name="digest_entries")
    told_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "digest entries"
        constraints = [
            models.UniqueConstraint(
                fields=["notification", "completion"], name="one_digest_entry_per_completion_and_notification"
            )
        ]
        indexes = [models.Index(fields=["due_at"], condition=models.Q(told_at=None), name="digest_entry_due")]

    def __str__(self) -> str:
        return f"{self.completion} for {self.notification}"
