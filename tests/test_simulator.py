"""What a notification would do, before anybody trusts it."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from notifications.models import Completion, Message, Notification
from notifications.simulator import Rehearsal, rehearse, verdicts_on
from tests.base import a_completion, a_notification

pytestmark = pytest.mark.django_db

MONDAY_NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def received(at: datetime, targets: dict[str, str] | None = None, **columns: Any) -> Completion:
    completion = a_completion(targets, **columns)
    Completion.objects.filter(pk=completion.pk).update(received_at=at)
    return Completion.objects.get(pk=completion.pk)


def rule(**columns: Any) -> Notification:
    """Not saved."""
    return Notification(**{"name": "Draft", "to": ["ops@peer.test"], "time_zone": "Europe/Berlin"} | columns)


class TestOnOneCompletion:
    def test_every_notification_says_whether_it_fires_or_why_not(self) -> None:
        a_notification(name="a")
        a_notification(name="b", enabled=False)
        a_notification(name="c", kind="schedule")
        a_notification(name="d", target_glob="srv-*")

        verdicts = verdicts_on(received(MONDAY_NOON, {"PC-1": "failed"}))

        assert [(verdict.notification.name, verdict.fires) for verdict in verdicts] == [
            *(("a", True), ("b", False), ("c", False), ("d", False)),
        ]
        assert [verdict.then or verdict.objection for verdict in verdicts] == [
            "Mails at once.",
            "The notification is switched off.",
            "It is for the end of a schedule, and this was a deployment.",
            "It wants a target like srv-*; of 1 target none is named so.",
        ]

    @pytest.mark.parametrize(
        ("columns", "then"),
        [
            (
                {"hours_from": time(14), "hours_until": time(17)},
                "Waits until Mon 23 Nov 2026, 14:00 CET, when the hours begin.",
            ),
            ({"digest": "hourly"}, "Collected for the digest of Mon 23 Nov 2026, 14:00 CET."),
            (
                {"digest": "daily", "digest_at": time(7), "hours_from": time(8), "hours_until": time(17)},
                "Collected for the digest of Tue 24 Nov 2026, 07:00 CET. "
                "It waits until Tue 24 Nov 2026, 08:00 CET, when the hours begin.",
            ),
            (
                {"throttle_count": 5, "throttle_minutes": 10},
                "Mails at once. After 5 in 10 minutes, the rest is told of in one mail.",
            ),
        ],
    )
    def test_what_would_follow_is_said(self, columns: dict[str, Any], then: str) -> None:
        a_notification(time_zone="Europe/Berlin", **columns)
        (verdict,) = verdicts_on(received(MONDAY_NOON))
        assert verdict.then == then

    def test_nothing_is_stored_or_sent(self) -> None:
        a_notification(throttle_count=1, throttle_minutes=1)
        before = Notification.objects.values().get()
        verdicts_on(received(MONDAY_NOON))
        assert Notification.objects.values().get() == before
        assert not Message.objects.exists()

    def test_takes_as_many_queries_for_thirty_rules_as_for_three(self, django_assert_num_queries: Any) -> None:
        completion = received(MONDAY_NOON, {f"PC-{number}": "failed" for number in range(20)})
        for number in range(30):
            a_notification(target_glob=f"pc-{number}", min_failed_percent=50)
        with django_assert_num_queries(3):
            assert sum(verdict.fires for verdict in verdicts_on(completion)) == 20


class TestOnWhatCameLast:
    def test_is_counted_newest_first(self) -> None:
        for number in range(60):
            received(MONDAY_NOON, outcome="failed" if number % 10 == 0 else "success", failures_before=0)

        rehearsal = rehearse(rule(history=["first_failure"]))

        assert str(rehearsal) == "Would have told of 5 of the last 50 deployments, in 5 mails."
        keys = [verdict.completion.pk for verdict in rehearsal.verdicts]
        assert keys == sorted(keys, reverse=True)
        assert rehearsal.verdicts[0].objection.startswith("It is for “first failure”; ")

    def test_of_its_kind_only(self) -> None:
        received(MONDAY_NOON)
        received(MONDAY_NOON, kind="schedule")
        assert str(rehearse(rule(kind="schedule"))) == "Would have told of 1 of the last 1 schedule, in 1 mail."

    def test_as_if_it_were_on(self) -> None:
        received(MONDAY_NOON)
        draft = rule(enabled=False)
        assert len(rehearse(draft).fired) == 1
        assert not draft.enabled

    def test_when_nothing_came_yet(self) -> None:
        assert "nothing to try it on" in str(rehearse(rule()))

    def test_when_it_never_fires(self) -> None:
        received(MONDAY_NOON)
        assert str(rehearse(rule(outcomes=["success"]))) == "Would have told of 0 of the last 1 deployment."

    def test_makes_one_mail_of_a_digests_window(self) -> None:
        assert self.of_every_minute(90, digest="hourly").mail_count == 2

    def test_makes_one_mail_of_what_a_throttle_keeps(self) -> None:
        """In each ten minutes two at once, and one with the eight others."""
        assert self.of_every_minute(30, throttle_count=2, throttle_minutes=10).mail_count == 9

    def test_takes_as_many_queries_for_fifty_as_for_two(self, django_assert_num_queries: Any) -> None:
        draft = rule(target_glob="pc-*", min_failed_percent=10)
        for count in (2, 48):
            for _ in range(count):
                received(MONDAY_NOON, {"PC-1": "failed", "PC-2": "success"})
            with django_assert_num_queries(3):
                assert all(verdict.fires for verdict in rehearse(draft).verdicts)

    def of_every_minute(self, count: int, **columns: Any) -> Rehearsal:
        for minute in range(count):
            received(MONDAY_NOON + minute * MINUTE)
        return rehearse(rule(**columns), last=count)
