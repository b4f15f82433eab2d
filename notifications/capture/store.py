"""Captured mail, kept as a Maildir. Nobody's input ever becomes a path: keys are looked up in the folder's own list."""

import json
import mailbox
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

from django.conf import settings

from notifications.capture.reading import message_id_of, readable_headers, shown

CAPACITY = 1000
# The first line of each file, before the mail itself: one file for both, so that neither is there without the other.
ENVELOPE, END_OF_ENVELOPE = b"X-Mailadmin-Envelope: ", b"\r\n"
LOOKED_AT = 20
# As mailbox.Maildir names them: seconds, microseconds, process, count, host.
KEY = re.compile(r"(\d{1,12})\.M(\d{1,6})P(\d{1,10})Q(\d{1,10})\.[^/\0]{1,255}")


@dataclass(frozen=True)
class CapturedMail:
    """`sender` and `recipients` are the envelope's; `subject` and `from_` the header's, decoded; `size` in bytes."""

    key: str
    received_at: datetime
    sender: str
    recipients: tuple[str, ...]
    subject: str
    from_: str
    size: int
    _inbox: mailbox.Maildir = field(repr=False, compare=False)

    @cached_property
    def content(self) -> bytes:
        """The mail as it came. Raises KeyError or FileNotFoundError when it is gone; not after `get`."""
        with self._inbox.get_file(self.key) as file:
            return bytes(file.read()).partition(END_OF_ENVELOPE)[2]


def add(sender: str, recipients: Sequence[str], content: bytes) -> str:
    """Keep a mail, let go of the oldest beyond CAPACITY, and return the new key."""
    envelope = {
        "received_at": datetime.now(UTC).isoformat(),
        "sender": sender,
        "recipients": list(recipients),
        **readable_headers(content),
        "size": len(content),
    }
    inbox = maildir()
    key = inbox.add(ENVELOPE + json.dumps(envelope).encode() + END_OF_ENVELOPE + content)
    for old in newest_first(inbox)[CAPACITY:]:
        inbox.discard(old)
    return key


def list_mails(limit: int = 50, before: str | None = None) -> list[CapturedMail]:
    """Newest first; with `before`, those that came before the mail of that key."""
    inbox = maildir()
    keys = newest_first(inbox)
    if before is not None and KEY.fullmatch(before):
        keys = [key for key in keys if order(key) < order(before)]
    mails = (read(inbox, key) for key in keys[:limit])
    return [mail for mail in mails if mail is not None]


def get(key: str) -> CapturedMail | None:
    inbox = maildir()
    mail = read(inbox, key) if key in newest_first(inbox) else None
    if mail is not None:
        try:
            # Read now: a moment later it may have been pushed out by newer mail.
            vars(mail)["content"] = mail.content
        except (KeyError, FileNotFoundError):
            return None
    return mail


def find(message_id: str) -> str | None:
    """The key of the mail with that Message-ID, if it is among the newest."""
    for mail in list_mails(limit=LOOKED_AT):
        try:
            found = message_id_of(mail.content)
        except (KeyError, FileNotFoundError):
            continue  # pushed out by newer mail
        if found == message_id:
            return mail.key
    return None


def clear() -> None:
    inbox = maildir()
    for key in newest_first(inbox):
        inbox.discard(key)


def count() -> int:
    return len(newest_first(maildir()))


def maildir() -> mailbox.Maildir:
    path = settings.DATA_DIR / "inbox"
    # mailbox makes all or none, and trips when another process is half-way through.
    for folder in (path, path / "tmp", path / "new", path / "cur"):
        folder.mkdir(mode=0o700, exist_ok=True)
    return mailbox.Maildir(path, create=False)


def newest_first(inbox: mailbox.Maildir) -> list[str]:
    return sorted((key for key in inbox.iterkeys() if KEY.fullmatch(key)), key=order, reverse=True)


def order(key: str) -> tuple[int, ...]:
    parts = KEY.fullmatch(key)
    return tuple(int(part) for part in parts.groups()) if parts else ()


def read(inbox: mailbox.Maildir, key: str) -> CapturedMail | None:
    """The mail without its content; None when it is gone or was not written by `add`."""
    try:
        with inbox.get_file(key) as file:
            line = bytes(file.readline())
    except (KeyError, FileNotFoundError):
        return None
    if not line.startswith(ENVELOPE):
        return None
    try:
        envelope = json.loads(line.removeprefix(ENVELOPE))
        return CapturedMail(
            key=key,
            received_at=datetime.fromisoformat(envelope["received_at"]),
            sender=shown(envelope["sender"]),
            recipients=tuple(map(shown, envelope["recipients"])),
            subject=shown(envelope["subject"]),
            from_=shown(envelope["from_"]),
            size=int(envelope["size"]),
            _inbox=inbox,
        )
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None  # the disk was full, or somebody edited it
