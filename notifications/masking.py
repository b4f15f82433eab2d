"""The one door for foreign text: what another side wrote is stored and shown only with every secret in it masked.

A server may repeat what it received: in part, wrapped over lines, in base64 at any alignment, in hex, percent-encoded,
in capitals, backwards, with something between the characters. So a text is compared with every form of each secret that
this process has used, once by letters and digits alone and once by all visible characters. A run of RUN characters or
more is masked; a shorter secret only as a whole.
"""

import base64
import json
import re
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Any

from notifications.masking_index import Index

MASK = "••••••••"
# A shorter secret is looked for without anything in between, or every text would have it somewhere.
SHORTEST_SPREAD = 8
# A shorter encoded form is in many texts.
SHORTEST_FORM = 6
# As a word only: otherwise it is a part of other words.
SHORTEST_PART = 4
# In use by one process at a time: passwords, tokens, and what carried them. The older half is forgotten beyond that.
MOST_SECRETS = 64

NOT_LETTERS = re.compile(r"[^0-9a-z]+")
# White space, control characters, soft hyphens, zero-width characters.
NOT_VISIBLE = re.compile(
    r"[\s\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202f\u2060-\u2064\ufeff]+"
)
VIEWS = (NOT_LETTERS, NOT_VISIBLE)
# In front of each line of a reply (RFC 5321 4.2.1, RFC 2034 4).
CODES = re.compile(r"(?m)^[ \t]*(?:\d{3}[- ])?(?:[245]\.\d{1,3}\.\d{1,3}(?: |$))?")
# In lower case: URLs, quoted-printable, strings of programs and of JSON, HTML.
ESCAPE = re.compile(
    r"%([0-9a-f]{2})|=([0-9a-f]{2})|\\x([0-9a-f]{2})|\\u00([0-9a-f]{2})|&#x([0-9a-f]{1,4});|&#(\d{1,5});"
)
CHARACTER = re.compile(rf"{ESCAPE.pattern}|.", re.DOTALL)
SECRET_NAME = re.compile(r"(secret|password|token|verifier|assertion|^code|^state)$", re.IGNORECASE)
MARKED = re.compile(b"\1+")


def remember(*secrets: str) -> None:
    """Mask these from now on, in this process."""
    _masker.remember(*secrets)


def remember_stored(value: str) -> None:
    """Mask a stored secret; of a JSON object (a token cache, a test's values) what its names call secret."""
    try:
        found = json.loads(value) if value.startswith("{") else None
    except ValueError:
        found = None
    remember(*(list(secrets_in(found)) or [value]))


def secrets_in(values: Any) -> Iterator[str]:
    """Texts under names such as `client_secret`, `refresh_token` or `code`, however deep."""
    items = values.items() if isinstance(values, Mapping) else ()
    for name, value in items:
        if isinstance(value, str) and SECRET_NAME.search(str(name)):
            yield value
        yield from secrets_in(value)


def mask(text: str) -> str:
    """Return `text` with MASK in place of what it shares with a secret. Line breaks stay where they are."""
    return _masker.mask(text)


def forget() -> None:
    """Forget every secret; for tests."""
    _masker.forget()


class Masker:
    """The secrets of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        self._secrets: OrderedDict[str, None] = OrderedDict()
        self._rebuild()

    def remember(self, *secrets: str) -> None:
        with self._lock:
            for secret in filter(None, secrets):
                if secret in self._secrets:
                    self._secrets.move_to_end(secret)
                    continue
                self._secrets[secret] = None
                self._add(secret)
            if len(self._secrets) > MOST_SECRETS:
                for _ in range(MOST_SECRETS // 2):
                    self._secrets.popitem(last=False)
                self._rebuild()

    def mask(self, text: str) -> str:
        if not self._secrets or not text:
            return text
        lower = lowered(text)
        marks = bytearray(len(text))
        for start, end in [*self._shared(CODES.sub(blanks, lower)), *self._literal(lower)]:
            marks[start:end] = b"\1" * (end - start)
        if 1 not in marks:
            return text
        unmark(text, marks)
        return redacted(text, marks)

    def _rebuild(self) -> None:
        self._indexes = [Index() for _ in VIEWS]
        # What is too short to be looked for with something in between.
        self._literals: list[re.Pattern[str]] = []
        for secret in self._secrets:
            self._add(secret)

    def _add(self, secret: str) -> None:
        for form in (secret, *encoded(secret)):
            lower, is_plain = lowered(form), form is secret
            for view, index in zip(VIEWS, self._indexes, strict=True):
                if len(compact := view.sub("", lower)) >= SHORTEST_SPREAD:
                    index.add(compact)
            if len(lower) < SHORTEST_SPREAD and (is_plain or len(lower) >= SHORTEST_FORM):
                part = re.escape(lower)
                is_word = len(lower) < SHORTEST_PART
                self._literals.append(re.compile(rf"(?<![0-9a-z]){part}(?![0-9a-z])" if is_word else part))

    def _shared(self, lower: str) -> Iterator[tuple[int, int]]:
        """Where in the text there are runs of a secret, read as it is and with its escapes resolved."""
        readings = [lower, ESCAPE.sub(unescaped, lower)] if ESCAPE.search(lower) else [lower]
        for reading in readings:
            for view, index in zip(VIEWS, self._indexes, strict=True):
                compact = view.sub("", reading)
                size = len(compact)
                found = index.runs_in(compact)
                found += [(size - end, size - start) for start, end in index.runs_in(compact[::-1])]
                if found:
                    places = list(places_of(lower, view, resolve=reading is not lower))
                    yield from ((places[start][0], places[end - 1][1]) for start, end in found)

    def _literal(self, lower: str) -> Iterator[tuple[int, int]]:
        for literal in self._literals:
            yield from (match.span() for match in literal.finditer(lower))


def encoded(secret: str) -> set[str]:
    """How a secret looks in hex, and in base64 by what stands in front of it: nothing, one byte or two."""
    raw = secret.encode("utf-8", "replace")
    return {raw.hex(), *(base64.b64encode(b"\0" * shift + raw).decode().rstrip("=") for shift in range(3))}


def lowered(text: str) -> str:
    """In lower case, character by character."""
    lower = text.lower()
    return lower if len(lower) == len(text) else "".join(char.lower()[:1] for char in text)


def blanks(match: re.Match[str]) -> str:
    return " " * len(match[0])


def unescaped(match: re.Match[str]) -> str:
    """The character that `%2b`, `=2b`, `\\x2b`, `\\u002b`, `&#x2b;` or `&#43;` stands for."""
    *hexadecimal, decimal = match.groups()
    number = int(decimal) if decimal else int(next(filter(None, hexadecimal)), 16)
    return chr(number).lower()[:1]


def places_of(lower: str, view: re.Pattern[str], *, resolve: bool) -> Iterator[tuple[int, int]]:
    """Where each character of the compact text stands in the text."""
    for match in CHARACTER.finditer(lower) if resolve else re.finditer(".", lower, re.DOTALL):
        char = unescaped(match) if len(match[0]) > 1 else match[0]
        if not view.fullmatch(char):
            yield match.span()


def unmark(text: str, marks: bytearray) -> None:
    """Keep line breaks, and the codes in front of each line."""
    for match in re.finditer(r"\n", text):
        marks[match.start()] = 0
    for match in CODES.finditer(text):
        marks[match.start() : match.end()] = bytes(match.end() - match.start())


def redacted(text: str, marks: bytearray) -> str:
    parts, end = [], 0
    for match in MARKED.finditer(marks):
        parts += [text[end : match.start()], MASK]
        end = match.end()
    return "".join([*parts, text[end:]])


_masker = Masker()
