"""A mail once more, under a new identity: what was sent, word for word, to whom one chooses."""

import re
from collections.abc import Sequence
from datetime import datetime

from notifications.emails.identity import date_of, new_message_id
from notifications.emails.mail import Mail
from notifications.models import Message, Recipient


def resent_mail(message: Message, recipients: Sequence[tuple[str, Recipient.Field]], now: datetime) -> Mail:
    """`recipients` as they stand in the rows of `message`, perhaps fewer; the headers name the original ones."""
    message_id = new_message_id()
    head, blank_line, body = bytes(message.content).partition(b"\r\n\r\n")
    head = with_value(head, b"Message-ID", message_id)
    head = with_value(head, b"Date", date_of(now))
    return Mail(message.subject, message_id, tuple(recipients), head + blank_line + body)


def with_value(head: bytes, name: bytes, value: str) -> bytes:
    """Both are headers of one line in everything that is composed here."""
    return re.sub(rb"(?im)^%s:[^\r\n]*" % name, lambda _: b"%s: %s" % (name, value.encode("ascii")), head, count=1)
