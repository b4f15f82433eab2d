"""What a deployment tool reported."""

import uuid

from django.db import models


class Outcome(models.TextChoices):
    SUCCESS = "success", "Success"
    PARTIAL = "partial", "Partly failed"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


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
    # SHA-256 of the report's normal form: tells a repeated report from a second one under the same id.
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="one_completion_per_source_and_id")
        ]

    def __str__(self) -> str:
        return self.name


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
