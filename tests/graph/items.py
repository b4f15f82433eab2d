"""What lies in a mailbox: messages, uploads on their way to one, and the record of what went out."""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.graph.mails import Attachment, Mail


@dataclass(frozen=True)
class Delivery:
    """One mail that went out. `by` is draft, json or mime."""

    mailbox: str
    recipients: tuple[str, ...]
    subject: str
    message_id: str
    attachments: tuple[Attachment, ...]
    html: str = field(repr=False)
    text: str = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    by: str


class Folder:
    """Their well-known names."""

    DRAFTS, SENT, DELETED = "drafts", "sentitems", "deleteditems"


@dataclass(eq=False)
class Item:
    """A message in a folder. `id` changes whenever it moves, `immutable_id` should not."""

    mailbox: str
    mail: Mail
    folder: str
    is_draft: bool = True
    id: str = ""
    immutable_id: str = ""
    # Accepted, and about to stop being a draft.
    settles_at: float | None = None
    changed_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def move(self, folder: str) -> None:
        self.folder, self.id = folder, new_id()
        self.changed_at = datetime.now(UTC)

    def shown(self, *, immutable: bool) -> dict[str, Any]:
        """The message as Graph gives it back."""
        body = {"contentType": "html" if self.mail.html else "text", "content": self.mail.html or self.mail.text}
        return {
            "body": body,
            "subject": self.mail.subject,
            **self.mail.source,
            "id": self.immutable_id if immutable else self.id,
            "isDraft": self.is_draft,
            "internetMessageId": self.mail.message_id,
            "hasAttachments": bool(self.mail.attachments),
            "parentFolderId": self.folder,
            "changeKey": hashlib.sha256(self.id.encode()).hexdigest()[:16],
            "lastModifiedDateTime": timestamp(self.changed_at),
        }


@dataclass
class Upload:
    """An attachment that arrives in ranges: only a running hash of it is kept."""

    item: Item
    name: str
    size: int
    content_type: str
    received: int = 0
    hash: Any = field(default_factory=hashlib.sha256)

    def take(self, content: bytes) -> bool:
        """Whether that was the last of it."""
        self.hash.update(content)
        self.received += len(content)
        if self.received < self.size:
            return False
        attachment = Attachment(self.name, self.hash.hexdigest(), self.size, self.content_type)
        self.item.mail.attachments.append(attachment)
        self.item.mail.size += self.size
        return True

    def answer(self) -> dict[str, Any]:
        # Outlook gives one start where others give ranges; the very first one has a hyphen.
        following = str(self.received) if self.received else "0-"
        expires = datetime.now(UTC) + timedelta(hours=1)
        return {"expirationDateTime": timestamp(expires), "nextExpectedRanges": [following]}


def timestamp(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def new_id() -> str:
    return f"AAMk{secrets.token_urlsafe(48)}="
