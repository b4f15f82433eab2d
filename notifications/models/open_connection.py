"""The connections to the mail server that senders keep open, over all processes and hosts."""

from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone

LEASE = timedelta(seconds=60)


class OpenConnection(models.Model):
    """One connection of one sender. Renewed while its process lives; what is not renewed no longer counts."""

    worker = models.CharField(max_length=100)
    opened_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="open_connection_lease")]

    def __str__(self) -> str:
        return f"connection of {self.worker}"

    @classmethod
    def open(cls, worker: str) -> "OpenConnection":
        return cls.objects.create(worker=worker[:100], expires_at=timezone.now() + LEASE)

    @classmethod
    def renew(cls, ids: set[int]) -> None:
        cls.objects.filter(pk__in=ids).update(expires_at=timezone.now() + LEASE)

    @classmethod
    def live(cls, now: datetime) -> models.QuerySet["OpenConnection"]:
        # A lease that ends later than any that is given now was given before the clock was set back.
        return cls.objects.filter(expires_at__gt=now, expires_at__lte=now + 2 * LEASE)

    @classmethod
    def forget_stale(cls, now: datetime) -> None:
        """Delete what no process renews."""
        live = models.Q(expires_at__gt=now, expires_at__lte=now + 2 * LEASE)
        cls.objects.filter(~live).delete()
