"""The retry policy."""

from datetime import timedelta

import pytest

from notifications.backends.base import Fault
from notifications.delivery.retry import next_delay

FRESH = timedelta()


@pytest.mark.parametrize(("tries", "minutes"), [(1, 1), (2, 5), (3, 15), (4, 30), (5, 60), (100, 60)])
def test_waits_grow_to_an_hour(tries: int, minutes: int) -> None:
    delay = next_delay(Fault.TRANSIENT, tries, FRESH)
    assert delay is not None
    assert timedelta(minutes=minutes * 0.8) <= delay <= timedelta(minutes=minutes * 1.2)


def test_a_throttled_attempt_that_counts_as_none_waits_a_minute_and_not_an_hour() -> None:
    assert next_delay(Fault.THROTTLED, 0, FRESH) == timedelta(minutes=1)


def test_the_first_wait_is_never_shorter_than_greylisting_asks() -> None:
    assert {next_delay(Fault.TRANSIENT, 1, FRESH) for _ in range(50)} == {timedelta(minutes=1)}


def test_mails_deferred_together_do_not_come_back_together() -> None:
    assert len({next_delay(Fault.TRANSIENT, 5, FRESH) for _ in range(50)}) > 40


def test_a_daily_limit_is_given_an_hour_at_once() -> None:
    delay = next_delay(Fault.QUOTA, 1, FRESH)
    assert delay is not None
    assert delay >= timedelta(minutes=48)


@pytest.mark.parametrize(
    ("asked", "given"),
    [(120, 120), (1, 1), (-5, 1), (10**9, 3600)],
)
def test_the_servers_own_word_is_taken_within_reason(asked: int, given: int) -> None:
    assert next_delay(Fault.THROTTLED, 1, FRESH, timedelta(seconds=asked)) == timedelta(seconds=given)


def test_the_end_comes_by_age_and_not_by_count(settings: object) -> None:
    settings.MESSAGE_MAX_AGE_DAYS = 5.0  # type: ignore[attr-defined]
    assert next_delay(Fault.TRANSIENT, 1000, timedelta(days=4.99)) is not None
    assert next_delay(Fault.TRANSIENT, 1, timedelta(days=5)) is None
