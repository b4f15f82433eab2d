"""What the tries of one email leave for each other in Graph mode: one note for each message that it takes."""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from notifications.backends.base import Lease

# For a while, a draft that Graph was told to send may still look like one. Sent again, it would go out twice.
SETTLING_SECONDS = 30.0


@dataclass(frozen=True)
class Note:
    """What the next try needs to know of one message.

    `home` is the mailbox's address, `id` the draft's, empty for sendMail; `message_id` is empty in notes of releases
    that knew one message for each email. `sending`: the order to send it was given at `ordered_at`, in seconds since
    1970, or 0 once it was clearly rejected. `accepted`: by Graph, which may not be on record yet. `sender`: the draft's
    From, empty in notes of releases that did not keep it.
    """

    home: str
    id: str
    recipients: tuple[str, ...]
    sending: bool = False
    ordered_at: float = 0.0
    looks: int = 0
    message_id: str = ""
    accepted: bool = False
    sender: str = ""

    @property
    def may_have_arrived(self) -> bool:
        return self.sending and self.ordered_at > 0

    @property
    def settles_in(self) -> float:
        """Return the seconds until a draft proves that it was not sent."""
        since = time.time() - self.ordered_at
        return SETTLING_SECONDS - since if self.may_have_arrived and since < SETTLING_SECONDS else 0.0

    @property
    def is_of_the_future(self) -> bool:
        """Whether the clock was set back since, so that nobody knows how long ago the order was."""
        return self.ordered_at > time.time()


class Notes:
    """The notes of one email for the mailbox `home`, kept in its lease at every change."""

    def __init__(self, lease: Lease, home: str) -> None:
        self._lease = lease
        self.home = home
        self._all = [note for note in read(lease.recall()) if note.home == home]

    def __iter__(self) -> Iterator[Note]:
        return iter(self._all)

    def open_for(self, recipients: tuple[str, ...]) -> Note | None:
        """Return the note of a message that was begun for some of `recipients`."""
        wanted = set(recipients)
        return next((note for note in self._all if not note.accepted and wanted & set(note.recipients)), None)

    def keep(self, note: Note) -> None:
        """Store `note` in place of the one of the same message; on disk when this returns."""
        self._all = [*(other for other in self._all if other.message_id != note.message_id), note]
        self._store()

    def forget(self, note: Note) -> None:
        self._all = [other for other in self._all if other.message_id != note.message_id]
        self._store()

    def _store(self) -> None:
        self._lease.keep(json.dumps([asdict(note) for note in self._all]) if self._all else "")


def read(text: str) -> list[Note]:
    """Return the notes in a lease's text: a list, or the one object of earlier releases."""
    found: Any = json.loads(text) if text else []
    values = found if isinstance(found, list) else [found]
    return [Note(**{**each, "recipients": tuple(each["recipients"])}) for each in values]
