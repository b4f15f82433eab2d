"""How often something happened in the present minute, counted by all web processes together."""

import time

from django.db import models
from django.db.models import Case, F, Q, Value, When

MINUTE = 60


class RateCounter(models.Model):
    """One row for whoever is counted, used again each minute.

    In the database, because that is what all processes and hosts share: Django's cache is each process's own here, and
    two web processes let through twice the number.
    """

    key = models.CharField(max_length=100, unique=True)
    # Minutes since 1970.
    minute = models.PositiveBigIntegerField()
    count = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.key}: {self.count}"

    @classmethod
    def add(cls, key: str, limit: int) -> int:
        """Count one more; 0, or the seconds to wait where `limit` in this minute was reached before.

        One query for what is over its limit, which writes nothing, and two for what is not. Inside a transaction the
        row stays locked until that ends, and what is rolled back was not counted.
        """
        minute, second = divmod(int(time.time()), MINUTE)
        wait = MINUTE - second
        if cls.objects.filter(key=key, minute=minute, count__gte=limit).exists():
            return wait
        # Where the row was missing, another process may have made it meanwhile.
        counted = cls._count(key, minute, limit) or cls._begin(key, minute) or cls._count(key, minute, limit)
        return 0 if counted else wait

    @classmethod
    def _count(cls, key: str, minute: int, limit: int) -> bool:
        # A condition in the update, not only before it: another process counts at the same moment.
        within = ~Q(minute=minute) | Q(count__lt=limit)
        count = Case(When(minute=minute, then=F("count") + 1), default=Value(1))
        return bool(cls.objects.filter(within, key=key).update(count=count, minute=minute))

    @classmethod
    def _begin(cls, key: str, minute: int) -> bool:
        return cls.objects.get_or_create(key=key, defaults={"minute": minute, "count": 1})[1]

    @classmethod
    def forget_old(cls) -> int:
        """Delete the counts of past hours; their number."""
        return cls.objects.filter(minute__lt=int(time.time()) // MINUTE - MINUTE).delete()[0]
