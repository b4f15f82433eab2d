"""The days and hours of a notification, by the clock on the wall in its time zone."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings

from notifications.models import Day, Notification

ONE_DAY = timedelta(days=1)
# Any weekday comes within a week; the second is for a zone that left out a day, or a window that fell into a gap.
DAYS_AHEAD = 15


def opens_at(notification: Notification, at: datetime) -> datetime | None:
    """None when mail may go at `at`; else the next moment at which it may."""
    if not notification.days and notification.hours_from is None and notification.hours_until is None:
        return None
    zone = notification.time_zone or settings.TIME_ZONE
    return opening(tuple(notification.days), notification.hours_from, notification.hours_until, zone, at)


def hours_in_words(notification: Notification) -> str:
    """`Monday to Friday, 08:00 to 17:00, Europe/Berlin`"""
    begin, end = notification.hours_from, notification.hours_until
    clock = f"{begin or time.min:%H:%M} to {end or time.min:%H:%M}" if begin or end else ""
    return ", ".join(filter(None, (days_in_words(notification.days), clock, zone_of(notification).key)))


def days_in_words(days: list[str]) -> str:
    """Neighbours as a range."""
    labels = [day.label for day in Day if day in days]
    places = [place for place, day in enumerate(Day) if day in days]
    is_range = len(places) > 2 and places[-1] - places[0] == len(places) - 1
    return f"{labels[0]} to {labels[-1]}" if is_range else ", ".join(labels)


def zone_of(notification: Notification) -> ZoneInfo:
    return zone_named(notification.time_zone)


def zone_named(name: str) -> ZoneInfo:
    """The installation's for an empty name, and for one that an update of the time zones took away."""
    try:
        return ZoneInfo(name or settings.TIME_ZONE)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo(settings.TIME_ZONE)


def first_moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    """When the clock first shows this time or a later one of that day, in UTC.

    In autumn some times come twice: the first counts. In spring some never come: the moment of the jump counts.
    """
    wall = datetime.combine(day, at)
    late, early = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if shown(late, zone) == wall:
        return late
    # The jump lies between what the old and the new offset make of a time that the clock left out.
    while late - early > timedelta(seconds=1):
        middle = (early + (late - early) / 2).replace(microsecond=0)
        early, late = (early, middle) if shown(middle, zone) >= wall else (middle, late)
    return late


# Completions that come together ask the same of many notifications that have the same office hours.
@lru_cache(maxsize=1024)
def opening(
    days: tuple[str, ...], begin: time | None, end: time | None, zone_name: str, at: datetime
) -> datetime | None:
    zone = zone_named(zone_name)
    for opened, closed in windows(days, begin or time.min, end or time.min, zone, at.astimezone(zone).date()):
        if at < closed:
            return None if opened <= at else opened
    # Days that are none of the week's: better a mail too early than one that waits for ever.
    return None


def windows(
    days: tuple[str, ...], begin: time, end: time, zone: ZoneInfo, today: date
) -> Iterator[tuple[datetime, datetime]]:
    """Each belongs to the day on which it begins, so that yesterday's may reach into today."""
    over_midnight = end <= begin
    for ahead in range(-1 if over_midnight else 0, DAYS_AHEAD):
        day = today + ahead * ONE_DAY
        if not days or Day.values[day.weekday()] in days:
            last_day = day + ONE_DAY if over_midnight else day
            opened, closed = first_moment(day, begin, zone), first_moment(last_day, end, zone)
            if opened < closed:
                yield opened, closed


def shown(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)
