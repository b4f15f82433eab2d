"""One turn of a worker: what it sends, to whom, and what it leaves on record."""

import base64
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from notifications.delivery.leases import AttemptLease
from notifications.delivery.process import this_process
from notifications.delivery.record import record
from notifications.delivery.retry import MOST_CRASHES
from notifications.delivery.sender import SenderConnection, send_due
from notifications.delivery.sweep import sweep
from notifications.models import Attempt, HoldReason, MailServerSettings, MailServerState, Message, Pace, Recipient
from notifications.models.attempt import AttemptReport
from tests.base import a_message, claim, outcomes, use_smtp
from tests.smtp_sink import DOT, SmtpSink

pytestmark = pytest.mark.django_db

WORKER = "test:1"


def reread(message: Message) -> Message:
    return Message.objects.get(pk=message.pk)


def make_due(message: Message) -> None:
    assert message.retry_now()


class TestAMailThatIsTaken:
    def test_is_sent_to_everybody_and_on_record(self) -> None:
        message = a_message("one@peer.test", "two@peer.test")
        with SmtpSink() as sink:
            use_smtp(sink)
            assert send_due() == 1
        assert reread(message).state == Message.State.SENT
        assert outcomes(message) == {"one@peer.test": "accepted", "two@peer.test": "accepted"}
        attempt = message.attempts.get()
        assert (attempt.number, attempt.outcome, attempt.mode) == (1, "accepted", "basic")
        assert attempt.worker == this_process().name
        assert (attempt.fault, attempt.stage) == ("", "end_of_data")
        assert attempt.code == "250 2.0.0"
        assert attempt.settings_version == MailServerSettings.load().version
        assert sink.mails[0].recipients == ("one@peer.test", "two@peer.test")

    def test_goes_in_parts_to_more_recipients_than_the_server_takes(self) -> None:
        everyone = [f"r{number}@peer.test" for number in range(5)]
        message = a_message(*everyone)
        with SmtpSink() as sink:
            use_smtp(sink, most_recipients=2)
            send_due()
        assert reread(message).state == Message.State.SENT
        assert [len(mail.recipients) for mail in sink.mails] == [2, 2, 1]

    def test_has_the_senders_line_in_front(self) -> None:
        a_message()
        with SmtpSink() as sink:
            use_smtp(sink, sender="Deployments <deploy@contoso.test>")
            send_due()
        assert sink.mails[0].content.startswith(b"From: Deployments <deploy@contoso.test>\r\nTo: ")
        assert sink.mails[0].sender == "deploy@contoso.test"

    def test_shares_its_connection_with_the_next(self) -> None:
        for _ in range(20):
            a_message()
        with SmtpSink() as sink:
            use_smtp(sink)
            send_due()
        assert (len(sink.mails), sink.connections) == (20, 1)

    def test_is_not_taken_up_twice(self) -> None:
        message = a_message()
        with SmtpSink() as sink:
            use_smtp(sink)
            for _ in range(100):
                send_due(message.pk)
        assert len(sink.mails) == 1
        assert message.attempts.count() == 1


class TestSeveralRecipients:
    def test_have_outcomes_of_their_own_and_only_the_deferred_are_tried_again(self) -> None:
        message = a_message("good@peer.test", "nouser@peer.test", "full@peer.test", "busy@peer.test")
        with SmtpSink() as sink:
            sink.on("RCPT", "550 5.1.1 User unknown", address="nouser@")
            sink.on("RCPT", "452 4.2.2 over quota", address="full@", times=1)
            sink.on("RCPT", "451 4.7.500 busy", address="busy@", times=1)
            use_smtp(sink)
            send_due()
            assert outcomes(message) == {
                "good@peer.test": "accepted",
                "nouser@peer.test": "refused",
                "full@peer.test": "deferred",
                "busy@peer.test": "deferred",
            }
            assert reread(message).state == Message.State.QUEUED
            make_due(message)
            send_due()
        assert [mail.recipients for mail in sink.mails] == [("good@peer.test",), ("full@peer.test", "busy@peer.test")]
        assert sink.mails[0].content == sink.mails[1].content
        assert reread(message).state == Message.State.PARTLY_SENT
        assert [attempt.outcome for attempt in message.attempts.all()] == ["partial", "accepted"]

    def test_who_are_all_refused_fail_the_mail(self) -> None:
        message = a_message("one@peer.test")
        with SmtpSink().on("RCPT", "550 5.1.1 User unknown") as sink:
            use_smtp(sink)
            send_due()
        assert reread(message).state == Message.State.FAILED
        assert message.recipients.get().code == "550 5.1.1"


class TestAKeptConnection:
    """Emails one after the other on one `SenderConnection`, while the settings may change."""

    def test_is_replaced_when_the_settings_change(self) -> None:
        with SmtpSink(users={"old": "s3cret-old", "new": "s3cret-new"}) as sink, SenderConnection() as sender:
            use_smtp(sink, user="old", password="s3cret-old")
            self.send_one(sender)
            self.send_one(sender)
            assert sink.connections == 1
            use_smtp(sink, user="new", password="s3cret-new")
            self.send_one(sender)
            self.send_one(sender)
        assert (len(sink.mails), sink.connections) == (4, 2)

    def test_is_not_used_for_the_server_before(self) -> None:
        with SmtpSink() as before, SmtpSink() as after, SenderConnection() as sender:
            use_smtp(before)
            self.send_one(sender)
            use_smtp(after)
            self.send_one(sender)
        assert (len(before.mails), len(after.mails)) == (1, 1)

    def send_one(self, sender: SenderConnection) -> None:
        a_message()
        claimed = claim(WORKER)
        assert claimed
        result = sender.send(claimed, AttemptLease(claimed.attempt))
        assert result.failure is None
        record(claimed.attempt, result)


class TestADeferredMail:
    def test_waits_a_minute_before_its_second_try(self) -> None:
        message = a_message()
        with SmtpSink().on("RCPT", "450 4.7.1 greylisted", times=1) as sink:
            use_smtp(sink)
            before = timezone.now()
            send_due()
            send_due()
        assert sink.mails == []
        assert reread(message).next_attempt_at >= before + timedelta(minutes=1)
        assert message.attempts.count() == 1

    def test_expires_when_it_was_deferred_for_too_long(self, settings: object) -> None:
        settings.MESSAGE_MAX_AGE_DAYS = 5.0  # type: ignore[attr-defined]
        message = a_message()
        with SmtpSink().on("RCPT", "450 4.2.0 never") as sink:
            use_smtp(sink)
            send_due()
            message.attempts.update(started_at=timezone.now() - timedelta(days=5, minutes=1))
            make_due(message)
            send_due()
        assert reread(message).state == Message.State.EXPIRED
        assert outcomes(message) == {"ops@peer.test": "deferred"}


class TestAConfigurationFault:
    def hold(self, sink: SmtpSink) -> Message:
        sink.on("MAIL", "550 5.7.60 not as this sender", times=1)
        use_smtp(sink)
        message = a_message()
        send_due()
        return message

    def test_holds_the_queue_and_burns_no_try(self) -> None:
        with SmtpSink() as sink:
            messages = [self.hold(sink), a_message(), a_message()]
            send_due()
            state = MailServerState.load()
            assert (state.held_reason, state.held_code) == (HoldReason.SENDER, "550 5.7.60")
            assert {reread(message).state for message in messages} == {Message.State.QUEUED}
            assert [message.attempts.count() for message in messages] == [1, 0, 0]
            assert sink.mails == []

    def test_is_probed_with_one_mail_and_ends_when_it_is_taken(self) -> None:
        with SmtpSink() as sink:
            self.hold(sink)
            a_message()
            MailServerState.objects.update(next_probe_at=timezone.now())
            send_due()
        assert len(sink.mails) == 2
        assert not MailServerState.load().is_held

    def test_that_a_probe_meets_again_costs_one_try_in_five_minutes(self) -> None:
        with SmtpSink() as sink:
            self.hold(sink)
            sink.on("MAIL", "550 5.7.60 not as this sender")
            a_message()
            MailServerState.objects.update(next_probe_at=timezone.now())
            for _ in range(5):
                send_due()
        assert Attempt.objects.count() == 2
        assert MailServerState.load().next_probe_at > timezone.now() + timedelta(minutes=4)  # type: ignore[operator]

    def test_ends_with_a_save(self) -> None:
        with SmtpSink() as sink:
            message = self.hold(sink)
            use_smtp(sink, sender="other@contoso.test")
            send_due()
        assert reread(message).state == Message.State.SENT
        assert sink.mails[0].sender == "other@contoso.test"

    def test_of_values_that_were_replaced_meanwhile_holds_nothing(self) -> None:
        a_message()
        with SmtpSink().on("MAIL", "550 5.7.60 not as this sender", times=1) as sink:
            use_smtp(sink)
            claimed = claim(WORKER)
            assert claimed
            with SenderConnection() as sender:
                result = sender.send(claimed, AttemptLease(claimed.attempt))
            use_smtp(sink, sender="other@contoso.test")
            record(claimed.attempt, result)
        assert not MailServerState.load().is_held

    def test_of_a_secret_that_no_key_opens_connects_nowhere(self) -> None:
        message = a_message()
        with SmtpSink() as sink:
            use_smtp(sink, user="ops", password="secret")
            corrupt_password()
            send_due()
            assert sink.connections == 0
        assert MailServerState.load().held_reason == HoldReason.SECRET
        assert reread(message).state == Message.State.QUEUED


def corrupt_password() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE notifications_mailserversettings SET basic_password = %s", [b"not a token"])


class TestAServerThatIsAway:
    def test_is_tried_with_one_mail_and_not_with_each(self) -> None:
        with SmtpSink() as sink:
            use_smtp(sink)
        messages = [a_message() for _ in range(5)]
        send_due()
        assert sum(message.attempts.count() for message in messages) == 1
        state = MailServerState.load()
        assert state.is_paused(timezone.now())
        assert not state.is_held
        assert str(sink.port) in state.paused_text

    def test_gets_all_mail_when_it_is_back(self) -> None:
        with SmtpSink() as sink:
            use_smtp(sink)
        messages = [a_message() for _ in range(3)]
        send_due()
        MailServerState.objects.update(paused_until=timezone.now())
        for message in messages:
            message.retry_now()
        with SmtpSink(port=sink.port) as again:
            send_due()
        assert len(again.mails) == 3
        assert MailServerState.load().paused_since is None


class TestAnAmbiguousTry:
    def test_is_on_record_and_repeated_as_the_same_mail(self) -> None:
        message = a_message()
        with SmtpSink().on(DOT, hang_up=True, times=1) as sink:
            use_smtp(sink)
            send_due()
            assert message.attempts.get().outcome == Attempt.Outcome.AMBIGUOUS
            make_due(message)
            send_due()
        assert [attempt.outcome for attempt in message.attempts.all()] == ["ambiguous", "accepted"]
        assert sink.mails[0].content == sink.mails[1].content


class TestALease:
    def test_that_ran_out_gives_the_mail_back(self) -> None:
        message = a_message()
        with SmtpSink() as sink:
            use_smtp(sink)
            assert claim("dead:1")
            message.attempts.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
            assert sweep() == 1
            send_due()
        assert [attempt.outcome for attempt in message.attempts.all()] == ["ambiguous", "accepted"]
        assert len(sink.mails) == 1

    def test_that_is_still_good_is_respected(self) -> None:
        a_message()
        with SmtpSink() as sink:
            use_smtp(sink)
            assert claim("alive:1")
            assert sweep() == 0
            assert claim(WORKER) is None

    def test_that_was_lost_keeps_the_sleeper_from_writing(self) -> None:
        message = a_message()
        with SmtpSink().on("RCPT", "550 5.1.1 unknown", times=1) as sink:
            use_smtp(sink)
            sleeper = claim("sleeper:1")
            assert sleeper
            with SenderConnection() as sender:
                result = sender.send(sleeper, AttemptLease(sleeper.attempt))
            message.attempts.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
            sweep()
            send_due()
            assert record(sleeper.attempt, result) is False
        assert reread(message).state == Message.State.SENT
        assert outcomes(message) == {"ops@peer.test": "accepted"}

    def test_that_was_lost_keeps_the_first_outcome(self) -> None:
        a_message()
        use_smtp(host="127.0.0.1", port=9)
        claimed = claim("sleeper:1")
        assert claimed
        attempt = Attempt.objects.get(pk=claimed.attempt.pk)
        assert attempt.finish(Attempt.Outcome.AMBIGUOUS, AttemptReport(lost_worker=True))
        assert claimed.attempt.finish(Attempt.Outcome.ACCEPTED, AttemptReport(code="250")) is False
        kept = Attempt.objects.get(pk=attempt.pk)
        assert (kept.outcome, kept.code, kept.lost_worker) == ("ambiguous", "", True)
        assert kept.finished_at == attempt.finished_at

    def test_lost_again_and_again_parks_the_mail(self) -> None:
        message = a_message()
        with SmtpSink() as sink:
            use_smtp(sink)
            for _ in range(MOST_CRASHES):
                assert claim("dying:1")
                message.attempts.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
                sweep()
            assert claim(WORKER) is None
        assert reread(message).state == Message.State.FAILED


class TestPacing:
    def test_lets_thirty_go_in_a_minute(self) -> None:
        for _ in range(35):
            a_message()
        with SmtpSink() as sink:
            use_smtp(sink, pace=Pace.EXCHANGE_ONLINE)
            send_due()
            assert len(sink.mails) == 30
            Attempt.objects.update(started_at=timezone.now() - timedelta(seconds=61))
            send_due()
        assert len(sink.mails) == 35

    def test_lets_three_go_at_once(self) -> None:
        for _ in range(5):
            a_message()
        with SmtpSink() as sink:
            use_smtp(sink, pace=Pace.EXCHANGE_ONLINE)
            claims = [claim(f"worker:{number}") for number in range(5)]
        assert [bool(claimed) for claimed in claims] == [True, True, True, False, False]


class TestATestEmail:
    def test_goes_while_the_mail_server_is_held_and_ends_the_hold(self) -> None:
        with SmtpSink() as sink:
            use_smtp(sink)
            MailServerState.load().hold(HoldReason.SIGN_IN, "535", "no")
            waiting = a_message()
            test = a_message(kind=Message.Kind.TEST)
            send_due(test.pk)
        assert reread(test).state == Message.State.SENT
        assert not MailServerState.load().is_held
        assert reread(waiting).state == Message.State.SENT

    def test_is_not_tried_again(self) -> None:
        test = a_message(kind=Message.Kind.TEST)
        with SmtpSink().on("RCPT", "450 4.7.1 greylisted") as sink:
            use_smtp(sink)
            send_due()
        assert reread(test).state == Message.State.FAILED
        assert test.recipients.get().outcome == Recipient.Outcome.DEFERRED

    def test_of_unsaved_values_uses_them_and_changes_nothing_else(self) -> None:
        with SmtpSink() as live, SmtpSink().on("MAIL", "550 5.7.60 no") as draft:
            use_smtp(live)
            values = f'{{"basic_host": "127.0.0.1", "basic_port": {draft.port}}}'
            test = a_message(kind=Message.Kind.TEST, draft_server=values)
            send_due()
            assert (live.connections, draft.connections) == (0, 1)
        assert reread(test).state == Message.State.FAILED
        assert reread(test).draft_server is None
        assert not MailServerState.load().is_held
        assert MailServerSettings.load().basic_port == live.port
        attempt = test.attempts.get()
        assert attempt.settings_version == Attempt.UNSAVED
        assert f"* unsaved values: 127.0.0.1:{draft.port}" in attempt.transcript


class TestAMailThatBreaksTheWorkersCode:
    def test_is_recorded_and_holds_up_no_other(self) -> None:
        broken, good = a_message("broken@peer.test"), a_message("good@peer.test")
        broken.recipients.update(address="brök\r\nen@peer.test")
        with SmtpSink() as sink:
            use_smtp(sink)
            send_due()
        assert reread(good).state == Message.State.SENT
        attempt = broken.attempts.get()
        assert attempt.outcome == Attempt.Outcome.DEFERRED
        assert "inside mailadmin" in attempt.text


class TestWithoutAMailServer:
    def test_mail_waits(self) -> None:
        message = a_message()
        send_due()
        assert reread(message).state == Message.State.QUEUED
        assert message.attempts.count() == 0


class TestARelayThatServesOnlySome:
    def test_fails_the_mail_it_refuses_and_holds_no_other(self) -> None:
        with SmtpSink().on("RCPT", "554 5.7.1 Relay access denied", address="@out.side") as sink:
            use_smtp(sink)
            a_message("inside@peer.test")
            send_due()
            refused, good = a_message("x@out.side"), a_message("other@peer.test")
            send_due()
        assert reread(refused).state == Message.State.FAILED
        assert reread(good).state == Message.State.SENT
        assert not MailServerState.load().is_held

    def test_that_never_took_a_mail_is_a_matter_of_the_settings(self) -> None:
        refused = a_message("x@out.side")
        with SmtpSink().on("RCPT", "554 5.7.1 Relay access denied") as sink:
            use_smtp(sink)
            send_due()
        assert reread(refused).state == Message.State.QUEUED
        assert MailServerState.load().held_reason == HoldReason.RELAY


class TestAServerThatRepeatsTheLineItRefuses:
    def test_leaves_no_credentials_on_record(self) -> None:
        blob = base64.b64encode(b"\0robot\0s3cretPassw0rd").decode()
        message = a_message()
        with SmtpSink(users={"robot": "other"}).on("AUTH", f"535 5.7.8 refused: AUTH PLAIN {blob}") as sink:
            use_smtp(sink, user="robot", password="s3cretPassw0rd")
            send_due()
        attempt = message.attempts.get()
        assert "refused" in attempt.text
        for text in (attempt.text, attempt.transcript, MailServerState.load().held_text):
            assert blob not in text
