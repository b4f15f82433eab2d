"""Who gets the mails of a notification."""

from typing import Any, cast

from django import forms

from notifications.addresses import Address
from notifications.emails.recipients import recipients_of
from notifications.entries import Entry, key_of
from notifications.forms.recipients import EntryListField, RecipientListField
from notifications.models import Notification

RECIPIENT_LIMIT = 1000
REPLY_TO_LIMIT = 20
RECIPIENT_FIELDS = ("to", "cc", "bcc")
WHO_FIELDS = (*RECIPIENT_FIELDS, "reply_to")


class WhoPart(forms.Form):
    """Who stands in several fields is kept in the first of To, Cc, Bcc.

    After is_valid(), `dropped` lists the others, and `left_out` has a sentence for each that no mail can reach now.
    """

    to = RecipientListField(label="To")
    cc = RecipientListField(label="Cc")
    bcc = RecipientListField(label="Bcc")
    reply_to = EntryListField(label="Reply-To")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.dropped: list[str] = []
        self.left_out: list[str] = []

    def clean(self) -> dict[str, Any]:
        cleaned = cast(dict[str, Any], super().clean())
        entries: dict[str, list[Entry]] = {name: cleaned[name] for name in WHO_FIELDS if name in cleaned}
        self._give_each_recipient_one_field(entries)
        # The row keeps them as people read them.
        cleaned |= {name: [str(entry) for entry in found] for name, found in entries.items()}
        if not any(name in self.errors for name in WHO_FIELDS):
            self._refuse_too_few_or_too_many(cleaned)
        if not any(name in self.errors for name in WHO_FIELDS):
            self._refuse_nobody(cleaned)
        return cleaned

    def _refuse_nobody(self, cleaned: dict[str, Any]) -> None:
        """Somebody may have been invited without an address, and a group may have lost its last member."""
        recipients, self.left_out = recipients_of(Notification(**{name: cleaned[name] for name in WHO_FIELDS}))
        if not recipients.rows():
            self.add_error("to", f"Nobody would get this. {' '.join(self.left_out)}")

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

    def _give_each_recipient_one_field(self, entries: dict[str, list[Entry]]) -> None:
        seen: set[str] = set()
        for name in (name for name in RECIPIENT_FIELDS if name in entries):
            self.dropped += [bare(entry) for entry in entries[name] if key_of(entry) in seen]
            entries[name] = [entry for entry in entries[name] if key_of(entry) not in seen]
            seen |= {key_of(entry) for entry in entries[name]}


def bare(entry: Entry) -> str:
    return entry.address if isinstance(entry, Address) else str(entry)
