"""What Graph takes: the properties of its types that anybody may set, as its OpenAPI document has them.

Stricter in one thing: null is not taken in place of leaving a property out.
"""

import json
from dataclasses import dataclass
from typing import Any

from tests.graph.wire import GraphError, Request

# A class, the values there are, another shape, or a list of one.
Part = Any


@dataclass(frozen=True)
class Shape:
    name: str
    parts: dict[str, Part]
    required: frozenset[str] = frozenset()


def shape(name: str, required: str = "", /, **parts: Part) -> Shape:
    # Every complex type may say what it is.
    return Shape(f"microsoft.graph.{name}", {"@odata.type": str, **parts}, frozenset(required.split()))


EMAIL_ADDRESS = shape("emailAddress", "address", address=str, name=str)
RECIPIENT = shape("recipient", "emailAddress", emailAddress=EMAIL_ADDRESS)
BODY = shape("itemBody", "content", contentType={"text", "html"}, content=str)
HEADER = shape("internetMessageHeader", name=str, value=str)
EXTENDED = shape("singleValueLegacyExtendedProperty", "id value", id=str, value=str)
ATTACHMENT = Shape(
    "microsoft.graph.fileAttachment",
    {
        "@odata.type": {"#microsoft.graph.fileAttachment"},
        **dict.fromkeys(("name", "contentBytes", "contentType", "contentId"), str),
        "isInline": bool,
    },
    frozenset({"@odata.type", "name", "contentBytes"}),
)
ATTACHMENT_ITEM = shape(
    "attachmentItem",
    "attachmentType name size",
    attachmentType={"file"},
    name=str,
    size=int,
    contentType=str,
    contentId=str,
    isInline=bool,
)
MESSAGE = Shape(
    "microsoft.graph.message",
    {
        "@odata.type": {"#microsoft.graph.message"},
        **dict.fromkeys(("toRecipients", "ccRecipients", "bccRecipients", "replyTo"), [RECIPIENT]),
        **dict.fromkeys(("from", "sender"), RECIPIENT),
        **dict.fromkeys(("subject", "internetMessageId"), str),
        **dict.fromkeys(("isDeliveryReceiptRequested", "isReadReceiptRequested", "isRead"), bool),
        "body": BODY,
        "importance": {"low", "normal", "high"},
        "categories": [str],
        "internetMessageHeaders": [HEADER],
        "singleValueExtendedProperties": [EXTENDED],
        "attachments": [ATTACHMENT],
    },
)
SEND_MAIL = Shape("sendMail", {"message": MESSAGE, "saveToSentItems": bool}, frozenset({"message"}))
UPLOAD_SESSION = Shape("createUploadSession", {"AttachmentItem": ATTACHMENT_ITEM}, frozenset({"AttachmentItem"}))


def object_in(request: Request, wanted: Shape) -> dict[str, Any]:
    """The JSON in the body. Raises GraphError for what is none, or not of this shape."""
    try:
        content = json.loads(request.body)
    except ValueError:
        content = None
    if request.media_type != "application/json" or not isinstance(content, dict):
        raise unreadable("Unable to read JSON request payload. Please ensure Content-Type header is set.")
    check(content, wanted)
    return content


def check(value: Any, part: Part) -> None:
    if isinstance(part, Shape):
        check_object(value, part)
    elif isinstance(part, list):
        if not isinstance(value, list):
            raise unreadable("A collection was expected.")
        for item in value:
            check(item, part[0])
    elif isinstance(part, set):
        if value not in tuple(part):
            raise unreadable(f"Requested value '{value}' was not found.")
    # In Python a bool is a number too.
    elif type(value) is not part:
        raise unreadable(f"Cannot convert '{value}' to the expected type {part.__name__}.")


def check_object(value: Any, wanted: Shape) -> None:
    if not isinstance(value, dict):
        raise unreadable(f"An object of type '{wanted.name}' was expected.")
    for name, content in value.items():
        if name not in wanted.parts:
            raise unreadable(f"The property '{name}' does not exist on type '{wanted.name}'.")
        check(content, wanted.parts[name])
    if missing := wanted.required - value.keys():
        raise unreadable(f"Required properties of '{wanted.name}' are missing: {', '.join(sorted(missing))}.")


def unreadable(message: str) -> GraphError:
    return GraphError(400, "RequestBodyRead", message)
