"""An email with more recipients than one message may have, as several messages.

Graph has no envelope: a message goes to those whom its headers name, so each part names its own recipients in To, Cc
and Bcc. Exchange Online accepts 500 recipients in a message, or what the tenant sets up to 1,000, and returns a message
with more after it was accepted (learn.microsoft.com/office365/servicedescriptions/exchange-online-service-description/
exchange-online-limits). It drops a second message with the Message-ID of a first one, so each part has its own, made
from its recipients: a part that is tried again is the same message.
"""

import hashlib
from collections.abc import Container
from dataclasses import dataclass, replace

from notifications.backends.base import Envelope
from notifications.backends.graph_mail import GraphMail
from notifications.backends.graph_note import Notes


@dataclass(frozen=True)
class Part:
    """One message of an email. `is_split`: the email takes several."""

    mail: GraphMail
    notes: Notes
    is_split: bool

    @property
    def recipients(self) -> tuple[str, ...]:
        return self.mail.envelope.recipients


@dataclass
class Parts:
    """The messages of one try, of `most` recipients each; None for no limit."""

    envelope: Envelope
    notes: Notes
    most: int | None

    def accepted_before(self) -> tuple[str, ...]:
        """Return who has the email by a try that died before its result was recorded."""
        accepted = {address for note in self.notes if note.accepted for address in note.recipients}
        return tuple(address for address in self.envelope.recipients if address in accepted)

    def next(self, settled: Container[str]) -> Part | None:
        """Return the next message: one that an earlier try began first, then the recipients in their order."""
        waiting = tuple(address for address in self.envelope.recipients if address not in settled)
        begun = self.notes.open_for(waiting)
        if begun is not None:
            mine = set(begun.recipients)
            own = GraphMail(self.envelope).internet_message_id
            return self._part(tuple(address for address in waiting if address in mine), begun.message_id or own)
        return self._part(waiting[: self.most], "") if waiting else None

    def halve(self, part: Part) -> None:
        """Graph rejected the number of recipients: for the rest of this try, parts are half as large as `part`."""
        self.most = max(len(part.recipients) // 2, 1)

    def _part(self, recipients: tuple[str, ...], message_id: str) -> Part:
        envelope = replace(self.envelope, recipients=recipients)
        is_split = self.most is not None and len(self.envelope.recipients) > self.most
        mail = GraphMail(envelope, message_id)
        if is_split and not message_id:
            mail = GraphMail(envelope, identity_of(mail.internet_message_id, recipients))
        return Part(mail, self.notes, is_split)


def identity_of(message_id: str, recipients: tuple[str, ...]) -> str:
    """Return the Message-ID of a part: the email's own with a mark of its recipients before the @."""
    mark = hashlib.sha256("\n".join(recipients).encode()).hexdigest()[:16]
    left, at, right = message_id.rpartition("@")
    return f"{left}.{mark}{at}{right}"
