"""How often in a minute, for all processes together."""

import threading
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from notifications.models import RateCounter, rate_counter

pytestmark = pytest.mark.django_db
LIMIT = 3
SetSecond = Callable[[int], None]


@pytest.fixture
def second(monkeypatch: pytest.MonkeyPatch) -> SetSecond:
    """`second(75)` sets the clock of the counter, in seconds since some minute began."""

    def set_to(number: int) -> None:
        monkeypatch.setattr(rate_counter, "time", SimpleNamespace(time=lambda: 6_000_000 + number))

    set_to(0)
    return set_to


def test_as_many_as_the_limit_pass_and_the_next_waits_for_the_next_minute(second: SetSecond) -> None:
    second(20)
    assert [RateCounter.add("a", LIMIT) for _ in range(5)] == [0, 0, 0, 40, 40]


def test_a_new_minute_begins_again(second: SetSecond) -> None:
    for _ in range(4):
        RateCounter.add("a", LIMIT)
    second(60)
    assert [RateCounter.add("a", LIMIT) for _ in range(4)] == [0, 0, 0, 60]


def test_a_clock_that_was_set_back_locks_nobody_out(second: SetSecond) -> None:
    second(3600)
    for _ in range(4):
        RateCounter.add("a", LIMIT)
    second(0)
    assert RateCounter.add("a", LIMIT) == 0


def test_each_key_is_counted_alone(second: SetSecond) -> None:
    assert [RateCounter.add(key, 1) for key in "abab"] == [0, 0, 60, 60]


def test_what_is_over_the_limit_writes_nothing(second: SetSecond) -> None:
    RateCounter.add("a", 1)
    with CaptureQueriesContext(connection) as queries:
        assert RateCounter.add("a", 1)
    assert [query["sql"].split()[0] for query in queries] == ["SELECT"]


def test_what_is_rolled_back_was_not_counted(second: SetSecond) -> None:
    with transaction.atomic():
        RateCounter.add("a", 1)
        transaction.set_rollback(True)
    assert RateCounter.add("a", 1) == 0


def test_counts_of_past_hours_are_forgotten(second: SetSecond) -> None:
    RateCounter.add("old", 1)
    second(2 * 3600)
    RateCounter.add("new", 1)
    assert RateCounter.forget_old() == 1
    assert RateCounter.objects.get().key == "new"


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_exactly_the_limit_pass(second: SetSecond) -> None:
    answers: list[int] = []

    def one() -> None:
        try:
            answers.append(RateCounter.add("a", LIMIT))
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(answers), answers.count(0)) == (20, LIMIT)
