"""One attempt to send an email."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db import models, transaction
from django.utils import timezone

from notifications.models.fields import ForeignCharField, ForeignTextField
from notifications.models.mail_server import Mode

# Renewed while the process lives, however long the server takes to reply.
LEASE = timedelta(seconds=60)


@dataclass(frozen=True)
class AttemptReport:
    """What an attempt came to, as facts. `fault` and `stage` are notifications.backends.base's, or empty."""

    code: str = ""
    text: str = ""
    transcript: str = ""
    reference: str = ""
    fault: str = ""
    stage: str = ""
    lost_worker: bool = False

    @property
    def columns(self) -> dict[str, str | bool]:
        """Cut to what the columns hold: a reply that is too long must never keep its outcome from being recorded."""
        return {
            "code": self.code[:120],
            "text": self.text,
            "transcript": self.transcript,
            "reference": self.reference[:200],
            "fault": self.fault[:20],
            "stage": self.stage[:20],
            "lost_worker": self.lost_worker,
        }


NOTHING_TO_REPORT = AttemptReport()


class Attempt(models.Model):
    """While `finished_at` is empty it owns its email; the process that finishes it first decides."""

    class Outcome(models.TextChoices):
        ACCEPTED = "accepted", "Accepted"
        PARTIAL = "partial", "Partly accepted"
        DEFERRED = "deferred", "Deferred"
        REFUSED = "refused", "Refused"
        AMBIGUOUS = "ambiguous", "Ambiguous"
        CONFIGURATION = "configuration", "Configuration fault"

    GOOD = (Outcome.ACCEPTED, Outcome.PARTIAL)
    # In place of a version: a test may use values that were not saved.
    UNSAVED = 0

    message = models.ForeignKey("notifications.Message", on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    mode = models.CharField(max_length=10, choices=Mode)
    settings_version = models.PositiveIntegerField()
    worker = models.CharField(max_length=100)
    started_at = models.DateTimeField(default=timezone.now, db_index=True)
    lease_expires_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=15, choices=Outcome, blank=True)
    # What went wrong, and in answer to what: empty where the server accepted the email.
    fault = models.CharField(max_length=20, blank=True, default="")
    stage = models.CharField(max_length=20, blank=True, default="")
    # The process died, so nobody knows whether the server accepted the email.
    lost_worker = models.BooleanField(default=False)
    # The decisive reply: SMTP or HTTP code, with the enhanced or Graph code behind it.
    code = ForeignCharField(max_length=120, blank=True)
    text = ForeignTextField(blank=True)
    transcript = ForeignTextField(blank=True)
    # What the provider's support asks for: Graph's request-id and client-request-id.
    reference = ForeignCharField(max_length=200, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["message", "number"], name="one_attempt_per_number"),
            models.UniqueConstraint(
                fields=["message"], condition=models.Q(finished_at=None), name="one_active_attempt_per_message"
            ),
        ]
        indexes = [
            models.Index(fields=["lease_expires_at"], condition=models.Q(finished_at=None), name="attempt_active")
        ]

    def __str__(self) -> str:
        return f"attempt {self.number}"

    @classmethod
    def renew(cls, ids: Iterable[int]) -> set[int]:
        """Extend the leases of the given attempts, and return those that are still ours."""
        with transaction.atomic():
            active = set(
                cls.objects.select_for_update().filter(pk__in=list(ids), finished_at=None).values_list("pk", flat=True)
            )
            cls.objects.filter(pk__in=active).update(lease_expires_at=timezone.now() + LEASE)
        return active

    def keep_note(self, note: str) -> bool:
        """Keep a note for the email's next attempt; False, and nothing kept, when the email is no longer this one's."""
        with transaction.atomic():
            # Locked: the sweep cannot give the email away between the question and the note.
            mine = Attempt.objects.select_for_update().filter(pk=self.pk, finished_at=None).first()
            if mine is not None:
                self.message.transport_note = note
                self.message.save(update_fields=["transport_note"])
        return mine is not None

    def belongs_to(self, version: int) -> None:
        """The unsaved values that were tested are now those of `version`."""
        Attempt.objects.filter(pk=self.pk, settings_version=self.UNSAVED).update(settings_version=version)

    @property
    def seconds(self) -> float | None:
        return (self.finished_at - self.started_at).total_seconds() if self.finished_at else None

    def finish(self, outcome: Outcome, report: AttemptReport = NOTHING_TO_REPORT) -> bool:
        """Close this attempt, and return whether it was still ours: the sweep closes one whose lease ran out."""
        columns = {
            **report.columns,
            "outcome": outcome,
            "started_at": self.started_at,
            "finished_at": timezone.now(),
        }
        for name, value in columns.items():
            setattr(self, name, value)
        return bool(Attempt.objects.filter(pk=self.pk, finished_at=None).update(**columns))
