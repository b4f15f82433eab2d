"""Lists of recipients as people type them: every wrong entry is told, not only the first."""

from collections.abc import Collection, Iterable
from itertools import pairwise
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError

from notifications.addresses import Address
from notifications.entries import Account, Entry, key_of, parse_entry, split_entries
from notifications.forms.fields import PROBLEMS_SHOWN, the_first
from notifications.invisible import invisible_names
from notifications.models import Safety
from notifications.pasted import BRACKETED

TEXT_LIMIT = 100_000
# More than any mail may have, so that a list may name some twice.
ENTRY_LIMIT = 2000


class AddressTextarea(forms.Textarea):
    """Shows a list of addresses with one on each line."""

    def format_value(self, value: Any) -> str | None:
        return "\n".join(str(item) for item in value) if isinstance(value, (list, tuple)) else value


class EntryListField(forms.Field):
    """A list of strings, or one text with commas or line breaks between the entries; gives each Entry once."""

    widget = AddressTextarea(attrs={"rows": 3, "spellcheck": "false", "autocapitalize": "off"})

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"required": False, **options})

    def to_python(self, value: Any) -> list[Entry]:
        texts = split_entries(self._text(value))
        if len(texts) > ENTRY_LIMIT:
            raise ValidationError(f"These are {len(texts):,} entries; use a distribution list.")
        found: dict[str, Entry] = {}
        problems: list[str] = []
        for text, following in pairwise([*texts, ""]):
            try:
                entry = parse_entry(text)
            except ValueError as error:
                problems.append(f"{error}{comma_hint(text, following)}")
            else:
                found.setdefault(key_of(entry), entry)
            if len(problems) > PROBLEMS_SHOWN:
                break
        problems += self.objections(found.values())
        if problems:
            raise ValidationError(the_first(problems))
        return list(found.values())

    def objections(self, entries: Collection[Entry]) -> list[str]:
        """What is wrong with those that can be read."""
        return unknown_accounts(entries)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(super().has_changed(self.widget.format_value(initial), self.widget.format_value(data)))

    def _text(self, value: Any) -> str:
        if isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value):
            value = "\n".join(value)
        if value is not None and not isinstance(value, str):
            raise ValidationError("Give a list of addresses.")
        if len(value or "") > TEXT_LIMIT:
            raise ValidationError(f"This is longer than {TEXT_LIMIT:,} characters; use a distribution list.")
        return value or ""


class RecipientListField(EntryListField):
    """Of those who get the mail, where EntryListField has whoever may be named."""

    def objections(self, entries: Collection[Entry]) -> list[str]:
        return [*super().objections(entries), *outside_allowed_domains(entries)]


def comma_hint(text: str, following: str) -> str:
    """`Doe, Jane <jane@example.com>` without quotes is two entries, of which the first is no address."""
    if "@" in text or ":" in text or not BRACKETED.fullmatch(following):
        return ""
    return " If it is part of the name after it, put quotes around the whole name: a comma ends an entry."


def unknown_accounts(entries: Iterable[Entry]) -> list[str]:
    """A sentence for each user and group that the panel does not have."""
    accounts = [entry for entry in entries if isinstance(entry, Account)]
    users = get_user_model().objects.filter(username__in=[each.name for each in accounts if each.is_user])
    groups = Group.objects.filter(name__in=[each.name for each in accounts if not each.is_user])
    known = {f"user:{name}" for name in users.values_list("username", flat=True)} if accounts else set()
    known |= {f"group:{name}" for name in groups.values_list("name", flat=True)} if accounts else set()
    return [
        f"There is no {each.kind} named “{each.name}” in this panel.{unseen_hint(each.name)}"
        for each in accounts
        if each.key not in known
    ]


def unseen_hint(name: str) -> str:
    unseen = invisible_names(name)
    return f" It contains an invisible character: {unseen}." if unseen else ""


def outside_allowed_domains(entries: Iterable[Entry]) -> list[str]:
    """A sentence for each domain that mail must not go to; of users and groups, the send finds out."""
    safety = Safety.load()
    refused = [entry for entry in entries if isinstance(entry, Address) and not safety.allows(entry.address)]
    domains = dict.fromkeys(entry.address.rpartition("@")[2] for entry in refused)
    return [
        f"Mail must not go to {domain}: it is not among the allowed domains ({shown_domains(safety)})."
        for domain in [*domains][:PROBLEMS_SHOWN]
    ]


def shown_domains(safety: Safety) -> str:
    first = ", ".join(safety.allowed_domains[:5])
    return f"{first}…" if len(safety.allowed_domains) > 5 else first
