"""What a captured email shows: anybody can send anything here, so that nothing about it is taken for granted.

What cannot be decoded is shown with replacement characters, and never raises.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import Compat32

LONGEST_HEAD = 65_536
LONGEST_HEADER = 4000  # characters; the library takes quadratic time over some longer ones
LONGEST_READ = 4_000_000  # octets; of 28 MB of empty headers the library makes 1.2 GB
LONGEST_TEXT = 200_000
LONGEST_HTML = 5_000_000
HEADERS_SHOWN = 500
ATTACHMENTS_SHOWN = 50
NAME_LIMIT = 200
NO_NAME = "without a name"
NOT_READ = "the rest is not read"
# What the library raises over odd input, from numbers of 5,000 digits to parts in each other by the thousand.
UNREADABLE = (MessageError, LookupError, ValueError, TypeError, AttributeError, AssertionError, RecursionError)
# Surrogates that are not the library's, which stand for one octet each.
STRAY = re.compile("[\ud800-\udc7f\udd00-\udfff]")
UNSHOWABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class BoundedHeaders(Compat32):
    """Leaves headers as they came, up to a length."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name[:NAME_LIMIT], value[:LONGEST_HEADER]


POLICY = BoundedHeaders()


@dataclass(frozen=True)
class Readable:
    """`headers` are undecoded; `text` and `html` empty where there are none. Of the first LONGEST_READ octets."""

    headers: list[tuple[str, str]]
    text: str
    html: str
    attachments: list[str]


def readable(content: bytes) -> Readable:
    head, blank_line, body = content[:LONGEST_READ].partition(b"\r\n\r\n")
    mail = parsed(head[:LONGEST_HEAD] + blank_line + body)
    attached = [name_of(part) for part in parts(mail) if is_attachment(part)][:ATTACHMENTS_SHOWN]
    headers = [(shown(name), " ".join(shown(value).split())) for name, value in raw_headers(mail)[:HEADERS_SHOWN]]
    return Readable(
        headers,
        body_of(mail, "text/plain")[:LONGEST_TEXT],
        body_of(mail, "text/html")[:LONGEST_HTML],
        attached + [NOT_READ] * (len(content) > LONGEST_READ),
    )


def readable_headers(content: bytes) -> dict[str, str]:
    """Subject and From for people."""
    found = headers_of(content)
    return {"subject": decoded(found.get("subject", "")), "from_": decoded(found.get("from", ""))}


def message_id_of(content: bytes) -> str:
    return headers_of(content).get("message-id", "").strip()


def headers_of(content: bytes) -> dict[str, str]:
    """By name in lower case, the first of each, undecoded."""
    head = BytesHeaderParser(policy=POLICY).parsebytes(content[:LONGEST_HEAD])
    return {name.lower(): value for name, value in reversed(raw_headers(head))}


def decoded(header: str) -> str:
    """Text for people; what cannot be decoded stands as it came."""
    header = shown(header)
    try:
        text = str(make_header(decode_header(header)))
    except UNREADABLE:
        text = header
    return " ".join(shown(text).split())


def shown(text: str) -> str:
    """Octets beyond ASCII, which the library hands on as surrogates, as UTF-8 if they are; controls replaced."""
    octets = STRAY.sub("\ufffd", text).encode("utf-8", "surrogateescape")
    return UNSHOWABLE.sub("\ufffd", octets.decode("utf-8", "replace"))


def parsed(content: bytes) -> Message:
    try:
        return message_from_bytes(content, policy=POLICY)
    except UNREADABLE:
        return BytesHeaderParser(policy=POLICY).parsebytes(content)


def raw_headers(mail: Message) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, value in mail.raw_items()]


def body_of(mail: Message, kind: str) -> str:
    """Of the first part of this kind; all there is when the parts could not be told apart."""
    if mail.get_content_maintype() == "multipart" and not mail.is_multipart():
        return text_of(mail) if kind == "text/plain" else ""
    found = (part for part in parts(mail) if part.get_content_type() == kind and not is_attachment(part))
    part = next(found, None)
    return "" if part is None else text_of(part)


def parts(mail: Message) -> Iterator[Message]:
    """The leaves, in order. An email within the email is one: its own parts are not this one's."""
    waiting = [mail]
    while waiting:
        part = waiting.pop()
        children = part.get_payload() if part.is_multipart() else None
        if part.get_content_maintype() == "multipart" and isinstance(children, list):
            waiting += [each for each in reversed(children) if isinstance(each, Message)]
        else:
            yield part


def text_of(part: Message) -> str:
    try:
        octets = bytes(part.get_payload(decode=True) or b"")
    except UNREADABLE:
        return ""
    try:
        text = octets.decode(part.get_content_charset("utf-8"), "replace")
    except UNREADABLE:
        text = octets.decode("utf-8", "replace")
    return UNSHOWABLE.sub("\ufffd", text)


def is_attachment(part: Message) -> bool:
    try:
        return part.get_content_disposition() == "attachment"
    except UNREADABLE:
        return False


def name_of(part: Message) -> str:
    try:
        return decoded(str(part.get_filename(NO_NAME)))[:NAME_LIMIT]
    except UNREADABLE:
        return NO_NAME
