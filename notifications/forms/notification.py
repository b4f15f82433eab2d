"""Who gets a mail about what: the same checks for the page, the configuration file and the API."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.db import transaction
from django.forms.models import model_to_dict

from notifications.digests.tell import flush
from notifications.forms.fields import LineField, OneOfField, SwitchField
from notifications.forms.notification_how import HOW_FIELDS, HowPart
from notifications.forms.notification_limits import LIMIT_FIELDS, LimitsPart
from notifications.forms.notification_when import WHEN_FIELDS, WhenPart
from notifications.forms.notification_who import WHO_FIELDS, WhoPart
from notifications.models import AuditEvent, Notification, StaleVersion
from notifications.models.audit import changed_field

if TYPE_CHECKING:
    NotificationModelForm = forms.ModelForm[Notification]
else:  # takes no parameter when it runs
    NotificationModelForm = forms.ModelForm

NAME_LIMIT = 200
# Empty ones are the default.
TEMPLATES = ("subject_template", "text_template", "html_template")


class NotificationForm(WhenPart, WhoPart, HowPart, LimitsPart, NotificationModelForm):
    """Plain data in, errors by field out."""

    name = LineField(
        max_length=NAME_LIMIT,
        help_text="Shown in the lists; not part of the mail.",
        error_messages={"unique": "A notification with this name already exists. Choose another one."},
    )
    kind = OneOfField(choices=Notification._meta.get_field("kind").choices or (), label="Kind")
    enabled = SwitchField(initial=True, label="Enabled")

    class Meta:
        model = Notification
        fields = ["name", "kind", "enabled", *WHEN_FIELDS, *WHO_FIELDS, *HOW_FIELDS, *LIMIT_FIELDS]

    @classmethod
    def of(cls, values: Mapping[str, Any], instance: Notification | None = None) -> "NotificationForm":
        """A form from a file's or the API's plain values; what they leave out is the default, whatever was saved."""
        return cls(data=defaults() | {**values}, instance=instance)

    @transaction.atomic
    def store(self, by: Any = None, seen: int | None = None) -> Notification:
        """Save it, and write down what changed. Raises StaleVersion when the stored version is no longer `seen`.

        What a digest or a limit had collected is told of when that ends: nobody waits for it any longer.
        """
        known = locked(self.instance.pk)
        if seen is not None and (known is None or seen != known.version):
            raise StaleVersion
        before = {name: getattr(known, name) for name in self.Meta.fields} if known else {}
        self.instance.version = known.version + 1 if known else 0
        notification = self.save()
        told = flush(notification) if is_limited(before) and not is_limited(self.cleaned_data) else 0
        record_changes(notification, before, by)
        if told:
            AuditEvent.record(AuditEvent.Action.DIGEST_FLUSHED, notification.name, by=by)
        return notification


def record_changes(notification: Notification, before: Mapping[str, Any], by: Any) -> None:
    if not before:
        AuditEvent.record(AuditEvent.Action.NOTIFICATION_ADDED, notification.name, by=by)
        return
    changed = [name for name, value in before.items() if getattr(notification, name) != value]
    reset = [name for name in changed if name in TEMPLATES and not getattr(notification, name)]
    if reset:
        AuditEvent.record(AuditEvent.Action.TEMPLATE_RESET, notification.name, by=by, fields=reset)
    if further := [changed_field(name, getattr(notification, name)) for name in changed if name not in reset]:
        AuditEvent.record(AuditEvent.Action.NOTIFICATION_CHANGED, notification.name, by=by, fields=further)


def locked(key: int | None) -> Notification | None:
    """What the database has under `key`; nothing for a new one."""
    # No row is read but the one that is written: two saves of it come one after the other.
    return Notification.objects.select_for_update().filter(pk=key).first() if key else None


def is_limited(values: Mapping[str, Any]) -> bool:
    return bool(values.get("digest") or values.get("throttle_count"))


def defaults() -> dict[str, Any]:
    return model_to_dict(Notification(), NotificationForm.Meta.fields)


def free_copy_name(name: str) -> str:
    """`name (copy)`, or the first of `name (copy 2)`, `(copy 3)`… that nobody has."""
    taken = set(Notification.objects.filter(name__startswith=name[:100]).values_list("name", flat=True))
    number = 1
    while True:
        suffix = " (copy)" if number == 1 else f" (copy {number})"
        candidate = name[: NAME_LIMIT - len(suffix)] + suffix
        if candidate not in taken:
            return candidate
        number += 1
