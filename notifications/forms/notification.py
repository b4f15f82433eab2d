"""Who gets a mail about what: the same checks for the page, the configuration file and the API."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from django import forms

from notifications.forms.fields import AddressListField, GlobField, LineField, SwitchField
from notifications.models import Notification, Outcome

if TYPE_CHECKING:
    NotificationModelForm = forms.ModelForm[Notification]
else:  # takes no parameter when it runs
    NotificationModelForm = forms.ModelForm

RECIPIENT_LIMIT = 1000
REPLY_TO_LIMIT = 20
NAME_LIMIT = 200
RECIPIENT_FIELDS = ("to", "cc", "bcc")
ADDRESS_FIELDS = (*RECIPIENT_FIELDS, "reply_to")


class NotificationForm(NotificationModelForm):
    """Plain data in, errors by field out. An address that stands in several fields is kept in the first of To, Cc, Bcc;
    `dropped` lists the others after is_valid()."""

    name = LineField(max_length=NAME_LIMIT, help_text="Shown in the lists; not part of the mail.")
    enabled = SwitchField(initial=True, label="Enabled")
    outcomes = forms.MultipleChoiceField(
        choices=Outcome.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None ticked: any outcome.",
    )
    package_glob = GlobField(max_length=300, required=False, label="Package")
    schedule_glob = GlobField(max_length=300, required=False, label="Schedule")
    source_glob = GlobField(max_length=300, required=False, label="Source")
    to = AddressListField(required=False, label="To")
    cc = AddressListField(required=False, label="Cc")
    bcc = AddressListField(required=False, label="Bcc")
    reply_to = AddressListField(required=False, label="Reply-To")

    class Meta:
        model = Notification
        fields = [
            "name",
            "kind",
            "enabled",
            "outcomes",
            "package_glob",
            "schedule_glob",
            "source_glob",
            *ADDRESS_FIELDS,
        ]
        labels = {"kind": "When"}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.dropped: list[str] = []

    @classmethod
    def of(cls, values: Mapping[str, Any], instance: Notification | None = None) -> "NotificationForm":
        """A form from a file's or the API's plain values; what they leave out is the default, not unticked."""
        return cls(data={"enabled": True, "kind": "deployment", **values}, instance=instance)

    def clean(self) -> dict[str, Any]:
        cleaned = cast(dict[str, Any], super().clean())
        self._give_each_recipient_one_field(cleaned)
        # The row keeps addresses as people read them.
        cleaned |= {name: [str(found) for found in cleaned[name]] for name in ADDRESS_FIELDS if name in cleaned}
        if not any(name in self.errors for name in ADDRESS_FIELDS):
            self._refuse_too_few_or_too_many(cleaned)
        return cleaned

    def _refuse_too_few_or_too_many(self, cleaned: dict[str, Any]) -> None:
        count, replies = sum(len(cleaned[name]) for name in RECIPIENT_FIELDS), len(cleaned["reply_to"])
        if not count:
            self.add_error("to", "Give at least one recipient in To, Cc or Bcc.")
        if count > RECIPIENT_LIMIT:
            self.add_error(
                "to", f"{count:,} recipients are too many: {RECIPIENT_LIMIT:,} at most, or a distribution list."
            )
        if replies > REPLY_TO_LIMIT:
            self.add_error("reply_to", f"Answers can go to {REPLY_TO_LIMIT} addresses at most.")

    def _give_each_recipient_one_field(self, cleaned: dict[str, Any]) -> None:
        seen: set[str] = set()
        for name in (name for name in RECIPIENT_FIELDS if name in cleaned):
            self.dropped += [found.address for found in cleaned[name] if found.address in seen]
            cleaned[name] = [found for found in cleaned[name] if found.address not in seen]
            seen |= {found.address for found in cleaned[name]}


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
