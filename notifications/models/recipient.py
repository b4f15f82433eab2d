"""One address of an email and its outcome."""

from django.db import models
from django.utils import timezone

from notifications.models.fields import ForeignCharField, ForeignTextField


class Recipient(models.Model):
    """One address of a mail and what became of it."""

    class Field(models.TextChoices):
        TO = "to", "To"
        CC = "cc", "Cc"
        BCC = "bcc", "Bcc"

    class Outcome(models.TextChoices):
        PENDING = "pending", "Pending"
        ACCEPTED = "accepted", "Accepted"
        DEFERRED = "deferred", "Deferred"
        REFUSED = "refused", "Refused"
        # The whole email was sent and the server did not say whether it accepted it.
        AMBIGUOUS = "ambiguous", "Ambiguous"

    OPEN = (Outcome.PENDING, Outcome.DEFERRED)

    message = models.ForeignKey("notifications.Message", on_delete=models.CASCADE, related_name="recipients")
    address = models.CharField(max_length=320)
    field = models.CharField(max_length=3, choices=Field)
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.PENDING)
    code = ForeignCharField(max_length=120, blank=True)
    text = ForeignTextField(blank=True)
    changed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["message", "address"], name="one_recipient_per_address")]
        indexes = [models.Index(fields=["address"], name="recipient_by_address")]

    def __str__(self) -> str:
        return self.address

    def record(self, outcome: Outcome, code: str, text: str) -> None:
        self.outcome, self.code, self.text, self.changed_at = outcome, code[:120], text, timezone.now()

    @classmethod
    def save_outcomes(cls, recipients: list["Recipient"]) -> None:
        Recipient.objects.bulk_update(recipients, ["outcome", "code", "text", "changed_at"], batch_size=200)
