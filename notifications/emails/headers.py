"""Header lines: 7-bit, folded at blanks, at most 76 characters long unless one address is longer."""

from collections.abc import Sequence

from notifications.addresses import FORBIDDEN, Address
from notifications.encoded_words import encoded_words, needs_encoding

LINE = 76
SUBJECT_LIMIT = 200


def text_header(name: str, text: str) -> str:
    words = text.split(" ")
    if needs_encoding(text) or max(map(len, words)) > LINE - len(name) - 2:
        words = encoded_words(text)
    return folded(name, words)


def address_header(name: str, addresses: Sequence[Address]) -> str:
    return folded(name, ", ".join(address.header for address in addresses).split(" "))


def folded(name: str, words: Sequence[str]) -> str:
    lines = [f"{name}: {words[0]}"]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) > LINE:
            lines.append("")
        lines[-1] += f" {word}"
    return "\r\n".join(lines) + "\r\n"


def one_line(text: str, limit: int | None = None) -> str:
    """Without controls and line ends of any kind, blanks collapsed, cut with an ellipsis beyond `limit` characters."""
    text = " ".join(FORBIDDEN.sub(" ", text).split())
    return text if limit is None or len(text) <= limit else f"{text[: limit - 1].rstrip()}…"
