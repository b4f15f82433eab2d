"""A mail as Graph takes it, in JSON or as MIME, and as it goes out."""

import base64
import hashlib
import re
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from tests.graph.shapes import unreadable
from tests.graph.wire import GraphError, Request

DELETE_AFTER_SUBMIT = "boolean 0x0e01"
MOST_HEADERS = 5
RECIPIENTS = ("toRecipients", "ccRecipients", "bccRecipients")
SPACE = re.compile(rb"\s+")


@dataclass(frozen=True)
class Attachment:
    name: str
    sha256: str
    size: int
    content_type: str = ""
    content_id: str = ""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @classmethod
    def of(cls, name: str, content: bytes, content_type: str = "", content_id: str = "") -> "Attachment":
        return cls(name, hashlib.sha256(content).hexdigest(), len(content), content_type, content_id)


@dataclass
class Mail:
    """`source` is the message as the client wrote it, without what is kept elsewhere."""

    sender: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    bcc: tuple[str, ...]
    subject: str
    message_id: str
    html: str = ""
    text: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    attachments: list[Attachment] = field(default_factory=list)
    source: dict[str, Any] = field(default_factory=dict)
    deletes_after_send: bool = False
    size: int = 0

    @property
    def recipients(self) -> tuple[str, ...]:
        return (*self.to, *self.cc, *self.bcc)


def mail_of(message: dict[str, Any], size: int) -> Mail:
    """Of a microsoft.graph.message that was checked. Raises GraphError."""
    body = message.get("body", {})
    is_html = body.get("contentType") == "html"
    kept = {"attachments", "singleValueExtendedProperties"}
    to, cc, bcc = (tuple(addresses(message.get(name, []))) for name in RECIPIENTS)
    return Mail(
        sender=next(addresses([message["from"]])) if "from" in message else "",
        **{"to": to, "cc": cc, "bcc": bcc},
        subject=message.get("subject", ""),
        message_id=message.get("internetMessageId") or new_message_id(),
        html=body.get("content", "") if is_html else "",
        text="" if is_html else body.get("content", ""),
        headers=headers_of(message.get("internetMessageHeaders", [])),
        attachments=[attachment_of(item) for item in message.get("attachments", [])],
        source={name: value for name, value in message.items() if name not in kept},
        deletes_after_send=deletes_after_send(message.get("singleValueExtendedProperties", [])),
        size=size,
    )


def addresses(recipients: Iterable[dict[str, Any]]) -> Iterator[str]:
    return (recipient["emailAddress"]["address"] for recipient in recipients)


def attachment_of(content: dict[str, Any]) -> Attachment:
    if not content["name"]:
        raise GraphError(400, "ErrorRequiredPropertyMissing", "Required property is missing: Name.")
    try:
        data = base64.b64decode(content["contentBytes"], validate=True)
    except ValueError:
        raise unreadable("Cannot convert the literal to the expected type 'Edm.Binary'.") from None
    return Attachment.of(content["name"], data, content.get("contentType", ""), content.get("contentId", ""))


def headers_of(headers: list[dict[str, str]]) -> dict[str, str]:
    if len(headers) > MOST_HEADERS:
        text = f"The number of internet message headers exceeds the limit of {MOST_HEADERS}."
        raise GraphError(400, "InvalidInternetMessageHeaderCollection", text)
    found = {header.get("name", ""): header.get("value", "") for header in headers}
    for name in found:
        if not name.lower().startswith("x-"):
            text = f"The internet message header name '{name}' should start with 'x-' or 'X-'."
            raise GraphError(400, "InvalidInternetMessageHeader", text)
    return found


def deletes_after_send(properties: list[dict[str, str]]) -> bool:
    values = {item["id"].lower(): item["value"].lower() for item in properties}
    return values.get(DELETE_AFTER_SUBMIT) in ("true", "1")


def mail_in_mime(request: Request) -> Mail:
    """Base64 of a whole message, Bcc and all. Raises GraphError."""
    try:
        content = base64.b64decode(SPACE.sub(b"", request.body), validate=True)
    except ValueError:
        text = "Invalid base64 string for MIME content."
        raise GraphError(400, "ErrorMimeContentInvalidBase64String", text) from None
    message = message_from_bytes(content, policy=policy.default)
    to, cc, bcc = (tuple(named_in(message, name)) for name in ("To", "Cc", "Bcc"))
    return Mail(
        sender=next(iter(named_in(message, "From")), ""),
        **{"to": to, "cc": cc, "bcc": bcc},
        subject=str(message.get("Subject", "")),
        message_id=str(message.get("Message-ID", "")).strip() or new_message_id(),
        html=body_of(message, "html"),
        text=body_of(message, "plain"),
        headers={name: str(value) for name, value in message.items()},
        attachments=[attached(part) for part in message.iter_attachments()] if message.is_multipart() else [],
        source={"subject": str(message.get("Subject", ""))},
        size=len(content),
    )


def named_in(message: EmailMessage, header: str) -> list[str]:
    return [address.addr_spec for value in message.get_all(header, []) for address in value.addresses]


def body_of(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(part.get_content()) if part else ""


def attached(part: Any) -> Attachment:
    whole = part.get_payload(decode=True)
    content = part.get_payload(0).as_bytes() if whole is None else whole
    return Attachment.of(part.get_filename() or "", content, part.get_content_type(), part.get("Content-ID", ""))


def new_message_id() -> str:
    return f"<{uuid.uuid4().hex.upper()}@PROD.OUTLOOK.TEST>"


def invalid_recipients(*recipients: str) -> GraphError:
    named = ", ".join(f"Recipient '{recipient}' is not resolved." for recipient in recipients)
    text = f"At least one recipient is not valid., {named} All recipients must be resolved before a message can be"
    return GraphError(400, "ErrorInvalidRecipients", f"{text} submitted.")
