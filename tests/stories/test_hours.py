"""Nights and weekends in Berlin, also when its clocks change."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

import pytest

from notifications.models import Message
from tests.base import a_notification
from tests.stories.conftest import Tool

pytestmark = pytest.mark.django_db
ItIs = Callable[[str], datetime]

OFFICE = {
    "days": ["mon", "tue", "wed", "thu", "fri"],
    "hours_from": time(8),
    "hours_until": time(17),
    "time_zone": "Europe/Berlin",
}
NIGHT = {"hours_from": time(22), "hours_until": time(6), "time_zone": "Europe/Berlin"}


def waits_until(message: Message) -> str:
    """In UTC; empty when it may go."""
    message.refresh_from_db()
    if not message.not_before:
        return ""
    assert message.next_attempt_at == message.not_before
    assert not Message.due(message.not_before - timedelta(seconds=1)).filter(pk=message.pk).exists()
    return str(message.not_before)


def at_once(tool: Tool, it_is: ItIs, moment: str) -> bool:
    it_is(moment)
    (message,) = tool.mails()
    return not waits_until(message)


class TestOfficeHoursThatWait:
    @pytest.fixture(autouse=True)
    def rule(self) -> None:
        a_notification(**OFFICE, outside_hours="wait")

    @pytest.mark.parametrize("moment", ["2026-11-23 08:00+01:00", "2026-11-27 16:59:59+01:00"])
    def test_mail_at_once_in_the_office(self, tool: Tool, it_is: ItIs, moment: str) -> None:
        assert at_once(tool, it_is, moment)

    @pytest.mark.parametrize(
        ("moment", "opening"),
        [
            ("2026-11-23 07:59:59+01:00", "2026-11-23 07:00:00+00:00"),
            ("2026-11-23 17:00+01:00", "2026-11-24 07:00:00+00:00"),
            ("2026-11-27 17:00+01:00", "2026-11-30 07:00:00+00:00"),
            ("2026-11-29 12:00+01:00", "2026-11-30 07:00:00+00:00"),
            # The clocks go forward on Sunday, 29 March, and back on Sunday, 25 October.
            ("2026-03-27 18:00+01:00", "2026-03-30 06:00:00+00:00"),
            ("2026-10-23 18:00+02:00", "2026-10-26 07:00:00+00:00"),
        ],
    )
    def test_wait_for_the_next_morning_in_berlin(self, tool: Tool, it_is: ItIs, moment: str, opening: str) -> None:
        it_is(moment)
        (message,) = tool.mails()
        assert waits_until(message) == opening
        assert message.state == Message.State.QUEUED

    def test_a_saved_mail_server_does_not_hurry_them(self, tool: Tool, it_is: ItIs) -> None:
        it_is("2026-11-28 12:00+01:00")
        (message,) = tool.mails()
        Message.make_all_due()
        assert waits_until(message) == "2026-11-30 07:00:00+00:00"

    def test_a_person_can_send_them_now(self, tool: Tool, it_is: ItIs) -> None:
        now = it_is("2026-11-28 12:00+01:00")
        (message,) = tool.mails()
        assert message.retry_now()
        assert Message.due(now).get() == message


class TestOfficeHoursThatDrop:
    def test_send_nothing_at_night_and_on_sunday(self, tool: Tool, it_is: ItIs) -> None:
        a_notification(name="office", **OFFICE, outside_hours="drop")
        told = []
        for moment in (
            "2026-11-20 16:59+01:00",
            "2026-11-20 17:00+01:00",
            "2026-11-22 12:00+01:00",
            "2026-11-23 08:00+01:00",
        ):
            it_is(moment)
            told.append(tool.reports())
        assert told == [["office"], [], [], ["office"]]


class TestNights:
    """Twenty-two to six: each belongs to the evening on which it begins."""

    def test_reach_into_the_next_morning(self, tool: Tool, it_is: ItIs) -> None:
        a_notification(**NIGHT)
        assert at_once(tool, it_is, "2026-11-22 22:00+01:00")
        assert at_once(tool, it_is, "2026-11-23 05:59+01:00")
        assert not at_once(tool, it_is, "2026-11-23 06:00+01:00")

    def test_of_fridays_only_do_not_begin_on_saturday(self, tool: Tool, it_is: ItIs) -> None:
        a_notification(**NIGHT, days=["fri"])
        assert at_once(tool, it_is, "2026-11-28 03:00+01:00")  # Saturday's morning is still Friday's night
        assert not at_once(tool, it_is, "2026-11-28 23:00+01:00")
        assert not at_once(tool, it_is, "2026-11-27 03:00+01:00")

    @pytest.mark.parametrize(
        ("last_minute", "first_after"),
        [
            ("2026-03-29 05:59+02:00", "2026-03-29 06:00+02:00"),
            ("2026-10-25 05:59+01:00", "2026-10-25 06:00+01:00"),
        ],
    )
    def test_end_by_the_clock_however_long_they_were(
        self, tool: Tool, it_is: ItIs, last_minute: str, first_after: str
    ) -> None:
        a_notification(**NIGHT)
        assert at_once(tool, it_is, last_minute)
        assert not at_once(tool, it_is, first_after)


class TestAnHourThatDoesNotExist:
    """On 29 March there is no time between 02:00 and 03:00."""

    def test_begins_when_the_clock_jumps(self, tool: Tool, it_is: ItIs) -> None:
        a_notification(hours_from=time(2, 30), hours_until=time(4), time_zone="Europe/Berlin")
        it_is("2026-03-29 01:00+01:00")
        (message,) = tool.mails()
        assert waits_until(message) == "2026-03-29 01:00:00+00:00"

    def test_is_waited_for_until_the_next_day_if_it_is_all_there_is(self, tool: Tool, it_is: ItIs) -> None:
        a_notification(hours_from=time(2, 10), hours_until=time(2, 50), time_zone="Europe/Berlin")
        it_is("2026-03-29 01:00+01:00")
        (message,) = tool.mails()
        assert waits_until(message) == "2026-03-30 00:10:00+00:00"


@pytest.mark.parametrize("zone", ["", "Mars/Olympus_Mons", "../../etc/passwd", "Europe"])
def test_a_zone_that_is_none_is_the_installations(tool: Tool, it_is: ItIs, settings: Any, zone: str) -> None:
    settings.TIME_ZONE = "Asia/Tokyo"
    a_notification(hours_from=time(8), hours_until=time(17), time_zone=zone)
    assert at_once(tool, it_is, "2026-11-23 08:00+09:00")
    assert not at_once(tool, it_is, "2026-11-23 17:00+09:00")


def test_days_that_are_none_hold_no_mail_back_for_ever(tool: Tool, it_is: ItIs) -> None:
    a_notification(days=["someday"])
    assert at_once(tool, it_is, "2026-11-23 08:00+09:00")
