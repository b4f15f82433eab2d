"""JSON as RFC 8259 means it, for bytes that a stranger sent.

Python's own reader takes NaN, the last of two equal keys and half a surrogate pair, and lets deep nesting end in a
RecursionError.
"""

import json
import math
import re
from typing import Any, NoReturn

MAX_DIGITS = 30
MAX_KEYS = 100
HALF_A_PAIR = re.compile(r"\\u[dD][89a-fA-F]")


class InvalidJson(Exception):
    """The one error of this module; its text is a sentence for the sender and holds nothing of what was sent."""


def loads(raw: bytes) -> Any:
    """What `raw` says. Raises InvalidJson."""
    text = _decode(raw)
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


def _decode(raw: bytes) -> str:
    if not raw.strip():
        raise InvalidJson("The body is empty.")
    if raw.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise InvalidJson("The JSON begins with a byte order mark; send plain UTF-8 without one.")
    if b"\x00" in raw:
        raise InvalidJson("The JSON is not UTF-8; it looks like UTF-16 or UTF-32.")
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise InvalidJson(f"The JSON is not UTF-8: byte {error.start} does not fit.") from error


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
