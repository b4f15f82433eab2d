"""A mail that is composed but not yet a row."""

from dataclasses import dataclass, field

from notifications.models import Recipient


@dataclass(frozen=True)
class Mail:
    """`content` is the whole mail without From: 7-bit bytes with CRLF line ends, Message-ID and Date fixed.

    `recipients` are bare ASCII addresses, each once, with the header field they stand in. `template_error` says why the
    notification's own templates were not used.
    """

    subject: str
    internet_message_id: str
    recipients: tuple[tuple[str, Recipient.Field], ...]
    content: bytes = field(repr=False)
    template_error: str = ""
