"""What Safety lets through, seen at the mail server."""

import pytest

from notifications.delivery.sender import send_due
from notifications.intake.accept import accept
from notifications.models import HoldReason, MailServerState, Message, Recipient, Safety
from tests.base import a_message, a_notification, outcomes
from tests.reports import a_report
from tests.smtp_sink import SmtpSink

pytestmark = pytest.mark.django_db


def safety(**columns: object) -> None:
    Safety.objects.update_or_create(pk=1, defaults=columns)


def test_nothing_is_held_back_at_first(sink: SmtpSink) -> None:
    message = a_message("ops@peer.test")
    send_due()
    assert outcomes(message) == {"ops@peer.test": "accepted"}


def test_paused_mail_waits_and_goes_once_it_is_let_go(sink: SmtpSink) -> None:
    message = a_message("ops@peer.test")
    safety(paused=True)
    send_due()
    assert sink.mails == []
    assert Message.objects.get(pk=message.pk).state == Message.State.QUEUED
    assert not message.attempts.exists()
    safety(paused=False)
    send_due()
    assert len(sink.mails) == 1


def test_a_test_goes_while_mail_is_paused(sink: SmtpSink) -> None:
    safety(paused=True)
    a_message("ops@peer.test", kind=Message.Kind.TEST)
    send_due()
    assert len(sink.mails) == 1


class TestAllowedDomains:
    def test_recipients_elsewhere_are_refused_and_the_others_get_their_mail(self, sink: SmtpSink) -> None:
        safety(allowed_domains=["peer.test"])
        message = a_message("ops@peer.test", "eve@PEER.test.evil.test", "bob@Peer.Test")
        send_due()
        assert outcomes(message) == {
            "ops@peer.test": "accepted",
            "eve@PEER.test.evil.test": "refused",
            "bob@Peer.Test": "accepted",
        }
        assert sink.mails[0].recipients == ("ops@peer.test", "bob@Peer.Test")

    def test_the_reason_names_the_domain(self, sink: SmtpSink) -> None:
        safety(allowed_domains=["peer.test"])
        message = a_message("eve@evil.test")
        send_due()
        assert "evil.test is not among the allowed recipient domains" in message.recipients.get().text

    def test_a_mail_for_nobody_allowed_fails_without_a_connection(self, sink: SmtpSink) -> None:
        safety(allowed_domains=["peer.test"])
        message = a_message("eve@evil.test")
        send_due()
        assert Message.objects.get(pk=message.pk).state == Message.State.FAILED
        assert sink.connections == 0

    def test_our_own_refusal_is_no_sign_that_a_held_server_works(self, sink: SmtpSink) -> None:
        safety(allowed_domains=["peer.test"])
        state = MailServerState.load()
        state.hold(HoldReason.SIGN_IN, "535 5.7.8", "no")
        state.try_now()
        a_message("eve@evil.test")
        send_due()
        assert MailServerState.load().is_held


class TestRerouting:
    def test_one_address_gets_the_mail_and_its_subject_says_for_whom_it_was(self, sink: SmtpSink) -> None:
        safety(reroute_to="lab@peer.test")
        a_message("ops@contoso.test", "boss@contoso.test")
        send_due()
        assert [mail.recipients for mail in sink.mails] == [("lab@peer.test",)]
        mail = sink.mails[0].parsed
        assert mail["Subject"] == "[for ops@contoso.test, boss@contoso.test] 7-Zip failed"
        assert mail["To"] == "lab@peer.test"
        assert mail["Cc"] is None

    def test_every_recipient_s_outcome_tells_where_the_mail_went(self, sink: SmtpSink) -> None:
        safety(reroute_to="lab@peer.test")
        message = a_message("ops@contoso.test", "boss@contoso.test")
        send_due()
        assert outcomes(message) == {"ops@contoso.test": "accepted", "boss@contoso.test": "accepted"}
        assert all("rerouted to lab@peer.test" in each.text for each in message.recipients.all())

    @pytest.mark.parametrize(
        "name",
        [
            "Übung für Größenwahn " * 9,
            "🚀👩\u200d🚒" * 40,
            "배포가 실패했습니다 " * 15,
            "x" * 190,
            "=?utf-8?q?a?= " * 9,
        ],
    )
    def test_a_long_subject_is_encoded_as_it_was_before(self, sink: SmtpSink, name: str) -> None:
        safety(reroute_to="lab@peer.test")
        a_notification(to=["Jörg Groß <ops@contoso.test>", "boss@contoso.test"], subject_template="{{ name }}")
        (message,) = accept(a_report(name=name)).messages
        send_due()
        head = sink.mails[0].content.partition(b"\r\n\r\n")[0].decode("ascii")
        assert sink.mails[0].parsed["Subject"] == f"[for ops@contoso.test, boss@contoso.test] {message.subject}"
        assert max(map(len, head.split("\r\n"))) <= 78
        assert max((len(word) for word in head.split() if word.startswith("=?")), default=0) <= 75

    def test_many_recipients_are_named_by_number(self, sink: SmtpSink) -> None:
        safety(reroute_to="lab@peer.test")
        a_message(*(f"p{number}@contoso.test" for number in range(50)))
        send_due()
        subject = sink.mails[0].parsed["Subject"]
        assert subject.startswith("[for p0@contoso.test, p1@contoso.test, p2@contoso.test and 47 more] ")

    def test_mail_that_was_queued_before_is_rerouted_too(self, sink: SmtpSink) -> None:
        a_message("ops@contoso.test")
        safety(reroute_to="lab@peer.test")
        send_due()
        assert sink.mails[0].recipients == ("lab@peer.test",)

    def test_a_refusal_of_the_one_address_is_everybody_s(self, sink: SmtpSink) -> None:
        sink.on("RCPT", "550 5.1.1 no such user", address="lab@")
        safety(reroute_to="lab@peer.test")
        message = a_message("ops@contoso.test", "boss@contoso.test")
        send_due()
        assert set(outcomes(message).values()) == {Recipient.Outcome.REFUSED}
