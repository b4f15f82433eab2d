"""JSON as RFC 8259 defines it, for bytes that a stranger sent, at a cost that has a limit.

Python's own reader takes NaN, the last of two equal keys and half a surrogate pair, ends deep nesting with a
RecursionError, and builds 2.8 million objects from 8 MiB of `{},`.
"""

import codecs
import json
import math
import re
from typing import Any, NoReturn

# A report of 20,000 targets with all their fields has 100,000 values; these many objects take 16 MiB.
MAX_VALUES = 250_000
MAX_DIGITS = 30
MAX_KEYS = 100
# The longer one first: that of UTF-16 is its beginning.
MARKS = (
    *((codecs.BOM_UTF32_LE, "UTF-32"), (codecs.BOM_UTF32_BE, "UTF-32")),
    *((codecs.BOM_UTF8, "UTF-8"), (codecs.BOM_UTF16_LE, "UTF-16"), (codecs.BOM_UTF16_BE, "UTF-16")),
)
HALF_A_PAIR = re.compile(r"\\u[dD][89a-fA-F]")
# A string, unterminated ones included, or what begins a value or stands before the next one. Possessive, so that a
# string that never ends is read once.
PIECES = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{,]', re.DOTALL)


class InvalidJson(Exception):
    """The one error of this module; its text is a sentence for the sender and holds nothing of what was sent."""


def loads(raw: bytes) -> Any:
    """Return the value that `raw` holds, with or without a byte order mark. Raises InvalidJson."""
    text = _decode(raw)
    _refuse_excess(text)
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_int=_integer, parse_float=_number, parse_constant=_constant
        )
        if HALF_A_PAIR.search(text):
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise InvalidJson(
            f"This is not valid JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from error
    except RecursionError as error:
        raise InvalidJson("The JSON is nested too deeply.") from error
    except UnicodeEncodeError as error:
        raise InvalidJson("A string holds half of a surrogate pair, which is no character.") from error
    return value


def byte_order_mark(raw: bytes) -> str:
    """The encoding whose mark `raw` begins with, as Notepad and PowerShell write it; empty without one."""
    return next((encoding for mark, encoding in MARKS if raw.startswith(mark)), "")


def _decode(raw: bytes) -> str:
    if not raw.strip():
        raise InvalidJson("The body is empty.")
    encoding = byte_order_mark(raw) or "UTF-8"
    if encoding == "UTF-8" and b"\x00" in raw:
        raise InvalidJson("The JSON is not UTF-8; it looks like UTF-16 or UTF-32.")
    try:
        # RFC 8259, section 8.1, lets a reader ignore the mark.
        return raw.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise InvalidJson(f"The JSON is not {encoding}: byte {error.start} does not fit.") from error


def _refuse_excess(text: str) -> None:
    """Count the values before the reader builds them. Counting characters suffices unless texts are full of them."""
    if sum(map(text.count, ",[{")) <= MAX_VALUES:
        return
    count = 0
    for piece in PIECES.finditer(text):
        count += text[piece.start()] != '"'
        if count > MAX_VALUES:
            raise InvalidJson(f"The JSON has more than {MAX_VALUES:,} values.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Every unknown key becomes an error of its own: a million of them would fill the memory.
    if len(pairs) > MAX_KEYS:
        raise InvalidJson(f"An object has more than {MAX_KEYS} keys.")
    value = dict(pairs)
    if len(value) < len(pairs):
        raise InvalidJson("An object has the same key twice.")
    return value


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise InvalidJson(f"A number has more than {MAX_DIGITS} digits.")
    return int(digits)


def _number(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise InvalidJson("A number is too large.")
    return number


def _constant(name: str) -> NoReturn:
    raise InvalidJson(f"{name} is not JSON.")
