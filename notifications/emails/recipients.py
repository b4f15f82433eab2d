"""Whom a notification mails to at this moment: its addresses, its users, and the members of its groups."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

from notifications.addresses import NAME_LIMIT, Address, parse_address
from notifications.emails.compose import Recipients
from notifications.emails.headers import one_line
from notifications.entries import Account, parse_entry
from notifications.models import Notification

LEFT_OUT_SHOWN = 5


class Person(NamedTuple):
    username: str
    name: str
    email: str
    is_active: bool


def recipients_of(notification: Notification) -> tuple[Recipients, list[str]]:
    """And a sentence for each that is left out. One that cannot be used must not keep the others waiting."""
    directory = Directory([*notification.to, *notification.cc, *notification.bcc, *notification.reply_to])
    recipients = Recipients(
        to=directory.addresses(notification.to),
        cc=directory.addresses(notification.cc),
        bcc=directory.addresses(notification.bcc),
        reply_to=directory.addresses(notification.reply_to),
    )
    return recipients, shortened(directory.left_out)


class Directory:
    """The accounts that stand among `texts`, read at once: two queries for any number of them."""

    def __init__(self, texts: Sequence[str]) -> None:
        accounts = {entry for text in texts if isinstance(entry := understood(text), Account)}
        self.left_out: list[str] = []
        self._users = users_named({account.name for account in accounts if account.is_user})
        self._groups = groups_named({account.name for account in accounts if not account.is_user})

    def addresses(self, texts: Iterable[str]) -> list[Address]:
        return [address for text in texts for address in self._of(text)]

    def _of(self, text: str) -> Iterator[Address]:
        entry = understood(text)
        if isinstance(entry, str):
            self.left_out.append(entry)
        elif isinstance(entry, Address):
            yield entry
        else:
            yield from self._of_account(entry)

    def _of_account(self, account: Account) -> Iterator[Address]:
        people = (self._users if account.is_user else self._groups).get(account.name)
        if people is None:
            self.left_out.append(f"There is no {account.kind} “{account.name}” in the panel.")
        elif not people:
            self.left_out.append(f"Nobody is in the group “{account.name}”.")
        for person in people or ():
            address = address_of(person)
            if isinstance(address, Address):
                yield address
            else:
                self.left_out.append(address)


def understood(text: str) -> Address | Account | str:
    """An entry, or the sentence that says why it is none."""
    try:
        return parse_entry(str(text))
    except ValueError as error:
        return str(error)


def users_named(names: Iterable[str]) -> dict[str, list[Person]]:
    names = list(names)
    users = get_user_model().objects.filter(username__in=names) if names else ()
    return {user.username: [Person(user.username, user.get_full_name(), user.email, user.is_active)] for user in users}


def groups_named(names: Iterable[str]) -> dict[str, list[Person]]:
    """A group without members is there, with nobody in it."""
    names = list(names)
    members: defaultdict[str, list[Person]] = defaultdict(list)
    columns = ("name", "user__username", "user__first_name", "user__last_name", "user__email", "user__is_active")
    rows = Group.objects.filter(name__in=names).order_by("user__username").values_list(*columns) if names else ()
    for group, username, first, last, email, active in rows:
        members[group] += [Person(username, f"{first} {last}".strip(), email, active)] if username is not None else []
    return dict(members)


def address_of(person: Person) -> Address | str:
    if not person.is_active:
        return f"The user “{person.username}” may no longer sign in."
    if not person.email:
        return f"The user “{person.username}” has no address."
    try:
        return Address(one_line(person.name, NAME_LIMIT), parse_address(person.email).address)
    except ValueError as error:
        return f"The address of the user “{person.username}”: {error}"


def shortened(sentences: Iterable[str]) -> list[str]:
    """Each once, and the first few: a group may have lost many members."""
    sentences = list(dict.fromkeys(one_line(sentence) for sentence in sentences))
    rest = len(sentences) - LEFT_OUT_SHOWN
    return [*sentences[:LEFT_OUT_SHOWN], f"And {rest:,} more."] if rest > 0 else sentences
