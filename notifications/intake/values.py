"""Single texts of a report, made fit for a header, a table cell and a database.

What reads the same afterwards is changed without a word: control characters, colors, blanks at the ends. Each function
that changes more returns the value with a message that continues the field's name, empty when nothing changed.
"""

import hashlib
import re

from pydantic_core import PydanticCustomError

from notifications.intake.escape_sequences import without_escape_sequences

# C0, DEL and C1 (with NEL) and the two line ends of Unicode: all that could break a header or a line of a log.
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
CONTROLS_BUT_NEWLINES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]+")
LINE_ENDS = re.compile(r"\r\n?|[\x85\u2028\u2029]")
HASH_DIGITS = 16

Repaired = tuple[str, str]


def wrong(message: str, field: str = "") -> PydanticCustomError:
    """What a check raises; `field` is needed only where pydantic does not know it."""
    return PydanticCustomError("wrong", "{message}", {"message": message, "field": field})


def one_line(text: str) -> str:
    """`text` on one line, without escape sequences and control characters."""
    if text.isprintable():  # most are, and a report may have 40,000 of them
        return text.strip()
    return CONTROLS.sub(" ", without_escape_sequences(text)).strip()


def many_lines(text: str) -> str:
    """`text` with plain newlines and tabs, and no other control character."""
    if text.isprintable():
        return text.strip()
    return CONTROLS_BUT_NEWLINES.sub(" ", LINE_ENDS.sub("\n", without_escape_sequences(text))).strip()


def short_line(text: str, limit: int) -> Repaired:
    """Cut to `limit` characters, with an ellipsis for what is missing."""
    line = one_line(text)
    if len(line) <= limit:
        return line, ""
    return f"{line[: limit - 1].rstrip()}…", f"is longer than {limit} characters and was cut"


def short_identity(text: str, limit: int) -> Repaired:
    """The same, with a hash of the whole at its end: two long ids that differ must not become one."""
    line = one_line(text)
    if len(line) <= limit:
        return line, ""
    digest = hashlib.sha256(line.encode()).hexdigest()[:HASH_DIGITS]
    short = f"{line[: limit - HASH_DIGITS - 1]}…{digest}"
    return short, f"is longer than {limit} characters; its end was replaced by a hash"


def choice(text: str) -> Repaired:
    """A word of a closed set, whatever its case."""
    word = one_line(text).lower()
    return word, f"was read as “{word[:20]}”" if word != text else ""
