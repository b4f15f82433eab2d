"""The single values of a report, made fit for a header, a table cell and a database."""

import re
from datetime import UTC, datetime
from urllib.parse import urlsplit

from pydantic_core import PydanticCustomError

# C0, DEL and C1 (with NEL) and the two line ends of Unicode: all that could break a header or a line of a log.
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
CONTROLS_BUT_NEWLINES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]+")
LINE_ENDS = re.compile(r"\r\n?|[\x85\u2028\u2029]")
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def wrong(message: str, field: str = "") -> PydanticCustomError:
    """What a check raises; `field` is needed only where pydantic does not know it."""
    return PydanticCustomError("wrong", "{message}", {"message": message, "field": field})


def one_line(text: str) -> str:
    """`text` on one line: a tool's odd name must not lose the mail, so it is mended rather than refused."""
    return CONTROLS.sub(" ", text).strip()


def many_lines(text: str) -> str:
    """`text` with plain newlines and tabs, and no other control character."""
    return CONTROLS_BUT_NEWLINES.sub(" ", LINE_ENDS.sub("\n", text)).strip()


def filled_line(text: str) -> str:
    line = one_line(text)
    if not line:
        raise wrong("must not be blank")
    return line


def web_address(text: str) -> str:
    address = one_line(text)
    if address and not is_web_address(address):
        raise wrong("must be a web address that begins with http:// or https://")
    return address


def is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"\s", text)


def moment(value: object) -> object:
    """A time as RFC 3339 writes it, in UTC. Without a zone it is refused: nobody can know whose clock it was."""
    if value is None or isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not MOMENT.fullmatch(value.strip()):
        raise wrong("must be a time with its zone, such as 2026-11-22T10:00:00Z or 2026-11-22T11:00:00+01:00")
    try:
        time = datetime.fromisoformat(value.strip().upper()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise wrong("is not a time that exists") from error
    # .NET writes the year 1 for "never", and not every zone has a local time for it.
    if not EARLIEST <= time < LATEST:
        raise wrong("must lie between 1970 and 2200; leave it out when it is not known")
    return time
