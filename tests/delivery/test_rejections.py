"""A rejection concerns one email, or every email: other emails tell which."""

import pytest

from notifications.delivery.concerns import REJECTED_IN_A_ROW
from notifications.delivery.sender import send_due
from notifications.models import Attempt, HoldReason, MailServerState, Message
from tests.base import a_message, outcomes, use_smtp
from tests.smtp_sink import DOT, SmtpSink

pytestmark = pytest.mark.django_db

UNCLEAR = "554 5.7.1 Transaktion abgelehnt"
POLICY = "550 5.7.1 Message rejected due to local policy"


def state_of(message: Message) -> str:
    return Message.objects.get(pk=message.pk).state


def accept_one() -> None:
    a_message("first@works.test")
    send_due()


def test_unclear_rejection_holds_when_nothing_was_ever_accepted() -> None:
    message = a_message()
    with SmtpSink().on(DOT, UNCLEAR) as sink:
        use_smtp(sink)
        send_due()
    state = MailServerState.load()
    assert (state.held_reason, state.held_code, state.held_stage) == (HoldReason.REJECTED, "554 5.7.1", "end_of_data")
    assert state_of(message) == "queued"
    attempt = message.attempts.get()
    assert (attempt.outcome, attempt.fault, attempt.stage) == ("configuration", "rejected", "end_of_data")


def test_unclear_rejection_fails_the_email_when_others_are_accepted() -> None:
    with SmtpSink().on("RCPT", UNCLEAR, address="bad@") as sink:
        use_smtp(sink)
        accept_one()
        rejected = a_message("bad@peer.test")
        send_due()
    assert state_of(rejected) == "failed"
    assert not MailServerState.load().is_held


def test_one_accepted_recipient_shows_that_the_others_are_meant() -> None:
    message = a_message("good@peer.test", "bad@peer.test")
    with SmtpSink().on("RCPT", UNCLEAR, address="bad@") as sink:
        use_smtp(sink)
        send_due()
    assert outcomes(message) == {"good@peer.test": "accepted", "bad@peer.test": "refused"}
    assert not MailServerState.load().is_held


@pytest.mark.parametrize("reply", [UNCLEAR, POLICY])
def test_row_of_rejections_holds_and_loses_none(reply: str) -> None:
    with SmtpSink() as sink:
        use_smtp(sink)
        accept_one()
        sink.on(DOT, reply)
        messages = [a_message(f"ops@site{number}.test") for number in range(REJECTED_IN_A_ROW + 3)]
        send_due()
        state = MailServerState.load()
        assert state.held_reason == HoldReason.REJECTED
        assert {state_of(message) for message in messages} == {"queued"}
        sink.forget()
        MailServerState.objects.update(next_probe_at=None)
        send_due()
    assert {state_of(message) for message in messages} == {"sent"}
    assert len(sink.mails) == len(messages)
    assert MailServerState.load().rejected_since is None


def test_row_of_rejections_ends_with_an_accepted_email() -> None:
    with SmtpSink().on(DOT, POLICY, times=2) as sink:
        use_smtp(sink)
        accept_one()
        for _ in range(2):
            a_message()
        send_due()
        accept_one()
        sink.on(DOT, POLICY, times=2)
        for _ in range(2):
            a_message()
        send_due()
    assert not MailServerState.load().is_held
    assert Message.objects.filter(state="failed").count() == 4


def test_email_rejected_before_and_after_others_were_accepted_fails() -> None:
    with SmtpSink().on("RCPT", UNCLEAR, address="bad@") as sink:
        use_smtp(sink)
        rejected = a_message("bad@peer.test")
        send_due()
        assert MailServerState.load().is_held
        good = a_message("good@peer.test")
        send_due()
    assert state_of(good) == "sent"
    assert state_of(rejected) == "failed"
    assert not MailServerState.load().is_held
    assert rejected.attempts.count() == 2


def test_unknown_recipients_never_hold() -> None:
    with SmtpSink().on("RCPT", "550 5.1.1 User unknown") as sink:
        use_smtp(sink)
        messages = [a_message(f"nobody{number}@peer.test") for number in range(REJECTED_IN_A_ROW + 2)]
        send_due()
    assert {state_of(message) for message in messages} == {"failed"}
    assert not MailServerState.load().is_held


def test_sender_that_stops_working_holds_although_it_worked_before() -> None:
    with SmtpSink() as sink:
        use_smtp(sink)
        accept_one()
        sink.on(DOT, "554 Message rejected: Email address is not verified")
        messages = [a_message() for _ in range(3)]
        send_due()
    assert MailServerState.load().held_reason == HoldReason.SENDER
    assert {state_of(message) for message in messages} == {"queued"}


def test_relay_that_accepted_before_refuses_only_that_recipient() -> None:
    with SmtpSink().on("RCPT", "550 5.7.1 Unable to relay", address="@outside.test") as sink:
        use_smtp(sink)
        accept_one()
        refused = a_message("x@outside.test")
        send_due()
    assert state_of(refused) == "failed"
    assert not MailServerState.load().is_held


@pytest.mark.parametrize("reply", ["550 5.7.1 Unable to relay", "554 5.7.1 Client host rejected: Access denied"])
def test_relay_that_no_longer_relays_at_all_holds_and_loses_none(reply: str) -> None:
    with SmtpSink() as sink:
        use_smtp(sink)
        accept_one()
        sink.on("RCPT", reply)
        messages = [a_message(f"ops@site{number}.test") for number in range(REJECTED_IN_A_ROW + 3)]
        send_due()
        assert MailServerState.load().held_reason == HoldReason.REJECTED
        assert {state_of(message) for message in messages} == {"queued"}
        sink.forget()
        MailServerState.objects.update(next_probe_at=None)
        send_due()
    assert {state_of(message) for message in messages} == {"sent"}


def test_inside_email_ends_the_hold_over_outside_recipients() -> None:
    with SmtpSink().on("RCPT", "550 5.7.1 Unable to relay", address="@outside") as sink:
        use_smtp(sink)
        accept_one()
        outside = [a_message(f"x@outside{number}.test") for number in range(REJECTED_IN_A_ROW)]
        send_due()
        assert MailServerState.load().is_held
        inside = a_message("y@inside.test")
        MailServerState.objects.update(next_probe_at=None)
        send_due()
    assert state_of(inside) == "sent"
    assert {state_of(message) for message in outside} == {"failed"}
    assert not MailServerState.load().is_held


@pytest.mark.parametrize("code", ["450 4.7.1", "454 4.7.1"])
def test_temporary_relay_refusal_is_never_final(code: str) -> None:
    with SmtpSink().on("RCPT", f"{code} Relay access denied", address="@outside.test") as sink:
        use_smtp(sink)
        accept_one()
        deferred = a_message("x@outside.test")
        send_due()
    assert state_of(deferred) == "queued"
    assert outcomes(deferred) == {"x@outside.test": "deferred"}


def test_outside_recipient_does_not_keep_inside_email_waiting() -> None:
    with SmtpSink().on("RCPT", "550 5.7.1 Unable to relay", address="@outside.test") as sink:
        use_smtp(sink)
        outside, inside = a_message("x@outside.test"), a_message("y@inside.test")
        send_due()
    assert state_of(inside) == "sent"
    assert state_of(outside) == "failed"
    assert not MailServerState.load().is_held


def test_probe_of_a_refused_sign_in_waits_its_time() -> None:
    with SmtpSink(users={"ops": "right"}) as sink:
        use_smtp(sink, user="ops", password="wrong")
        for number in range(4):
            a_message(f"x@site{number}.test")
        for _ in range(4):
            send_due()
    assert Attempt.objects.count() == 1


def test_test_email_is_no_proof_against_the_queue() -> None:
    test = a_message(kind=Message.Kind.TEST)
    with SmtpSink().on(DOT, UNCLEAR) as sink:
        use_smtp(sink)
        send_due()
    assert state_of(test) == "failed"
    assert not MailServerState.load().is_held
