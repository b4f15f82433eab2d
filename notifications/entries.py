"""Whom a notification mails to, as stored: an address, `user:ada` or `group:Operators`."""

import re
from dataclasses import dataclass
from typing import Literal

from notifications.addresses import FORBIDDEN, Address, parse_address, quoted, refusal
from notifications.invisible import unicode_name
from notifications.pasted import split_list

ACCOUNT = re.compile(r"(?P<kind>user|group)[ \t]*:(?P<name>.*)", re.IGNORECASE | re.DOTALL)
QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
SEPARATES = re.compile('[,;"]')
NAME_LIMIT = 150  # Django's, of users and groups alike


@dataclass(frozen=True)
class Account:
    """A user of the panel, or a group of them; who that is, and where they read mail, is asked at each mail."""

    kind: Literal["user", "group"]
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{quoted(self.name) if SEPARATES.search(self.name) else self.name}"

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.name}"

    @property
    def is_user(self) -> bool:
        return self.kind == "user"


Entry = Address | Account


def parse_entry(text: str) -> Entry:
    """Raises ValueError with a sentence for the person who typed it. A colon can stand in no address without quotes."""
    match = ACCOUNT.fullmatch(text.strip())
    if not match:
        return parse_address(text)
    name = match["name"].strip()
    if in_quotes := QUOTED.fullmatch(name):
        name = re.sub(r"\\(.)", r"\1", in_quotes[1])
    if found := FORBIDDEN.search(name):
        raise refusal(text, f"it contains a control character: {unicode_name(found[0])}")
    if not name or len(name) > NAME_LIMIT:
        raise refusal(text, "write it as user:name or group:Name")
    return Account("user" if match["kind"].lower() == "user" else "group", name)


def split_entries(text: str) -> list[str]:
    """Commas, semicolons and line breaks stand between entries, except within quotes."""
    return [part for line in re.split(r"[\r\n]+", text) for part in split_list(line)]


def key_of(entry: Entry) -> str:
    """The same for entries that name the same mailbox or account."""
    return entry.key
