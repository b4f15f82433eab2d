"""From recipients and rendered parts to the bytes of a mail."""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from email import policy
from email.message import EmailMessage

from notifications.addresses import Address, dedupe
from notifications.emails.attachment import Attachment
from notifications.emails.headers import SUBJECT_LIMIT, one_line
from notifications.emails.identity import date_of, new_message_id
from notifications.emails.mail import Mail
from notifications.emails.render import Parts
from notifications.header_lines import LINE, address_header, id_header, text_header
from notifications.models import Recipient

# RFC 2045 6.7: 76 characters with the soft break, where the library's own limit is 78.
POLICY = policy.SMTP.clone(cte_type="7bit", max_line_length=LINE)


class Recipients:
    """Everybody once: who is named in several fields stands in the most visible one."""

    def __init__(
        self,
        to: Iterable[Address] = (),
        cc: Iterable[Address] = (),
        bcc: Iterable[Address] = (),
        reply_to: Iterable[Address] = (),
    ) -> None:
        self.to = dedupe(to)
        self.cc = without(self.to, cc)
        self.bcc = without([*self.to, *self.cc], bcc)
        self.reply_to = dedupe(reply_to)

    def rows(self) -> tuple[tuple[str, Recipient.Field], ...]:
        fields = ((Recipient.Field.TO, self.to), (Recipient.Field.CC, self.cc), (Recipient.Field.BCC, self.bcc))
        return tuple((address.address, field) for field, addresses in fields for address in addresses)


def compose(
    subject: str,
    recipients: Recipients,
    parts: Parts,
    about: Mapping[str, str],
    now: datetime,
    attached: Iterable[Attachment] = (),
) -> Mail:
    """`about` are further headers."""
    subject, message_id = one_line(subject, SUBJECT_LIMIT), new_message_id()
    head = [
        f"Date: {date_of(now)}\r\n",
        id_header("Message-ID", message_id),
        text_header("Subject", subject),
        *recipient_headers(recipients),
        # Nobody's absence note should come back to a machine (RFC 3834; the second is Exchange's own word for it).
        "Auto-Submitted: auto-generated\r\n",
        "X-Auto-Response-Suppress: All\r\n",
        *(text_header(name, one_line(value)) for name, value in about.items()),
    ]
    content = "".join(head).encode("ascii") + mime(parts, attached)
    return Mail(subject, message_id, recipients.rows(), content)


def recipient_headers(recipients: Recipients) -> Iterator[str]:
    """Without Bcc, ever."""
    if recipients.to:
        yield address_header("To", recipients.to)
    elif not recipients.cc:
        yield "To: undisclosed-recipients:;\r\n"
    if recipients.cc:
        yield address_header("Cc", recipients.cc)
    if recipients.reply_to:
        yield address_header("Reply-To", recipients.reply_to)


def mime(parts: Parts, attached: Iterable[Attachment] = ()) -> bytes:
    """MIME headers and body. Boundaries are random, so that nothing reported can imitate them."""
    body = EmailMessage(policy=POLICY)
    body.set_content(parts.text, cte=shorter_encoding(parts.text))
    if parts.html:
        body.add_alternative(parts.html, subtype="html", cte=shorter_encoding(parts.html))
    for file in attached:
        main, _, sub = file.content_type.partition("/")
        body.add_attachment(file.content, main, sub, filename=file.name, params={"charset": "utf-8"})
    for part in body.walk():
        if part.is_multipart():
            part.set_boundary(f"part-{uuid.uuid4()}")
    return body.as_bytes()


def shorter_encoding(text: str) -> str | None:
    """None for the library's choice, which looks at ten lines only: emoji further down took twelve octets each."""
    beyond = len(text.encode()) - len(text)
    return "base64" if beyond and 3 * beyond > len(text) else None


def without(taken: Iterable[Address], addresses: Iterable[Address]) -> list[Address]:
    mailboxes = {address.key for address in taken}
    return [address for address in dedupe(addresses) if address.key not in mailboxes]
