from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from notifications import tasks
from notifications.models import Completion, Outcome, RateCounter, Series
from tests.base import a_completion

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def series() -> Series:
    return Series.lock("pdq", "deployment", "7-Zip", "", "7-Zip 24.08 to Lab")


def lasting(series: Series, minutes: int | None, **told: Any) -> Completion:
    start = NOW - timedelta(minutes=minutes) if minutes is not None else None
    return a_completion(series=series, started_at=start, finished_at=NOW, **told)


def test_a_job_with_a_package_is_known_whatever_its_name() -> None:
    parts = ("pdq", "deployment", "7-Zip", "Nightly")
    assert Series.lock(*parts, "7-Zip 24.07") == Series.lock(*parts, "7-Zip 24.08")


def test_a_job_without_a_package_is_known_by_its_name() -> None:
    parts = ("pdq", "schedule", "", "Nightly")
    assert Series.lock(*parts, "Backup A") == Series.lock(*parts, "Backup A")
    assert Series.lock(*parts, "Backup A") != Series.lock(*parts, "Backup B")


def test_a_name_does_not_pass_for_a_package_or_a_schedule() -> None:
    jobs = [("A", "", ""), ("A", "B", ""), ("A", "", "B"), ("", "A", "B"), ("", "B", "A"), ("", "", "A")]
    assert len({Series.lock("pdq", "deployment", *job).pk for job in jobs}) == 5  # with a package, B is only a name


def test_a_job_that_says_nothing_is_forgotten() -> None:
    names = ("idle", "failed last", "with a completion")
    jobs = {name: Series.lock("pdq", "deployment", "", "", name) for name in names}
    jobs["failed last"].add(Outcome.FAILED)
    a_completion(series=jobs["with a completion"])
    assert Series.forget_idle() == 1
    assert set(Series.objects.all()) == {jobs["failed last"], jobs["with a completion"]}


def test_the_hourly_task_forgets_it_with_counts_of_past_hours() -> None:
    Series.lock("pdq", "deployment", "", "", "idle")
    RateCounter.objects.create(key="old", minute=1, count=1)
    tasks.prune()
    assert not Series.objects.exists()
    assert not RateCounter.objects.exists()


def test_the_usual_duration_is_the_median_of_those_before(series: Series) -> None:
    for minutes in (1, 30, 4):
        lasting(series, minutes)
    assert lasting(series, 100).usual_seconds == 240


def test_the_usual_duration_looks_at_the_last_ten(series: Series) -> None:
    for minutes in [100] * 10 + [2] * 10:
        lasting(series, minutes)
    assert lasting(series, 100).usual_seconds == 120


def test_what_came_later_says_nothing_about_the_usual_duration(series: Series) -> None:
    for _ in range(3):
        lasting(series, 4)
    looked_at = lasting(series, 4)
    for _ in range(10):
        lasting(series, 90)
    assert looked_at.usual_seconds == 240


def test_nothing_is_usual_after_two_times(series: Series) -> None:
    lasting(series, 4)
    lasting(series, 4)
    assert lasting(series, 4).usual_seconds is None


def test_what_was_cancelled_or_not_timed_is_not_usual(series: Series) -> None:
    for _ in range(3):
        lasting(series, 4)
    lasting(series, 90, outcome="cancelled")
    lasting(series, None)
    assert lasting(series, 4).usual_seconds == 240


def test_another_series_has_its_own_usual_duration(series: Series) -> None:
    for _ in range(5):
        lasting(Series.lock("other", "deployment", "7-Zip", "", ""), 4)
    assert lasting(series, 4).usual_seconds is None


def test_without_a_series_nothing_is_usual() -> None:
    assert a_completion().usual_seconds is None


def test_a_completion_lasts_from_its_start_to_its_end(series: Series) -> None:
    assert lasting(series, 4).seconds == 240
    assert lasting(series, None).seconds is None
