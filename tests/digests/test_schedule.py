"""When digests are due, on clocks that jump."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.digests.schedule import due_at
from notifications.models import Day, Digest, Notification

BERLIN = ZoneInfo("Europe/Berlin")


def every(minutes: int, zone: str = "Europe/Berlin") -> Notification:
    return Notification(digest=Digest.MINUTES, digest_minutes=minutes, time_zone=zone)


def daily(at: str, zone: str = "Europe/Berlin") -> Notification:
    return Notification(digest=Digest.DAILY, digest_at=time.fromisoformat(at), time_zone=zone)


def weekly(day: Day, at: str) -> Notification:
    return Notification(
        digest=Digest.WEEKLY, digest_day=day, digest_at=time.fromisoformat(at), time_zone="Europe/Berlin"
    )


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("at", "due"),
    [("2026-11-22 10:00", "10:15"), ("2026-11-22 10:14:59", "10:15"), ("2026-11-22 10:15", "10:30")],
)
def test_minutes_are_counted_from_midnight(at: str, due: str) -> None:
    assert due_at(every(15), berlin(at)) == berlin(f"2026-11-22 {due}")


def test_the_last_step_of_a_day_ends_with_the_day() -> None:
    assert due_at(every(7), berlin("2026-11-22 23:59")) == berlin("2026-11-23 00:00")


def test_a_full_hour_is_the_zones_own() -> None:
    kathmandu = Notification(digest=Digest.HOURLY, time_zone="Asia/Kathmandu")
    assert due_at(kathmandu, datetime(2026, 11, 22, 10, 0, tzinfo=UTC)) == datetime(2026, 11, 22, 10, 15, tzinfo=UTC)


def test_a_daily_digest_goes_the_same_day_if_its_hour_is_still_to_come() -> None:
    assert due_at(daily("08:30"), berlin("2026-11-22 08:29:59")) == berlin("2026-11-22 08:30")
    assert due_at(daily("08:30"), berlin("2026-11-22 08:30")) == berlin("2026-11-23 08:30")


def test_a_weekly_digest_waits_for_its_day() -> None:
    # The 22nd of November 2026 is a Sunday.
    assert due_at(weekly(Day.MONDAY, "07:00"), berlin("2026-11-22 12:00")) == berlin("2026-11-23 07:00")
    assert due_at(weekly(Day.SUNDAY, "07:00"), berlin("2026-11-22 12:00")) == berlin("2026-11-29 07:00")


def test_an_hour_that_the_clocks_skip_is_the_moment_of_their_jump() -> None:
    assert due_at(daily("02:30"), berlin("2026-03-28 12:00")) == berlin("2026-03-29 03:00")


def test_an_hour_that_comes_twice_counts_once() -> None:
    first = due_at(daily("02:30"), berlin("2026-10-24 12:00"))
    assert first == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert due_at(daily("02:30"), first) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


def test_without_a_zone_it_is_the_installations(settings: object) -> None:
    settings.TIME_ZONE = "America/New_York"  # type: ignore[attr-defined]
    assert due_at(daily("08:00", zone=""), datetime(2026, 11, 22, 12, 0, tzinfo=UTC)) == datetime(
        2026, 11, 22, 13, 0, tzinfo=UTC
    )


START = datetime(2025, 1, 1, tzinfo=UTC)
moments = st.integers(0, 3 * 365 * 86400).map(lambda seconds: START + timedelta(seconds=seconds))
zones = st.sampled_from(["Europe/Berlin", "UTC", "Asia/Kathmandu", "America/St_Johns", "Australia/Lord_Howe"])
rules = st.one_of(
    st.builds(every, st.integers(1, 1440), zones),
    st.builds(lambda zone: Notification(digest=Digest.HOURLY, time_zone=zone), zones),
    st.builds(lambda hour, zone: daily(f"{hour:02}:30", zone), st.integers(0, 23), zones),
    st.builds(lambda day, hour: weekly(day, f"{hour:02}:30"), st.sampled_from(list(Day)), st.integers(0, 23)),
)


@given(rules, moments)
def test_the_end_is_always_later_and_never_further_off_than_its_period(rule: Notification, at: datetime) -> None:
    longest = {Digest.WEEKLY: timedelta(days=8), Digest.DAILY: timedelta(days=1, hours=2)}
    assert timedelta(0) < due_at(rule, at) - at <= longest.get(Digest(rule.digest), timedelta(days=1, hours=1))


@given(rules, moments, st.integers(0, 3600))
def test_what_comes_later_is_never_due_earlier(rule: Notification, at: datetime, seconds: int) -> None:
    assert due_at(rule, at) <= due_at(rule, at + timedelta(seconds=seconds))


@given(rules, moments)
def test_everything_up_to_the_end_falls_into_the_same_window(rule: Notification, at: datetime) -> None:
    end = due_at(rule, at)
    assert due_at(rule, end - timedelta(microseconds=1)) == end
