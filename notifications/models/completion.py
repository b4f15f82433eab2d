"""What a deployment tool reported."""

import hashlib
import json
import uuid
from contextlib import suppress
from statistics import median

from django.db import IntegrityError, models, transaction
from django.utils.functional import cached_property

USUAL_OF = 10
HABIT = 3


class Outcome(models.TextChoices):
    SUCCESS = "success", "Success"
    PARTIAL = "partial", "Partly failed"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"

    @property
    def is_failure(self) -> bool:
        return self in (Outcome.FAILED, Outcome.PARTIAL)


class Series(models.Model):
    """Completions of one job, in the order in which they were received.

    A job is known by its source, kind, package and schedule, and without a package by its name, too: two backups that
    one schedule starts are two jobs. With a package the name does not count, since it often holds the version.
    Locked while a completion joins, so that two that arrive together know of each other.
    """

    # SHA-256 of the parts: together they may be too long for an index.
    key = models.CharField(max_length=64, unique=True)
    failures_in_a_row = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.failures_in_a_row} failures in a row"

    @classmethod
    def lock(cls, source: str, kind: str, package: str, schedule: str, name: str) -> "Series":
        """The series of a job, locked until the transaction ends."""
        parts = [source, kind, package, schedule] if package else [source, kind, package, schedule, name]
        key = hashlib.sha256(json.dumps(parts).encode(errors="surrogatepass")).hexdigest()
        return cls.objects.select_for_update().get_or_create(key=key)[0]

    @classmethod
    def forget_idle(cls) -> int:
        """Delete those that say nothing, of jobs that did not fail last and whose completions are gone; their number.

        Tools that put a date into the name of each run make a job of each run.
        """
        total = 0
        while batch := list(
            cls.objects.filter(failures_in_a_row=0, completions=None).values_list("pk", flat=True)[:500]
        ):
            # One may get a completion in this moment. Then it is none of the next batch.
            with suppress(IntegrityError, models.ProtectedError), transaction.atomic():
                total += cls.objects.filter(pk__in=batch).delete()[0]
        return total

    def add(self, outcome: Outcome) -> int:
        """Take a completion in and say how many failures in a row came right before it.

        A cancelled one says nothing about whether the package works, so it neither fails nor recovers.
        """
        before = self.failures_in_a_row
        if outcome is not Outcome.CANCELLED:
            self.failures_in_a_row = before + 1 if outcome.is_failure else 0
            self.save(update_fields=["failures_in_a_row"])
        return before


class Completion(models.Model):
    """One completed deployment or schedule, as its tool told it."""

    class Kind(models.TextChoices):
        DEPLOYMENT = "deployment", "Deployment"
        SCHEDULE = "schedule", "Schedule"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=12, choices=Kind)
    source = models.CharField(max_length=100)
    external_id = models.CharField(max_length=200)
    name = models.CharField(max_length=500)
    package = models.CharField(max_length=300, blank=True)
    version = models.CharField(max_length=100, blank=True)
    schedule = models.CharField(max_length=300, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    user = models.CharField(max_length=300, blank=True)
    url = models.CharField(max_length=2000, blank=True)
    received_at = models.DateTimeField(auto_now_add=True, db_index=True)
    # By name, as in the audit: should a token leak, what it reported can be told from the rest.
    reported_by = models.CharField(max_length=300, blank=True)
    # What was repaired or left out when the report came in: `field` and `message` of each.
    warnings = models.JSONField(default=list)
    # SHA-256 of the report's normal form: tells a repeated report from a second one under the same id.
    digest = models.CharField(max_length=64)

    series = models.ForeignKey(Series, null=True, on_delete=models.PROTECT, related_name="completions")
    # By receipt, in the same series.
    failures_before = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="one_completion_per_source_and_id")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def seconds(self) -> float | None:
        return (self.finished_at - self.started_at).total_seconds() if self.started_at and self.finished_at else None

    # Cached: a completion may owe a thousand mails, and each of them says it.
    @cached_property
    def usual_seconds(self) -> float | None:
        """The median of the last ten before it in its series; None while there are too few for a habit."""
        if self.series_id is None:
            return None
        before = Completion.objects.filter(series=self.series_id, started_at__isnull=False, finished_at__isnull=False)
        if self.pk:
            before = before.filter(pk__lt=self.pk)
        alike = before.exclude(outcome=Outcome.CANCELLED).only("started_at", "finished_at").order_by("-pk")
        taken = [completion.seconds or 0.0 for completion in alike[:USUAL_OF]]
        return median(taken) if len(taken) >= HABIT else None


class TargetResult(models.Model):
    """How it went on one target; `position` is the place in the report."""

    completion = models.ForeignKey(Completion, on_delete=models.CASCADE, related_name="targets")
    position = models.PositiveIntegerField()
    name = models.CharField(max_length=300)
    outcome = models.CharField(max_length=10, choices=Outcome)
    detail = models.TextField(blank=True)
    seconds = models.FloatField(null=True)

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["completion", "position"], name="one_target_per_position")]

    def __str__(self) -> str:
        return self.name
