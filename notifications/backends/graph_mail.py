"""A finished mail in the two forms that Graph takes: its own JSON, and MIME in base64."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.headerregistry import Address
from email.message import EmailMessage
from functools import cached_property
from typing import Any

from notifications.addresses import Address as MailAddress
from notifications.backends.base import Envelope
from notifications.header_lines import address_header, id_header, with_headers

# Microsoft, "internetMessageHeader": custom headers start with x-, and five are taken.
MOST_HEADERS = 5
# PidTagDeleteAfterSubmit ([MS-OXOMSG] 2.2.3.8): sent, then kept nowhere. Sending a draft knows no saveToSentItems.
DELETE_AFTER_SUBMIT = {"id": "Boolean 0x0E01", "value": "true"}


@dataclass(frozen=True)
class Attachment:
    name: str
    content_type: str
    content: bytes
    content_id: str = ""

    @property
    def inline(self) -> dict[str, Any]:
        return {"isInline": True, "contentId": self.content_id} if self.content_id else {}

    def as_json(self) -> dict[str, Any]:
        return {
            "@odata.type": "#microsoft.graph.fileAttachment",
            "name": self.name,
            "contentType": self.content_type,
            "contentBytes": base64.b64encode(self.content).decode(),
            **self.inline,
        }


@dataclass(frozen=True)
class GraphMail:
    """The envelope's email, for its recipients alone: whoever has it already is not among them.

    Graph has no envelope: the headers name who gets the email, and Bcc those who are in neither To nor Cc. `message_id`
    replaces the email's own.
    """

    envelope: Envelope
    message_id: str = ""

    @cached_property
    def parsed(self) -> EmailMessage:
        return message_from_bytes(self.envelope.content, policy=policy.SMTP.clone(refold_source="none"))

    @property
    def internet_message_id(self) -> str:
        return self.message_id or str(self.parsed["Message-ID"]).strip()

    @property
    def sender(self) -> str:
        """From, as the settings of this try have it."""
        return str(self.parsed["From"] or "").strip()

    @cached_property
    def attachments(self) -> list[Attachment]:
        return [attachment_of(part) for part in self.parsed.walk() if is_attached(part)]

    def recipients(self) -> dict[str, list[Address]]:
        """By header. Compared without case, as every mail system does with domains and most with the rest."""
        wanted = {address.casefold(): address for address in self.envelope.recipients}
        found: dict[str, list[Address]] = {"To": [], "Cc": [], "Bcc": []}
        for name in ("To", "Cc"):
            for address in addresses(self.parsed, name):
                if wanted.pop(address.addr_spec.casefold(), None):
                    found[name].append(address)
        found["Bcc"] = [Address(addr_spec=address) for address in wanted.values()]
        return found

    def as_json(self, *, attached: bool, delete_after_submit: bool = False) -> dict[str, Any]:
        """Without its text part, if it has an HTML one: Exchange makes that itself."""
        lists = {f"{name.lower()}Recipients": said(found) for name, found in self.recipients().items()}
        more: dict[str, Any] = {"internetMessageHeaders": list(self._custom_headers())}
        if attached:
            more["attachments"] = [attachment.as_json() for attachment in self.attachments]
        if delete_after_submit:
            more["singleValueExtendedProperties"] = [DELETE_AFTER_SUBMIT]
        return {
            "subject": str(self.parsed["Subject"] or ""),
            "body": self._body(),
            "from": said(addresses(self.parsed, "From"))[0],
            "replyTo": said(addresses(self.parsed, "Reply-To")),
            "internetMessageId": self.internet_message_id,
            **lists,
            **{name: value for name, value in more.items() if value},
        }

    def as_mime(self) -> bytes:
        """Base64 of the whole email, which is how Graph takes MIME."""
        found = self.recipients()
        changed: dict[str, str] = {}
        named = sum(len(addresses(self.parsed, name)) for name in ("To", "Cc"))
        if found["Bcc"] or named != sum(map(len, found.values())):
            changed |= {
                name: address_header(name, list(map(plain, each))) if each else "" for name, each in found.items()
            }
        if self.message_id:
            changed["Message-ID"] = id_header("Message-ID", self.message_id)
        return base64.b64encode(with_headers(self.envelope.content, changed))

    def _body(self) -> dict[str, str]:
        part = self.parsed.get_body(("html", "plain"))
        if part is None:
            return {"contentType": "text", "content": ""}
        kind = "html" if part.get_content_subtype() == "html" else "text"
        return {"contentType": kind, "content": str(part.get_content())}

    def _custom_headers(self) -> Iterator[dict[str, str]]:
        custom = [(name, value) for name, value in self.parsed.items() if name.lower().startswith("x-")]
        for name, value in custom[:MOST_HEADERS]:
            yield {"name": name, "value": str(value)}


def addresses(mail: EmailMessage, name: str) -> tuple[Address, ...]:
    header = mail[name]
    return header.addresses if header is not None else ()


def plain(address: Address) -> MailAddress:
    return MailAddress(address.display_name, address.addr_spec)


def said(found: tuple[Address, ...] | list[Address]) -> list[dict[str, Any]]:
    return [
        {"emailAddress": {"address": each.addr_spec, **({"name": each.display_name} if each.display_name else {})}}
        for each in found
    ]


def is_attached(part: Any) -> bool:
    return not part.is_multipart() and (part.get_content_disposition() == "attachment" or bool(part["Content-ID"]))


def attachment_of(part: Any) -> Attachment:
    return Attachment(
        name=part.get_filename() or "attachment",
        content_type=part.get_content_type(),
        content=part.get_payload(decode=True) or b"",
        content_id=str(part["Content-ID"] or "").strip("<> "),
    )
