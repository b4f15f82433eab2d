"""What goes at once and what waits for a mail of many."""

from datetime import UTC, datetime, timedelta

import pytest

from notifications.digests.collect import held_back
from notifications.models import Digest, DigestEntry, Notification
from tests.base import a_completion, a_notification

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def went_at_once(notification: Notification, at: datetime) -> bool:
    notification = Notification.objects.get(pk=notification.pk)
    return held_back(notification, a_completion(), at) is None


def test_a_plain_notification_holds_nothing_back() -> None:
    assert went_at_once(a_notification(), NOON)
    assert not DigestEntry.objects.exists()


def test_a_digest_collects_everything_until_its_window_ends() -> None:
    notification = a_notification(digest=Digest.HOURLY, time_zone="UTC")
    assert not any(went_at_once(notification, NOON + minute * MINUTE) for minute in (1, 30, 59))
    assert {entry.due_at for entry in DigestEntry.objects.all()} == {NOON + timedelta(hours=1)}


class TestAThrottle:
    def limited(self) -> Notification:
        return a_notification(throttle_count=2, throttle_minutes=10)

    def test_lets_the_first_ones_through_and_keeps_the_rest(self) -> None:
        notification = self.limited()
        assert [went_at_once(notification, NOON + n * MINUTE) for n in range(5)] == [True, True, False, False, False]
        assert {entry.due_at for entry in DigestEntry.objects.all()} == {NOON + 10 * MINUTE}
        assert {entry.reason for entry in DigestEntry.objects.all()} == {"throttled"}

    def test_begins_a_new_window_with_the_first_mail_after_the_old_one(self) -> None:
        notification = self.limited()
        for minute in range(3):
            went_at_once(notification, NOON + minute * MINUTE)
        assert went_at_once(notification, NOON + 10 * MINUTE)
        assert Notification.objects.get(pk=notification.pk).throttle_since == NOON + 10 * MINUTE

    def test_never_lets_more_through_in_a_window_than_it_says(self) -> None:
        notification = self.limited()
        at_once = sum(went_at_once(notification, NOON + second * timedelta(seconds=10)) for second in range(60))
        assert at_once == 2
        assert DigestEntry.objects.count() == 58

    def test_leaves_the_time_of_the_last_change_alone(self) -> None:
        notification = self.limited()
        went_at_once(notification, NOON)
        assert Notification.objects.get(pk=notification.pk).changed_at == notification.changed_at
