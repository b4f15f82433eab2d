"""Tables of one row."""

from typing import Self

from django.db import models


class Singleton(models.Model):
    """A table with exactly one row, whose key is 1."""

    class Meta:
        abstract = True

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)

    @classmethod
    def load(cls) -> Self:
        return cls._default_manager.get_or_create(pk=1)[0]

    @classmethod
    def lock(cls) -> Self:
        """The row, locked until the transaction ends, so that workers decide one after the other."""
        return cls._default_manager.select_for_update().get_or_create(pk=1)[0]
