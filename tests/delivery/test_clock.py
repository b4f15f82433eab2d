"""What happens when the system's clock is set."""

from datetime import timedelta

import pytest
from django.utils import timezone

from notifications.delivery.clock import note_jump
from notifications.delivery.sender import send_due
from notifications.delivery.sweep import sweep
from notifications.models import HousekeepingRun, MailServerState, Message
from supervisor.clock_watch import ClockWatch
from tests.base import a_message, claim, use_smtp
from tests.smtp_sink import SmtpSink

pytestmark = pytest.mark.django_db

TEN_SECONDS = timedelta(seconds=10)


class Clock:
    """Two clocks; a test sets the one on the wall."""

    wall = steady = 1_800_000_000.0

    def watch(self) -> ClockWatch:
        return ClockWatch(lambda: self.wall, lambda: self.steady)


@pytest.mark.parametrize("jump", [timedelta(days=10), timedelta(hours=-1)])
def test_jump_is_noticed_once(jump: timedelta) -> None:
    clock = Clock()
    watch = clock.watch()
    assert not note_jump(watch)
    clock.wall += jump.total_seconds()
    assert note_jump(watch)
    assert not note_jump(watch)
    state = MailServerState.load()
    assert state.clock_jump_seconds == jump.total_seconds()
    assert state.clock_jumped_at


def test_small_correction_is_no_jump() -> None:
    clock = Clock()
    watch = clock.watch()
    clock.wall += 5
    assert not note_jump(watch)


def test_email_planned_before_the_clock_was_set_back_is_due() -> None:
    message = a_message()
    Message.objects.update(next_attempt_at=timezone.now() + timedelta(days=10))
    assert sweep() == 1
    message.refresh_from_db()
    assert message.next_attempt_at <= timezone.now()


def test_email_that_was_queued_before_the_clock_was_set_back_an_hour_is_due() -> None:
    a_message()
    Message.objects.update(next_attempt_at=timezone.now() + timedelta(hours=1))
    assert sweep() == 1


def test_retry_waits_as_long_as_before_when_the_clock_was_set_back() -> None:
    clock, planned = Clock(), timezone.now() + timedelta(hours=1, minutes=5)
    a_message()
    Message.objects.update(next_attempt_at=planned, attempt_count=1)
    state = MailServerState.lock()
    state.pause(timedelta(hours=1, minutes=2), "busy")
    first, second = clock.watch(), clock.watch()
    clock.wall -= 3600
    assert note_jump(first)
    assert note_jump(second)
    assert Message.objects.get().next_attempt_at == planned - timedelta(hours=1)
    assert MailServerState.load().paused_until == state.paused_until - timedelta(hours=1)  # type: ignore[operator]
    assert sweep() == 0


def test_retry_keeps_its_time_when_the_clock_was_set_ahead() -> None:
    clock, planned = Clock(), timezone.now() + timedelta(minutes=5)
    a_message()
    Message.objects.update(next_attempt_at=planned, attempt_count=1)
    watch = clock.watch()
    clock.wall += 60
    assert note_jump(watch)
    assert Message.objects.get().next_attempt_at == planned


def test_email_that_waits_for_its_hours_still_waits() -> None:
    later = timezone.now() + timedelta(days=2)
    a_message(not_before=later, next_attempt_at=later)
    assert sweep() == 0
    assert Message.objects.get().next_attempt_at == later


def test_lease_given_before_the_clock_was_set_back_is_over() -> None:
    message = a_message()
    use_smtp(host="127.0.0.1", port=9)
    assert claim("dead")
    message.attempts.update(lease_expires_at=timezone.now() + timedelta(hours=1))
    assert sweep() == 1
    assert message.attempts.get().lost_worker


def test_leases_are_left_alone_right_after_a_jump() -> None:
    message = a_message()
    use_smtp(host="127.0.0.1", port=9)
    assert claim("alive")
    message.attempts.update(lease_expires_at=timezone.now() - timedelta(days=10))
    assert sweep(trust_leases=False) == 0
    assert message.attempts.get().finished_at is None


def test_pause_made_before_the_clock_was_set_back_is_over() -> None:
    state = MailServerState.lock()
    state.pause(timedelta(days=10), "busy")
    sweep()
    assert not MailServerState.load().is_paused(timezone.now())


def test_clock_that_jumped_ahead_expires_no_email(settings: object) -> None:
    settings.MESSAGE_MAX_AGE_DAYS = 5.0  # type: ignore[attr-defined]
    message = a_message()
    with SmtpSink().on("RCPT", "450 4.2.0 later") as sink:
        use_smtp(sink)
        send_due()
        message.attempts.update(started_at=timezone.now() - timedelta(days=10))
        MailServerState.objects.update(clock_jumped_at=timezone.now())
        message.retry_now()
        send_due()
    message.refresh_from_db()
    assert message.state == "queued"


def test_housekeeping_runs_once_in_its_interval() -> None:
    now = timezone.now()
    assert HousekeepingRun.take("job", TEN_SECONDS, now)
    assert not HousekeepingRun.take("job", TEN_SECONDS, now + timedelta(seconds=5))
    assert HousekeepingRun.take("job", TEN_SECONDS, now + timedelta(seconds=11))


def test_housekeeping_goes_on_when_the_clock_was_set_back() -> None:
    now = timezone.now()
    assert HousekeepingRun.take("job", TEN_SECONDS, now)
    assert HousekeepingRun.take("job", TEN_SECONDS, now - timedelta(days=10))
