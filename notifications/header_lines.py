"""Header lines: 7-bit, folded at blanks, at most 76 characters long unless one address or ID is longer."""

import re
from collections.abc import Mapping, Sequence

from notifications.addresses import Address
from notifications.encoded_words import encoded_words, needs_encoding

LINE = 76


def text_header(name: str, text: str) -> str:
    """`text` is one line without controls."""
    words = text.split(" ")
    if needs_encoding(text) or max(map(len, words)) > LINE - len(name) - 2:
        words = encoded_words(text)
    return folded(name, words)


def address_header(name: str, addresses: Sequence[Address]) -> str:
    return folded(name, ", ".join(address.header for address in addresses).split(" "))


def id_header(name: str, value: str) -> str:
    """On one line, however long: most programs find no ID that is folded."""
    return f"{name}: {value}\r\n"


def folded(name: str, words: Sequence[str]) -> str:
    lines = [f"{name}: {words[0]}"]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) > LINE:
            lines.append("")
        lines[-1] += f" {word}"
    return "\r\n".join(lines) + "\r\n"


def with_headers(content: bytes, headers: Mapping[str, str]) -> bytes:
    """The email with each of `headers` (finished lines by name; empty: none) in place of its own; all else untouched.

    The standard library would fold the new ones itself, into encoded words of 76 characters and IDs of two lines.
    """
    if not headers:
        return content
    head, blank_line, body = content.partition(b"\r\n\r\n")
    names = b"|".join(re.escape(name.encode("ascii")) for name in headers)
    kept = re.sub(rb"(?im)^(?:%s):[^\r\n]*(?:\r\n[ \t][^\r\n]*)*(?:\r\n|\Z)" % names, b"", head).removesuffix(b"\r\n")
    added = "".join(headers.values()).encode("ascii")
    return added.removesuffix(b"\r\n" * (not kept)) + kept + blank_line + body
