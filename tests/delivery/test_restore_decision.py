"""What an administrator decides about the emails of a restored database, and what that does."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from notifications.delivery.restore_check import hold
from notifications.delivery.restore_decision import Choice, Decision, by_age, decide, discarded, uncertain
from notifications.delivery.sender import send_due
from notifications.models import AuditEvent, DigestEntry, Message, Restoration
from tests.base import a_completion, a_message, a_notification, administrator, use_smtp
from tests.smtp_sink import SmtpSink

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def old(hours: float, **about: Any) -> Message:
    """An email that was queued so long ago."""
    message = a_message(**about)
    Message.objects.filter(pk=message.pk).update(created_at=timezone.now() - hours * HOUR)
    return message


def restored() -> Restoration:
    hold(Restoration.Sign.DECLARED)
    return Restoration.load()


def states(*messages: Message) -> list[str]:
    return [Message.objects.get(pk=message.pk).state for message in messages]


def reported(hours: float, **about: Any) -> Message:
    """An email about a job that finished so long ago."""
    return a_message(completion=a_completion(finished_at=timezone.now() - hours * HOUR), **about)


class TestUncertain:
    def test_is_what_waited_in_the_backup(self) -> None:
        waiting, sent = a_message(), a_message()
        Message.objects.filter(pk=sent.pk).update(state="sent")
        assert list(uncertain(restored())) == [waiting]

    def test_is_what_is_reported_again_of_earlier_jobs(self) -> None:
        row = restored()
        again, new, unknown = reported(3), reported(-1), a_message(completion=a_completion(finished_at=None))
        assert list(uncertain(row)) == [again]
        assert {new.pk, unknown.pk} <= set(Message.objects.values_list("pk", flat=True))

    def test_is_no_email_that_somebody_resends_since(self) -> None:
        first = reported(3)
        Message.objects.filter(pk=first.pk).update(state="sent")
        row = restored()
        resent = a_message(completion=first.completion, resend_of=first)
        assert resent not in uncertain(row)

    @pytest.mark.parametrize(("due", "is_uncertain"), [(-HOUR, True), (HOUR, False)])
    def test_is_a_digest_that_was_due_before(self, due: timedelta, is_uncertain: bool) -> None:
        notification, row = a_notification(), restored()
        digest = a_message(kind=Message.Kind.DIGEST, notification=notification)
        DigestEntry.objects.create(
            notification=notification,
            completion=a_completion(),
            message=digest,
            reason=DigestEntry.Reason.DIGEST,
            due_at=timezone.now() + due,
        )
        assert (digest in uncertain(row)) is is_uncertain

    def test_is_no_email_whose_hours_had_not_begun(self) -> None:
        later = timezone.now() + HOUR
        waits = a_message(not_before=later, next_attempt_at=later)
        assert waits not in uncertain(restored())

    def test_is_no_test(self) -> None:
        row = restored()
        a_message(kind=Message.Kind.TEST)
        assert list(uncertain(row)) == []

    def test_is_counted_by_age(self) -> None:
        for hours in (0.5, 2, 3, 12, 100, 1000):
            old(hours)
        assert [count for _, count in by_age(restored(), timezone.now())] == [1, 2, 1, 1, 1]


class TestDecide:
    def test_send_all(self) -> None:
        waiting = old(30)
        restored()
        assert decide(Decision(Choice.SEND), by=administrator()) == (1, 0)
        assert (states(waiting), Restoration.load().is_pending) == (["queued"], False)

    def test_discard_all_but_what_came_later(self) -> None:
        waiting = old(1)
        restored()
        again, new = reported(5), reported(-1)
        assert decide(Decision(Choice.DISCARD), by=None) == (0, 2)
        assert states(waiting, again, new) == ["cancelled", "cancelled", "queued"]

    def test_send_the_recent_ones(self) -> None:
        young, aged = old(1), old(3)
        restored()
        again, long_ago = reported(1), reported(9)
        assert decide(Decision(Choice.YOUNGER, 2), by=None) == (2, 2)
        assert states(young, aged, again, long_ago) == ["queued", "cancelled", "queued", "cancelled"]

    def test_the_age_of_a_job_counts_not_that_of_its_email(self) -> None:
        row = restored()
        message = reported(30)
        assert list(discarded(row, Decision(Choice.YOUNGER, 24), timezone.now())) == [message]

    def test_once(self) -> None:
        a_message()
        restored()
        assert decide(Decision(Choice.SEND), by=None) == (1, 0)
        assert decide(Decision(Choice.DISCARD), by=None) is None
        assert AuditEvent.objects.filter(action="restore_decided").count() == 1

    def test_many_at_once(self) -> None:
        template = a_message()
        copies = [Message(kind="notification", subject="x", content=b"") for _ in range(1200)]
        Message.objects.bulk_create(copies)
        restored()
        assert decide(Decision(Choice.DISCARD), by=None) == (0, 1201)
        assert states(template) == ["cancelled"]

    def test_is_on_record_with_its_numbers(self) -> None:
        old(1)
        old(3)
        restored()
        decide(Decision(Choice.YOUNGER, 2), by=administrator())
        event = AuditEvent.objects.get(action="restore_decided")
        assert event.actor_name == "ada"
        assert event.subject == "Send those up to 2 hours old: 1 to send, 1 discarded"

    def test_then_email_goes_out(self) -> None:
        with SmtpSink() as sink:
            use_smtp(sink)
            a_message()
            restored()
            assert send_due() == 0
            decide(Decision(Choice.SEND), by=None)
            assert (send_due(), len(sink.mails)) == (1, 1)
