"""Whatever the days, hours, zone and moment: mail goes within the hours, and as early as they allow."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from notifications.matching.hours import first_moment, hours_in_words, opens_at
from notifications.models import Day, Notification

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Santiago", "UTC")
STEP = timedelta(minutes=5)

clocks = st.builds(time, st.integers(0, 23), st.sampled_from(range(0, 60, 5)))
moments = st.builds(
    lambda minutes: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes), st.integers(0, 4 * 365 * 24 * 60)
)
# Days on which clocks change somewhere, which no random moment would find.
changes = st.builds(
    lambda day, minutes: datetime(*day, tzinfo=UTC) + timedelta(minutes=minutes),
    st.sampled_from([(2026, 3, 28), (2026, 10, 24), (2026, 3, 8), (2026, 11, 1), (2026, 4, 4), (2026, 9, 5)]),
    st.integers(0, 3 * 24 * 60),
)


@st.composite
def rules(draw: st.DrawFn) -> Notification:
    begin, end = draw(st.tuples(clocks, clocks).filter(lambda pair: pair[0] != pair[1]) | st.just((None, None)))
    days = draw(st.lists(st.sampled_from(Day.values), unique=True))
    return Notification(days=days, hours_from=begin, hours_until=end, time_zone=draw(st.sampled_from(ZONES)))


def is_open(rule: Notification, at: datetime) -> bool:
    """By nothing but what the clock on the wall shows."""
    wall = at.astimezone(ZoneInfo(rule.time_zone))
    today, yesterday = (Day.values[(wall.weekday() - back) % 7] in (rule.days or Day.values) for back in (0, 1))
    if rule.hours_from is None:
        return today
    begin, end, now = rule.hours_from, rule.hours_until, wall.time()
    if begin < end:
        return today and begin <= now < end
    return (today and begin <= now) or (yesterday and now < end)


def is_shown_twice(rule: Notification, at: datetime) -> bool:
    """In autumn's doubled hour the wall cannot tell: hours begin and end when a time is shown first."""
    wall = at.astimezone(ZoneInfo(rule.time_zone))
    return wall.replace(fold=0).utcoffset() != wall.replace(fold=1).utcoffset()


@given(rules(), moments | changes)
@example(
    Notification(hours_from=time(2, 30), hours_until=time(4), time_zone="Europe/Berlin"),
    datetime(2026, 3, 29, tzinfo=UTC),
)
def test_mail_goes_within_the_hours(rule: Notification, at: datetime) -> None:
    goes_at = opens_at(rule, at) or at
    assume(not is_shown_twice(rule, goes_at))
    assert goes_at >= at
    assert is_open(rule, goes_at)


@settings(max_examples=60)
@given(rules(), moments | changes)
def test_no_earlier_moment_would_do(rule: Notification, at: datetime) -> None:
    opening = opens_at(rule, at)
    assume(opening)
    assert opening
    while at < opening:
        assert is_shown_twice(rule, at) or not is_open(rule, at)
        at += STEP


@given(rules(), moments | changes)
def test_at_the_opening_it_is_open(rule: Notification, at: datetime) -> None:
    opening = opens_at(rule, at)
    assert opening is None or opens_at(rule, opening) is None


def test_without_days_and_hours_it_is_always_open() -> None:
    assert opens_at(Notification(), datetime(2026, 11, 22, tzinfo=UTC)) is None


def test_a_day_that_a_country_left_out_begins_when_the_next_one_does() -> None:
    """Samoa crossed the date line: its 30 December 2011 never was."""
    jump = first_moment(date(2011, 12, 30), time(8), ZoneInfo("Pacific/Apia"))
    assert jump.astimezone(ZoneInfo("Pacific/Apia")).isoformat() == "2011-12-31T00:00:00+14:00"


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (
            {"days": ["fri", "mon", "tue", "wed", "thu"], "hours_from": time(8), "hours_until": time(17)},
            "Monday to Friday, 08:00 to 17:00, UTC",
        ),
        ({"days": ["sat", "sun"]}, "Saturday, Sunday, UTC"),
        ({"hours_from": time(22), "hours_until": time(0)}, "22:00 to 00:00, UTC"),
        ({"days": ["mon", "wed", "fri"], "time_zone": "Europe/Berlin"}, "Monday, Wednesday, Friday, Europe/Berlin"),
    ],
)
def test_hours_are_said_in_words(columns: dict[str, object], words: str) -> None:
    assert hours_in_words(Notification(**columns)) == words
