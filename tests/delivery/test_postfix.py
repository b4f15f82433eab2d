"""The engine against real mail servers: Postfix in every way of connecting, and Dovecot's submission service."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from notifications.delivery import outbox
from notifications.delivery.sender import send_due
from notifications.emails.test_email import test_mail as mail_for_a_test
from notifications.intake.accept import accept
from notifications.intake.report import read
from notifications.models import Attempt, HoldReason, MailServerState, Message, Mode
from tests import base
from tests.peers.mail import MailPeer
from tests.pki import STRANGER, ca_pem

pytestmark = pytest.mark.django_db

SIGNED_IN = {"user": "sender@contoso.test", "password": "secret"}
DOORS: dict[str, dict[str, Any]] = {
    "plain": {"security": "none"},
    "starttls": {"security": "starttls", **SIGNED_IN},
    "tls": {"security": "tls", **SIGNED_IN},
    "plain_auth": {"security": "none", "allow_clear_password": True, **SIGNED_IN},
    "dovecot_starttls": {"security": "starttls", **SIGNED_IN},
    "dovecot_tls": {"security": "tls", **SIGNED_IN},
}
REPORT = {
    "kind": "deployment",
    "source": "pdq",
    "id": "12345",
    "name": "7-Zip 24.08 to Köln",
    "outcome": "failed",
    "targets": [{"name": "PC-001", "outcome": "failed", "detail": "exit code 1603"}],
}


def use(peer: MailPeer, door: str, **columns: Any) -> None:
    values = {"host": peer.host, "port": getattr(peer, door), "ca_certificate": peer.ca_pem.read_text()}
    base.use_smtp(**(values | DOORS[door] | columns))


def make_due() -> None:
    """As if the wait for the next try were over."""
    Message.objects.filter(state=Message.State.QUEUED).update(next_attempt_at=timezone.now())
    state = MailServerState.load()
    state.next_probe_at = state.paused_until = None
    state.save()


@pytest.mark.parametrize("door", DOORS)
def test_a_test_email_arrives(mail_peer: MailPeer, door: str) -> None:
    use(mail_peer, door)
    mail = mail_for_a_test("Ops <ops@peer.test>", "localhost", Mode.BASIC, timezone.now())
    message = outbox.put(mail, Message.Kind.TEST)
    send_due()
    message.refresh_from_db()
    assert message.state == Message.State.SENT
    (arrived,) = mail_peer.wait_for(1)
    assert arrived["Message-ID"] == message.internet_message_id
    assert (arrived["From"], arrived["Return-Path"]) == (base.SENDER, "<sender@contoso.test>")
    assert (arrived["To"], arrived["Delivered-To"]) == ("Ops <ops@peer.test>", "ops@peer.test")
    assert arrived["Date"].datetime == mail_date(message)


@pytest.mark.parametrize("door", DOORS)
def test_a_reported_completion_arrives_at_everybody(mail_peer: MailPeer, door: str) -> None:
    use(mail_peer, door)
    base.a_notification(to=["a@peer.test"], cc=["b@peer.test"], bcc=["c@peer.test"], reply_to=["help@peer.test"])
    (message,) = accept(read(json.dumps(REPORT).encode())).messages
    send_due()
    arrived = mail_peer.wait_for(3)
    assert sorted(mail["Delivered-To"] for mail in arrived) == ["a@peer.test", "b@peer.test", "c@peer.test"]
    for mail in arrived:
        assert (mail["From"], mail["To"], mail["Cc"]) == (base.SENDER, "a@peer.test", "b@peer.test")
        assert (mail["Reply-To"], mail["Bcc"]) == ("help@peer.test", None)
        assert "7-Zip 24.08 to Köln" in mail["Subject"]
        assert "exit code 1603" in mail.get_body(("plain",)).get_content()
        assert "exit code 1603" in mail.get_body(("html",)).get_content()
        assert len(mail.get_all("Message-ID")) == len(mail.get_all("Date")) == len(mail.get_all("From")) == 1


@pytest.mark.parametrize(
    ("door", "wrong", "reason", "code"),
    [
        ("starttls", {"password": "wrong"}, HoldReason.SIGN_IN, "535 5.7.8"),
        ("plain_auth", {"password": "wrong"}, HoldReason.SIGN_IN, "535 5.7.8"),
        ("dovecot_tls", {"user": "nobody@contoso.test"}, HoldReason.SIGN_IN, "535 5.7.8"),
        ("starttls", {"user": ""}, HoldReason.RELAY, "554 5.7.1"),
        ("starttls", {"ca_certificate": ca_pem(STRANGER)}, HoldReason.TLS, ""),
        ("tls", {"ca_certificate": ca_pem(STRANGER)}, HoldReason.TLS, ""),
        ("starttls", {"sender": "sendas@contoso.test"}, HoldReason.SENDER, "550 5.7.60"),
        ("starttls", {"sender": "ceo@contoso.test"}, HoldReason.SENDER, "553 5.7.1"),
    ],
)
def test_a_fault_of_the_settings_holds_the_queue(
    mail_peer: MailPeer, door: str, wrong: dict[str, str], reason: HoldReason, code: str
) -> None:
    use(mail_peer, door, **wrong)
    messages = [base.a_message("ops@peer.test") for _ in range(3)]
    send_due()
    state = MailServerState.load()
    assert (state.held_reason, state.held_code) == (reason, code)
    assert set(Message.objects.values_list("state", flat=True)) == {Message.State.QUEUED}
    # One mail found out; the others did not run into the same wall.
    assert [attempt.outcome for attempt in Attempt.objects.all()] == [Attempt.Outcome.CONFIGURATION]
    assert "secret" not in Attempt.objects.get().transcript

    use(mail_peer, door)
    send_due()
    assert not MailServerState.load().is_held
    assert len(mail_peer.wait_for(3)) == len(messages)


def test_four_recipients_have_four_outcomes_and_only_the_deferred_are_tried_again(mail_peer: MailPeer) -> None:
    use(mail_peer, "plain")
    message = base.a_message("nouser@peer.test", "full@peer.test", "busy@peer.test", "good@peer.test")
    send_due()
    rows = {row.address: (row.outcome, row.code) for row in message.recipients.all()}
    assert rows == {
        "nouser@peer.test": ("refused", "550 5.1.1"),
        "full@peer.test": ("deferred", "452 4.2.2"),
        "busy@peer.test": ("deferred", "451 4.7.500"),
        "good@peer.test": ("accepted", rows["good@peer.test"][1]),
    }
    message.refresh_from_db()
    assert message.state == Message.State.QUEUED
    assert message.next_attempt_at > timezone.now() + timedelta(seconds=30)

    make_due()
    send_due()
    again = message.attempts.get(number=2).transcript
    assert [line.split("<")[1].split(">")[0] for line in again.splitlines() if "> RCPT TO" in line.upper()] == [
        "full@peer.test",
        "busy@peer.test",
    ]
    assert [mail["Delivered-To"] for mail in mail_peer.wait_for(1)] == ["good@peer.test"]


@pytest.mark.parametrize(
    ("recipient", "outcome"), [("daily@peer.test", "deferred"), ("storedrv@peer.test", "deferred")]
)
def test_a_limit_that_time_heals_defers(mail_peer: MailPeer, recipient: str, outcome: str) -> None:
    use(mail_peer, "plain")
    message = base.a_message(recipient)
    send_due()
    assert base.outcomes(message) == {recipient: outcome}
    assert not MailServerState.load().is_held


def test_a_server_that_leaves_over_one_recipient_keeps_nobody_else_waiting(mail_peer: MailPeer) -> None:
    use(mail_peer, "plain")
    message = base.a_message("before@peer.test", "shutdown@peer.test", "after@peer.test")
    base.a_message("another@peer.test")
    send_due()
    assert base.outcomes(message) == {
        "before@peer.test": "accepted",
        "shutdown@peer.test": "deferred",
        "after@peer.test": "accepted",
    }
    arrived = [mail["Delivered-To"] for mail in mail_peer.wait_for(3)]
    assert sorted(arrived) == ["after@peer.test", "another@peer.test", "before@peer.test"]


def test_a_mail_over_the_size_limit_fails_and_says_why(mail_peer: MailPeer) -> None:
    use(mail_peer, "plain", port=mail_peer.limited)
    mail = base.a_mail("ops@peer.test")
    content = mail.content + b"x" * 70 + (b"\r\n" + b"x" * 70) * 400
    big = type(mail)(mail.subject, mail.internet_message_id, mail.recipients, content)
    message = outbox.put(big, Message.Kind.NOTIFICATION)
    send_due()
    message.refresh_from_db()
    assert message.state == Message.State.FAILED
    assert message.attempts.get().code.startswith("552")


def mail_date(message: Message) -> Any:
    return message.parsed["Date"].datetime
