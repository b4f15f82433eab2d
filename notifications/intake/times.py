"""The times of a report: RFC 3339, and the ways in which programs nearly write it."""

import re
from datetime import UTC, datetime

from notifications.intake.values import one_line

# RFC 3339, section 5.6; with a blank for the T, as its note allows.
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
# A zone by name, which only these two leave no doubt about, and a blank in front of it, as `date` writes one.
ZONE = re.compile(r"(?<=\d) ?(?:(?P<utc>UTC|GMT|Z)|(?P<offset>[+-]\d\d(?::?\d\d)?))$", re.ASCII | re.IGNORECASE)
HOUR = re.compile(r"\d[Tt ]\d", re.ASCII)
# ConvertTo-Json of Windows PowerShell: milliseconds since 1970, in UTC whatever zone is named.
DOT_NET = re.compile(r"/Date\((-?\d{1,18})(?:[+-]\d{4})?\)/", re.ASCII)
# A leap second is RFC 3339; Python's clock has none.
LEAP_SECOND = re.compile(r"(?<=:\d\d:)60", re.ASCII)
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
UNKNOWN = "is not a time with its zone, such as 2026-11-22T10:00:00Z, and was left out"


def moment(text: str) -> tuple[datetime | None, str]:
    """The time in UTC, or None, with what was odd about it.

    Without a zone it is left out: nobody can know whose clock it was.
    """
    line = one_line(text)
    if not line:
        return None, ""
    time = read(line)
    if time is None:
        return None, UNKNOWN
    # .NET writes the year 1 for "never".
    if not EARLIEST <= time < LATEST:
        return None, "does not lie between 1970 and 2200 and was left out"
    if RFC_3339.fullmatch(line):
        return time, ""
    return time, f"is not written as in RFC 3339; it was read as {time:%Y-%m-%dT%H:%M:%SZ}"


def read(line: str) -> datetime | None:
    """As ISO 8601 writes a moment, in any of its forms. None for what is no moment, or one without a zone."""
    try:
        if found := DOT_NET.fullmatch(line):
            return datetime.fromtimestamp(int(found[1]) / 1000, UTC)
        zone = ZONE.search(line)
        clock = LEAP_SECOND.sub("59", line[: zone.start()]) if zone else ""
        # `2026-11-22` alone would pass for November 2026 in a zone 22 hours behind.
        if not zone or not HOUR.search(clock):
            return None
        return datetime.fromisoformat(f"{clock.upper()}{zone['offset'] or 'Z'}").astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
