"""When a digest is due, in its notification's time zone."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from notifications.matching.hours import first_moment, zone_of
from notifications.models import Day, Digest, Notification

HOUR = timedelta(hours=1)
DAYS = list(Day)


def due_at(notification: Notification, at: datetime) -> datetime:
    """The end of the window that `at` falls into: always later than `at`."""
    zone = zone_of(notification)
    if notification.digest == Digest.MINUTES:
        return end_of_step(at, zone, timedelta(minutes=notification.digest_minutes or 60))
    if notification.digest == Digest.HOURLY:
        return end_of_step(at, zone, HOUR)
    return end_of_day(notification, at, zone)


def end_of_step(at: datetime, zone: ZoneInfo, step: timedelta) -> datetime:
    """Steps are counted from midnight, on the clock that never jumps; the day's last one may be cut short."""
    today = at.astimezone(zone).date()
    midnight, next_midnight = first_moment(today, time(), zone), first_moment(today + timedelta(days=1), time(), zone)
    steps = (at - midnight) // step + 1
    return min(midnight + steps * step, next_midnight)


def end_of_day(notification: Notification, at: datetime, zone: ZoneInfo) -> datetime:
    """The next time that the clock shows the digest's hour, on its weekday if it has one."""
    day = at.astimezone(zone).date()
    while True:
        end = first_moment(day, notification.digest_at or time(), zone)
        if end > at and is_its_day(notification, day):
            return end
        day += timedelta(days=1)


def is_its_day(notification: Notification, day: date) -> bool:
    return notification.digest != Digest.WEEKLY or DAYS[day.weekday()] == (notification.digest_day or Day.MONDAY)
