"""Numbers, times and links as a mail says them."""

import math
from datetime import UTC, datetime, tzinfo
from urllib.parse import urlsplit

from django.utils import timezone

from notifications.emails.headers import one_line

LINK_LIMIT = 2000


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def ordinal(number: int) -> str:
    """`3rd`, `11th`"""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{ending}"


def moment(at: datetime | None) -> str:
    """`22 Nov 2026, 10:04:00 UTC`, in the installation's time zone."""
    if at is None:
        return ""
    local = localised(at)
    return f"{day(local)}, {local:%H:%M:%S} {local.tzname()}"


def span(start: datetime, end: datetime, zone: tzinfo | None = None) -> str:
    """`22 Nov 2026, 10:00 – 11:00 UTC`, or with both days."""
    start, end = localised(start, zone), localised(end, zone)
    until = f"{end:%H:%M}" if start.date() == end.date() else f"{day(end)}, {end:%H:%M}"
    return f"{day(start)}, {start:%H:%M} – {until} {end.tzname()}"


def localised(at: datetime, zone: tzinfo | None = None) -> datetime:
    """Without `zone` in the installation's: whose click made the mail must not be seen in it."""
    try:
        return timezone.localtime(at, zone or timezone.get_default_timezone())
    except OverflowError:  # some tools report the year 1 or 9999 for "never", which most zones cannot shift
        return at.astimezone(UTC)


def day(at: datetime) -> str:
    return f"{at.day} {at:%b} {at.year}"


def duration(start: datetime | None, end: datetime | None) -> str:
    """Empty when unknown, or when the tool's clock ran backwards."""
    if start is None or end is None or end < start:
        return ""
    return seconds((end - start).total_seconds())


def seconds(number: float | None) -> str:
    """`12.5 s`, `4 min 5 s`, `3 h 20 min`, `2 d 4 h`."""
    if number is None or not math.isfinite(number) or number < 0:
        return ""
    if number < 60:
        return f"{number:.1f}".removesuffix(".0") + " s" if number < 59.95 else "1 min"
    total = round(number)
    for size, unit, rest_size, rest_unit in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if total >= size:
            rest = total % size // rest_size
            return f"{total // size:,} {unit}" + (f" {rest} {rest_unit}" if rest else "")
    return ""


def web_link(url: str) -> str:
    """`url` if a browser would fetch it, else nothing: `javascript:` and its like are never made clickable."""
    try:
        parts = urlsplit(url)
    except ValueError:  # an unclosed [ in the host
        return ""
    safe = parts.scheme in ("http", "https") and parts.netloc and len(url) <= LINK_LIMIT
    return url if safe and one_line(url).replace(" ", "") == url else ""
