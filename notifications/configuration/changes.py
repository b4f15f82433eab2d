"""What a file changes: worked out before the transaction that stores it, so that others can write meanwhile.

Each change remembers what it was worked out against. `apply` stores it and returns a sentence about it, or raises
StaleVersion when somebody saved something else in the meantime.
"""

from dataclasses import dataclass
from typing import Any, Protocol

from notifications.delivery.outbox import start_afresh, wake
from notifications.forms.notification import NotificationForm
from notifications.models import MailServerSettings, Notification, Safety, StaleVersion


class Change(Protocol):
    def apply(self) -> str: ...


@dataclass(frozen=True)
class MailServerChange:
    """`values` are by column."""

    seen: MailServerSettings
    values: dict[str, Any]

    def apply(self) -> str:
        if MailServerSettings.lock().version != self.seen.version:
            raise StaleVersion
        if all(getattr(self.seen, name) == value for name, value in self.values.items()):
            return f"The mail server is unchanged, version {self.seen.version}."
        self.seen.save_version(self.values, seen=self.seen.version)
        start_afresh()
        return f"The mail server is saved as version {self.seen.version}."


@dataclass(frozen=True)
class SafetyChange:
    seen: Safety
    values: dict[str, Any]

    def apply(self) -> str:
        saved = Safety.lock()
        if saved.changed_at != self.seen.changed_at:
            raise StaleVersion
        if not saved.change(self.values):
            return "Safety is unchanged."
        wake()
        return f"Safety is saved: {saved}."


@dataclass(frozen=True)
class NotificationChange:
    """`seen` is the stored version, None for a notification that is new."""

    form: NotificationForm
    seen: int | None
    is_unchanged: bool

    def apply(self) -> str:
        name = self.form.instance.name
        if self.is_unchanged or self.seen is None:
            stored = Notification.objects.filter(name=name).values_list("version", flat=True).first()
            if stored != self.seen:
                raise StaleVersion
        if self.is_unchanged:
            return f"The notification {name} is unchanged."
        self.form.store(seen=self.seen)
        return f"The notification {name} is {'created' if self.seen is None else 'updated'}."
