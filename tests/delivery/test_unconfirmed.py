"""An email that was sent whole and never answered: at most one more copy, then a person decides."""

from datetime import timedelta

import pytest
from django.utils import timezone

from notifications.backends.base import Fault, Reply, Stage
from notifications.delivery.record import record
from notifications.delivery.result import Failure, SendResult
from notifications.delivery.sender import send_due
from notifications.models import Message
from tests.base import a_message, claim, outcomes, use_smtp
from tests.smtp_sink import DOT, SmtpSink

pytestmark = pytest.mark.django_db


def time_out(message: Message) -> Message:
    """One attempt whose final dot was not answered in time."""
    Message.objects.filter(pk=message.pk).update(next_attempt_at=timezone.now())
    claimed = claim("test", message.pk)
    assert claimed
    failure = Failure(Fault.AMBIGUOUS, Reply(text="no reply in time"), Stage.END_OF_DATA, timed_out=True)
    assert record(claimed.attempt, SendResult({}, failure))
    return Message.objects.get(pk=message.pk)


@pytest.fixture
def message() -> Message:
    use_smtp(host="127.0.0.1", port=9)
    return a_message("one@peer.test", "two@peer.test")


def test_first_timeout_waits_an_hour(message: Message) -> None:
    after = time_out(message)
    assert after.state == "queued"
    assert after.next_attempt_at > timezone.now() + timedelta(minutes=59)


def test_second_timeout_asks_a_person(message: Message) -> None:
    time_out(message)
    after = time_out(message)
    assert after.state == "unconfirmed"
    assert after.finished_at is not None
    assert set(outcomes(message).values()) == {"ambiguous"}


def test_accepted_recipients_stay_accepted(message: Message) -> None:
    message.recipients.filter(address="one@peer.test").update(outcome="accepted")
    time_out(message)
    time_out(message)
    assert outcomes(message) == {"one@peer.test": "accepted", "two@peer.test": "ambiguous"}


def test_marked_as_sent(message: Message) -> None:
    time_out(message)
    unconfirmed = time_out(message)
    assert unconfirmed.mark_as_sent()
    assert Message.objects.get().state == "sent"
    assert set(outcomes(message).values()) == {"accepted"}
    assert not unconfirmed.mark_as_sent()


def test_sent_again_with_the_same_identity(message: Message) -> None:
    time_out(message)
    unconfirmed = time_out(message)
    assert unconfirmed.send_again()
    with SmtpSink() as sink:
        use_smtp(sink)
        send_due()
    assert Message.objects.get().state == "sent"
    assert [mail.parsed["Message-ID"] for mail in sink.mails] == [message.internet_message_id]


def test_timeout_after_sending_again_asks_immediately(message: Message) -> None:
    time_out(message)
    assert time_out(message).send_again()
    assert time_out(message).state == "unconfirmed"


def test_server_that_hangs_up_after_the_final_dot_gets_few_copies() -> None:
    message = a_message()
    with SmtpSink().on(DOT, hang_up=True) as sink:
        use_smtp(sink)
        for _ in range(10):
            Message.objects.filter(state="queued").update(next_attempt_at=timezone.now())
            send_due()
    assert Message.objects.get(pk=message.pk).state == "unconfirmed"
    assert len(sink.mails) == 3
