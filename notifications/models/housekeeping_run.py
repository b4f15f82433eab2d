"""When each housekeeping job last began, over all processes and hosts."""

from datetime import datetime, timedelta

from django.db import IntegrityError, models, transaction


class HousekeepingRun(models.Model):
    """One row for each job."""

    name = models.CharField(max_length=50, primary_key=True)
    started_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name

    @classmethod
    def take(cls, name: str, every: timedelta, now: datetime) -> bool:
        """Whether the job is due and this caller runs it.

        A start in the future is from before the clock was set back.
        """
        row = cls.objects.filter(name=name).first()
        if row is None:
            return cls._insert(name, now)
        if now - every < row.started_at <= now:
            return False
        return bool(cls.objects.filter(name=name, started_at=row.started_at).update(started_at=now))

    @classmethod
    def _insert(cls, name: str, now: datetime) -> bool:
        try:
            with transaction.atomic():
                cls.objects.create(name=name, started_at=now)
        except IntegrityError:
            return False
        return True
