"""Mails and pages as their readers see them, by other means than those that made them."""

import re
import unicodedata
from collections import Counter
from email.header import decode_header, make_header
from html.parser import HTMLParser

HEADER = re.compile(r"([!-9;-~]+):[ \t](.*)", re.DOTALL)
# Of those that the corpus has: CSI as ESC [ and as one character.
ESCAPE_SEQUENCE = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]")
TURNS = set("\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def raw_headers(content: bytes) -> list[tuple[str, str]]:
    """Names and unfolded values. Fails for anything else that stands above the first empty line."""
    head = content.partition(b"\r\n\r\n")[0].decode("ascii")
    assert "\r" not in (rest := head.replace("\r\n", "")), head
    assert "\n" not in rest, head
    found = [HEADER.fullmatch(line) for line in re.sub(r"\r\n(?=[ \t])", "", head).split("\r\n")]
    assert all(found), head
    return [(match[1], match[2]) for match in found if match]


def decoded(value: str) -> str:
    """Encoded words read."""
    return str(make_header(decode_header(value)))


def without_sequences(text: str) -> str:
    """What a terminal would print of it."""
    return ESCAPE_SEQUENCE.sub("", text)


def readable(text: str) -> str:
    """What is left of `text` where only one line without controls may stand."""
    kept = "".join(" " if unicodedata.category(char) == "Cc" or char in TURNS else char for char in text)
    return " ".join(kept.split())


def squeezed(text: str) -> str:
    return " ".join(text.split())


def start_of(text: str, limit: int) -> str:
    """The part of `text` that stands there however it is cut at `limit`."""
    return readable(text)[: limit - 1].rstrip()


class Seen(HTMLParser):
    """What HTML consists of: `tags` counted, `attributes` by name, `links`, `comments`, and all `text`."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: set[str] = set()
        self.links: set[str] = set()
        self.comments: list[str] = []
        self._texts: list[str] = []
        self.feed(html)
        self.close()

    @property
    def text(self) -> str:
        return squeezed("".join(self._texts))

    def is_built_like(self, model: "Seen") -> bool:
        """No tag more often, no other attribute, no other comment."""
        return self.tags <= model.tags and self.attributes <= model.attributes and self.comments == model.comments

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes |= {name for name, _ in attrs}
        self.links |= {value or "" for name, value in attrs if name in ("href", "src", "action", "formaction")}

    def handle_data(self, data: str) -> None:
        self._texts.append(data)

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)
