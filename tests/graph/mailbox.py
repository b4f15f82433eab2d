"""The mailboxes, and what really went out of them."""

import re
import threading
import time
import uuid
from collections import Counter

from tests.graph.items import Delivery, Folder, Item, Upload, new_id
from tests.graph.mails import Attachment, Mail, invalid_recipients
from tests.graph.wire import GraphError

MEGABYTE = 1024 * 1024
# By the local part of a recipient: what only turns out when the mail is to go.
UNWELCOME = {
    "quota": (403, "ErrorQuotaExceeded", "The sender's mailbox is over its quota."),
    "limit": (429, "ErrorExceededMessageLimit", "The message limit of this mailbox was exceeded."),
    "large": (413, "ErrorMessageSizeExceeded", "The message exceeds the maximum supported size."),
}


class Mailboxes:
    """Every mailbox there is, by its address."""

    def __init__(self) -> None:
        # The immutable ones too, as some say they do.
        self.ids_change_at_send = False
        # DELETE moves to Deleted Items, where a message is still found; Graph has permanentDelete for the other.
        self.keeps_deleted = True
        # How many seconds a message that was accepted still looks like a draft, and would go out again.
        self.settling_seconds = 0.0
        self.largest_message = 150 * MEGABYTE
        # A message to more is rejected, or accepted and then returned to the sender, as transport does it.
        self.most_recipients = 500
        self.returns_too_many = False
        self.returned: list[Delivery] = []
        self.messages_per_minute: int | None = None
        self.deliveries: list[Delivery] = []
        self.send_as: set[str] = set()
        self._sent_at: list[float] = []
        self._items: list[Item] = []
        self._by_id: dict[str, Item] = {}
        self._by_message_id: dict[tuple[str, str], list[Item]] = {}
        self._uploads: dict[str, Upload] = {}
        self._lock = threading.RLock()

    def folder(self, name: str, mailbox: str = "") -> list[Item]:
        with self._lock:
            for item in list(self._items):
                self._settle(item)
            return [item for item in self._items if item.folder == name and mailbox in ("", item.mailbox)]

    def duplicates(self) -> dict[tuple[str, str], int]:
        """How often a recipient got the same mail, by internetMessageId and recipient, where more than once."""
        with self._lock:
            pairs = Counter((mail.message_id, to) for mail in self.deliveries for to in mail.recipients)
        return {pair: count for pair, count in pairs.items() if count > 1}

    def settle(self) -> None:
        """What was accepted looks sent from now on."""
        with self._lock:
            for item in list(self._items):
                item.settles_at = item.settles_at and time.monotonic()
                self._settle(item)

    def add_draft(self, mailbox: str, mail: Mail) -> Item:
        with self._lock:
            return self._file(mailbox, mail, Folder.DRAFTS, is_draft=True)

    def find(self, mailbox: str, item_id: str) -> Item:
        with self._lock:
            item = self._by_id.get(item_id)
            if item:
                self._settle(item)
            if item_id not in self._by_id or item is None or item.mailbox != mailbox:
                raise GraphError(404, "ErrorItemNotFound", "The specified object was not found in the store.")
            return item

    def with_message_id(self, mailbox: str, message_id: str) -> list[Item]:
        with self._lock:
            found = self._by_message_id.setdefault((mailbox, message_id), [])
            for item in list(found):
                self._settle(item)
            return list(found)

    def delete(self, mailbox: str, item_id: str) -> None:
        with self._lock:
            item = self.find(mailbox, item_id)
            if self.keeps_deleted and item.folder != Folder.DELETED:
                self._move(item, Folder.DELETED)
            else:
                self._forget(item)

    def attach(self, mailbox: str, item_id: str, attachment: Attachment) -> None:
        with self._lock:
            mail = self._draft(mailbox, item_id).mail
            mail.attachments.append(attachment)
            mail.size += attachment.size

    def begin_upload(self, mailbox: str, item_id: str, name: str, size: int, content_type: str) -> str:
        with self._lock:
            session = str(uuid.uuid4())
            self._uploads[session] = Upload(self._draft(mailbox, item_id), name, size, content_type)
            return session

    def upload(self, session: str) -> Upload:
        with self._lock:
            if session not in self._uploads:
                raise GraphError(404, "ErrorItemNotFound", "The upload session was not found.")
            return self._uploads[session]

    def take_range(self, session: str, first: int, content: bytes) -> Attachment | None:
        """The attachment, once it is whole. Raises GraphError 416 for another range than the next one."""
        with self._lock:
            upload = self.upload(session)
            if first != upload.received or first + len(content) > upload.size:
                text = f"The range starts at {first}; {upload.received} is expected next."
                raise GraphError(416, "ErrorInvalidRange", text)
            if not upload.take(content):
                return None
            del self._uploads[session]
            return upload.item.mail.attachments[-1]

    def end_upload(self, session: str) -> None:
        with self._lock:
            self.upload(session)
            del self._uploads[session]

    def send_draft(self, mailbox: str, item_id: str) -> None:
        with self._lock:
            item = self._draft(mailbox, item_id)
            self._submit(mailbox, item.mail, "draft")
            item.settles_at = time.monotonic() + self.settling_seconds
            self._settle(item)

    def send(self, mailbox: str, mail: Mail, by: str, *, save: bool) -> None:
        with self._lock:
            self._submit(mailbox, mail, by)
            if save:
                self._file(mailbox, mail, Folder.SENT, is_draft=False)

    def _draft(self, mailbox: str, item_id: str) -> Item:
        item = self.find(mailbox, item_id)
        if not item.is_draft:
            raise GraphError(400, "ErrorInvalidOperation", "The message has been sent already.")
        return item

    def _settle(self, item: Item) -> None:
        """What becomes of a draft that was sent, once it is time."""
        if item.settles_at is None or item.settles_at > time.monotonic():
            return
        item.settles_at = None
        item.is_draft = False
        if item.mail.deletes_after_send:
            self._forget(item)
            return
        self._move(item, Folder.SENT)
        if self.ids_change_at_send:
            self._by_id.pop(item.immutable_id)
            self._name(item)

    def _submit(self, mailbox: str, mail: Mail, by: str) -> None:
        if mail.sender and mail.sender.lower() not in (mailbox, *self.send_as):
            text = "The user account which was used to submit this request does not have the right to send mail on"
            raise GraphError(403, "ErrorSendAsDenied", f"{text} behalf of the specified sending account.")
        is_returned = self.returns_too_many and len(mail.recipients) > self.most_recipients
        check_recipients(mail.recipients, len(mail.recipients) if is_returned else self.most_recipients)
        if mail.size > self.largest_message:
            raise GraphError(413, "ErrorMessageSizeExceeded", "The message exceeds the maximum supported size.")
        self._check_rate()
        (self.returned if is_returned else self.deliveries).append(
            Delivery(
                mailbox=mailbox,
                recipients=mail.recipients,
                subject=mail.subject,
                message_id=mail.message_id,
                attachments=tuple(mail.attachments),
                html=mail.html,
                text=mail.text,
                headers=dict(mail.headers),
                by=by,
            )
        )

    def _check_rate(self) -> None:
        now = time.monotonic()
        self._sent_at = [when for when in self._sent_at if when > now - 60]
        if self.messages_per_minute is not None and len(self._sent_at) >= self.messages_per_minute:
            wait = str(int(self._sent_at[0] + 60 - now) + 1) if self._sent_at else "60"
            text = "Application is over its message rate limit."
            raise GraphError(429, "ApplicationThrottled", text, retry_after=wait)
        self._sent_at.append(now)

    def _file(self, mailbox: str, mail: Mail, folder: str, *, is_draft: bool) -> Item:
        item = Item(mailbox, mail, folder, is_draft)
        self._move(item, folder)
        self._name(item)
        self._items.append(item)
        self._by_message_id.setdefault((mailbox, mail.message_id), []).append(item)
        return item

    def _name(self, item: Item) -> None:
        item.immutable_id = new_id()
        self._by_id[item.immutable_id] = item

    def _move(self, item: Item, folder: str) -> None:
        self._by_id.pop(item.id, None)
        item.move(folder)
        self._by_id[item.id] = item

    def _forget(self, item: Item) -> None:
        self._items.remove(item)
        self._by_message_id[item.mailbox, item.mail.message_id].remove(item)
        for name in (item.id, item.immutable_id):
            self._by_id.pop(name, None)


def check_recipients(recipients: tuple[str, ...], most: int) -> None:
    if not recipients or len(recipients) > most:
        code = "ErrorExceededMaxRecipientLimit" if recipients else "ErrorInvalidRecipients"
        raise GraphError(400, code, "The number of recipients is not acceptable.")
    if unknown := [address for address in recipients if not is_valid(address)]:
        raise invalid_recipients(*unknown)
    for address in recipients:
        if error := UNWELCOME.get(local_part(address)):
            raise GraphError(*error)


def is_valid(address: str) -> bool:
    return bool(re.fullmatch(r"[^@\s]+@[^@\s]+", address)) and local_part(address) != "invalid"


def local_part(address: str) -> str:
    return address.partition("@")[0].lower()
