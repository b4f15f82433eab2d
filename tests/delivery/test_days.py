"""What the mails of each day came to."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.utils import timezone

from notifications.delivery.days import DAYS, last_days, start_of, sum_up
from notifications.models import MailDay, Message
from tests.base import a_message

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 20, 12, tzinfo=UTC)
YESTERDAY = NOON - timedelta(days=1)


def settled(state: str, at: datetime, *, after: float = 1.0, **columns: object) -> Message:
    """A mail that took `after` seconds until it was settled `at` that moment."""
    message = a_message()
    values = {"state": state, "finished_at": at, "created_at": at - timedelta(seconds=after)} | columns
    Message.objects.filter(pk=message.pk).update(**values)
    return message


def yesterday() -> MailDay:
    return last_days(NOON)[-2]


class TestCounts:
    def test_each_mail_counts_for_the_day_on_which_it_was_settled(self) -> None:
        settled("sent", NOON, after=86_400)
        settled("sent", YESTERDAY)
        assert [day.sent for day in last_days(NOON)] == [0] * (DAYS - 2) + [1, 1]

    def test_every_end_has_its_own_count_and_given_up_is_failed(self) -> None:
        for state in ("sent", "sent", "partly_sent", "failed", "expired", "cancelled"):
            settled(state, YESTERDAY)
        day = yesterday()
        assert (day.sent, day.partly_sent, day.failed, day.cancelled, day.total) == (2, 1, 2, 1, 6)

    def test_a_test_is_no_mail_of_the_day(self) -> None:
        for state in ("sent", "failed"):
            settled(state, YESTERDAY, after=60, kind="test")
        settled("sent", YESTERDAY, after=2, kind="digest")
        day = yesterday()
        assert (day.sent, day.failed, day.median_seconds) == (1, 0, pytest.approx(2, abs=0.01))

    def test_what_still_waits_is_settled_on_no_day(self) -> None:
        a_message()
        assert sum(day.total for day in last_days(timezone.now())) == 0

    def test_midnight_belongs_to_the_day_that_begins(self) -> None:
        midnight = start_of(NOON.date())
        settled("sent", midnight)
        settled("failed", midnight - timedelta(microseconds=1))
        before, today = last_days(NOON)[-2:]
        assert (before.total, before.failed, today.total, today.sent) == (1, 1, 1, 1)

    def test_a_day_begins_where_the_installation_is_not_its_reader(self, settings: Any) -> None:
        settled("sent", datetime(2026, 3, 20, 1, tzinfo=UTC))
        settings.TIME_ZONE = "America/New_York"
        with timezone.override("Asia/Tokyo"):
            assert [day.sent for day in last_days(NOON)[-2:]] == [1, 0]

    def test_a_day_may_have_23_hours(self, settings: Any) -> None:
        settings.TIME_ZONE = "Europe/Berlin"
        days = last_days(datetime(2026, 3, 30, 12, tzinfo=UTC))
        starts = [day.starts_at.astimezone(UTC) for day in days]
        spring = [later - start for start, later in pairwise(starts)]
        assert spring.count(timedelta(hours=23)) == 1
        assert spring.count(timedelta(hours=24)) == DAYS - 2


class TestTimeToAccept:
    def test_median_and_95th_percentile_are_times_that_mails_took(self) -> None:
        for seconds in range(1, 21):
            settled("sent", YESTERDAY, after=seconds)
        day = yesterday()
        assert day.median_seconds == pytest.approx(10, abs=0.01)
        assert day.p95_seconds == pytest.approx(19, abs=0.01)

    def test_a_single_mail_is_both(self) -> None:
        settled("partly_sent", YESTERDAY, after=0.25)
        day = yesterday()
        assert day.median_seconds == day.p95_seconds == pytest.approx(0.25, abs=0.01)

    def test_what_was_not_accepted_has_no_time(self) -> None:
        settled("failed", YESTERDAY, after=500)
        assert yesterday().median_seconds is None

    def test_a_mail_that_waited_for_its_notifications_hours_is_timed_from_their_begin(self) -> None:
        settled("sent", YESTERDAY, after=36_000, not_before=YESTERDAY - timedelta(seconds=2))
        assert yesterday().median_seconds == pytest.approx(2, abs=0.01)

    def test_a_clock_that_was_set_back_makes_no_negative_time(self) -> None:
        settled("sent", YESTERDAY, after=-5)
        assert yesterday().median_seconds == 0


class TestKept:
    def test_a_day_that_is_over_is_kept_and_its_mails_are_read_no_more(self) -> None:
        settled("sent", YESTERDAY, after=3)
        sum_up(NOON)
        Message.objects.all().delete()
        assert (yesterday().sent, yesterday().median_seconds) == (1, pytest.approx(3, abs=0.01))

    def test_today_is_not_kept(self) -> None:
        settled("sent", NOON - timedelta(hours=1))
        sum_up(NOON)
        settled("sent", NOON - timedelta(minutes=1))
        assert last_days(NOON)[-1].sent == 2

    def test_a_day_is_left_alone_until_its_last_mails_are_surely_committed(self) -> None:
        midnight = start_of(NOON.date())
        sum_up(midnight + timedelta(minutes=1))
        assert not MailDay.objects.filter(starts_at=start_of(YESTERDAY.date())).exists()
        sum_up(midnight + timedelta(minutes=11))
        assert MailDay.objects.filter(starts_at=start_of(YESTERDAY.date())).exists()

    def test_a_second_time_changes_nothing(self) -> None:
        sum_up(NOON)
        settled("sent", YESTERDAY)
        sum_up(NOON)
        assert MailDay.objects.count() == DAYS - 1
        assert yesterday().sent == 0

    def test_in_another_time_zone_the_days_are_summed_up_anew(self, settings: Any) -> None:
        sum_up(NOON)
        settled("sent", YESTERDAY)
        settings.TIME_ZONE = "Asia/Tokyo"
        assert sum(day.sent for day in last_days(NOON)) == 1

    def test_days_older_than_the_retention_are_forgotten(self) -> None:
        MailDay.objects.create(starts_at=NOON - timedelta(days=400))
        sum_up(NOON)
        assert not MailDay.objects.filter(starts_at__lt=NOON - timedelta(days=200)).exists()

    def test_no_query_reads_the_mails_of_a_kept_day(self, django_assert_num_queries: object) -> None:
        sum_up(NOON)
        with django_assert_num_queries(2):  # type: ignore[operator]  # the days kept, and today's counts
            last_days(NOON)
