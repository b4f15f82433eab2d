"""Tables of one row."""

from typing import Any, Self

from django.apps import AppConfig
from django.apps import apps as current_apps
from django.db import models
from django.db.models.signals import post_migrate
from django.dispatch import receiver


class Singleton(models.Model):
    """A table with exactly one row, whose key is 1. `create_rows` makes it; to read never writes."""

    class Meta:
        abstract = True

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)

    @classmethod
    def load(cls) -> Self:
        """The row; one with every default where it is missing."""
        return cls._default_manager.filter(pk=1).first() or cls()

    @classmethod
    def lock(cls) -> Self:
        """The row, locked until the transaction ends, so that workers decide one after the other."""
        return cls._default_manager.select_for_update().get_or_create(pk=1)[0]

    def save(self, **options: Any) -> None:
        """Update the row, or insert it where it is missing."""
        # Django inserts a new object whose key has a default, even if the row is there.
        options.pop("force_insert", None)
        self._state.adding = False
        super().save(**options)


@receiver(post_migrate)
def create_rows(app_config: AppConfig, using: str = "default", apps: Any = current_apps, **_: Any) -> None:
    """After each migration and each flush: make the rows that are missing, as `apps` know their tables."""
    if app_config.label != "notifications":
        return
    names = {model.__name__ for model in Singleton.__subclasses__()}
    for model in apps.get_app_config("notifications").get_models():
        if model.__name__ in names:
            model._base_manager.using(using).bulk_create([model(pk=1)], ignore_conflicts=True)
