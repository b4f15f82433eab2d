"""What can be relied on in a failure's words: codes, identifiers, and a text without wrapping and case."""

import re
from dataclasses import dataclass

READ_AT_MOST = 20_000
REPLY = re.compile(r"[1-5]\d\d")
# Replies as they stand in a text: at the start, in a library's tuple, or in front of an enhanced code.
REPLY_IN_TEXT = re.compile(r"^\W{0,3}([245]\d\d)(?=[\s,-])|\b([245]\d\d)[ -][245]\.\d{1,3}\.\d{1,3}\b")
ENHANCED = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")
IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{5,}")
# Each line of a long reply repeats its codes, in the midst of the sentence that is looked for.
REPEATED_CODES = re.compile(r"(?m)^\s*[245]\d\d[ -](?:[245]\.\d{1,3}\.\d{1,3}\s)?|(?<=\n)[245]\.\d{1,3}\.\d{1,3}\s")


@dataclass(frozen=True)
class Said:
    tokens: frozenset[str]
    text: str
    mode: str
    is_reply: bool


def read(code: str, text: str, mode: str) -> Said:
    code, text = code[:READ_AT_MOST].lower(), text[:READ_AT_MOST].lower()
    replies = set(REPLY.findall(code)) or {a or b for a, b in REPLY_IN_TEXT.findall(text)}
    enhanced = ENHANCED.findall(code) or ENHANCED.findall(text)
    tokens = {
        *replies,
        *(f"{reply[0]}xx" for reply in replies),
        *(".".join(parts) for parts in enhanced),
        *(f"{parts[0]}.{parts[1]}.x" for parts in enhanced),
        *IDENTIFIER.findall(code),
        *IDENTIFIER.findall(text),
    }
    return Said(frozenset(tokens), " ".join(REPEATED_CODES.sub(" ", text).split()), mode, bool(replies or enhanced))
