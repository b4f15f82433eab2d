"""Emails are claimed and recorded together, and each is still one attempt of its own."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DataError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from notifications.delivery import batch, record_batch
from notifications.delivery.batch import BatchSize
from notifications.delivery.claim import claim_batch
from notifications.delivery.sender import send_due
from notifications.delivery.sweep import sweep
from notifications.models import Attempt, MailServerSettings, MailServerState, Message, Pace, Recipient, Safety
from tests.base import a_message, claim, outcomes, use_smtp
from tests.smtp_sink import DOT, SmtpSink
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db


def states() -> list[str]:
    return list(Message.objects.order_by("id").values_list("state", flat=True))


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first claim takes as many as any."""
    monkeypatch.setattr(BatchSize, "most", 200, raising=False)
    monkeypatch.setattr(BatchSize, "__init__", lambda self: None)


class TestClaim:
    def test_takes_the_emails_that_are_due_the_longest(self) -> None:
        use_smtp(host="127.0.0.1", port=9)
        messages = [a_message() for _ in range(5)]
        Message.objects.filter(pk=messages[4].pk).update(next_attempt_at=timezone.now() - timedelta(hours=1))
        claims = claim_batch("me", 3)
        assert [each.message.pk for each in claims] == [messages[4].pk, messages[0].pk, messages[1].pk]
        assert states() == ["sending", "sending", "queued", "queued", "sending"]
        assert len({each.connection for each in claims}) == 1

    def test_takes_no_more_than_the_minute_allows(self) -> None:
        use_smtp(host="127.0.0.1", port=9, pace=Pace.EXCHANGE_ONLINE)
        for _ in range(40):
            a_message()
        assert len(claim_batch("me", 20)) == 20
        assert len(claim_batch("me", 20)) == 10
        assert claim_batch("me", 20) == []

    def test_takes_one_email_to_probe_a_server_on_hold(self) -> None:
        use_smtp(host="127.0.0.1", port=9)
        for _ in range(5):
            a_message()
        state = MailServerState.load()
        state.hold("sign_in", "535", "no")  # type: ignore[arg-type]
        MailServerState.objects.update(next_probe_at=timezone.now())
        assert len(claim_batch("me", 20)) == 1

    def test_takes_a_test_by_itself_and_first(self) -> None:
        use_smtp(host="127.0.0.1", port=9)
        a_message()
        test = a_message(kind=Message.Kind.TEST)
        assert [each.message.pk for each in claim_batch("me", 20)] == [test.pk]

    def test_takes_no_more_bytes_than_a_worker_can_hold(self, monkeypatch: pytest.MonkeyPatch) -> None:
        use_smtp(host="127.0.0.1", port=9)
        size = len(bytes(a_message().content))
        for _ in range(4):
            a_message()
        monkeypatch.setattr("notifications.delivery.claim.LARGEST_LOAD", size * 2 + size // 2)
        assert len(claim_batch("me", 20)) == 2
        monkeypatch.setattr("notifications.delivery.claim.LARGEST_LOAD", 1)
        assert len(claim_batch("me", 20)) == 1

    def test_takes_nothing_while_sending_is_paused(self) -> None:
        use_smtp(host="127.0.0.1", port=9)
        a_message()
        Safety.objects.update(paused=True)
        assert claim_batch("me", 20) == []

    def test_costs_the_same_for_many_emails_as_for_two(self) -> None:
        use_smtp(host="127.0.0.1", port=9)
        for _ in range(60):
            a_message()
        with CaptureQueriesContext(
            connection,
        ) as two:
            claim_batch("me", 2)
        with CaptureQueriesContext(connection) as many:
            claim_batch("me", 50)
        assert len(many) == len(two)


class TestRecord:
    def test_every_email_has_its_attempt_reply_and_recipients(self, at_once: None) -> None:
        with SmtpSink() as sink:
            use_smtp(sink)
            for number in range(5):
                a_message(f"a{number}@peer.test", f"b{number}@peer.test")
            assert send_due() == 5
        assert states() == ["sent"] * 5
        attempts = Attempt.objects.order_by("id")
        assert {(each.outcome, each.number, each.code) for each in attempts} == {("accepted", 1, "250 2.0.0")}
        assert all("DATA" in each.transcript and each.seconds is not None for each in attempts)
        started = [each.started_at for each in attempts]
        assert sorted(set(started)) == started
        assert set(Recipient.objects.values_list("outcome", "code")) == {("accepted", "250 2.0.0")}

    def test_costs_the_same_for_many_emails_as_for_two(self, at_once: None) -> None:
        def statements(count: int) -> int:
            for _ in range(count):
                a_message("one@peer.test")
            with CaptureQueriesContext(connection) as context:
                send_due()
            return len([each for each in context if each["sql"].startswith(("SELECT", "UPDATE", "INSERT"))])

        with SmtpSink() as sink:
            use_smtp(sink)
            assert statements(20) <= statements(2) + 1
        assert set(states()) == {"sent"}

    def test_a_rejected_email_ends_its_batch_and_the_rest_goes_on(self, at_once: None) -> None:
        with SmtpSink().on("RCPT", "550 5.1.1 User unknown", address="nouser@") as sink:
            use_smtp(sink)
            messages = [a_message(to) for to in ("a@peer.test", "nouser@peer.test", "c@peer.test", "d@peer.test")]
            assert send_due() == 4
        assert states() == ["sent", "failed", "sent", "sent"]
        assert outcomes(messages[1]) == {"nouser@peer.test": "refused"}
        assert set(Attempt.objects.values_list("number", flat=True)) == {1}

    def test_a_hold_stops_the_batch(self, at_once: None) -> None:
        with SmtpSink().on("MAIL", "530 5.7.57 Client not authenticated") as sink:
            use_smtp(sink)
            for _ in range(5):
                a_message()
            send_due()
            assert MailServerState.load().is_held
            assert states() == ["queued"] * 5
            assert Attempt.objects.count() == 1
            assert set(Message.objects.values_list("attempt_count", flat=True)) == {0, 1}

    def test_an_email_of_another_process_is_left_alone(self, at_once: None, monkeypatch: pytest.MonkeyPatch) -> None:
        """The attempt that was closed meanwhile, by the queue check say, is not overwritten."""
        closed: list[int] = []

        def close_first(sent: Any) -> None:
            if not closed:
                closed.append(sent[0].attempt.pk)
                Attempt.objects.get(pk=closed[0]).finish(Attempt.Outcome.AMBIGUOUS)
                Message.objects.filter(pk=sent[0].claimed.message.pk).update(state=Message.State.CANCELLED)
            record_accepted(sent)

        record_accepted: Callable[[Any], None] = record_batch.record_accepted
        monkeypatch.setattr(record_batch, "record_accepted", close_first)
        with SmtpSink() as sink:
            use_smtp(sink)
            for _ in range(3):
                a_message()
            send_due()
        assert states() == ["cancelled", "sent", "sent"]
        assert Attempt.objects.get(pk=closed[0]).outcome == Attempt.Outcome.AMBIGUOUS

    def test_what_the_database_refuses_is_recorded_one_by_one(
        self, at_once: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(sent: Any) -> None:
            raise DataError("value too long")

        monkeypatch.setattr(record_batch, "record_accepted", refuse)
        with SmtpSink() as sink:
            use_smtp(sink)
            for _ in range(3):
                a_message()
            send_due()
        assert states() == ["sent"] * 3

    def test_an_email_already_accepted_for_some_is_finished(self, at_once: None) -> None:
        with SmtpSink().on("RCPT", "450 4.2.1 busy", address="later@", times=1) as sink:
            use_smtp(sink)
            message = a_message("now@peer.test", "later@peer.test")
            send_due()
            assert states() == ["queued"]
            message.retry_now()
            send_due()
        assert states() == ["sent"]
        assert [mail.recipients for mail in sink.mails] == [("now@peer.test",), ("later@peer.test",)]


class TestGivingBack:
    def test_what_waits_behind_a_hanging_email_goes_by_another_sender(
        self, transactional_db: None, at_once: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(batch, "HANGING_SECONDS", 0.1)
        seen: list[list[str]] = []
        with SmtpSink().on(DOT, delay=2.0, times=1) as sink:
            use_smtp(sink)
            for _ in range(4):
                a_message()
            claims_of_others: list[int] = []

            def look() -> None:
                if not seen:
                    seen.append(states())

            def watch() -> None:
                wait_until(lambda: Message.objects.filter(state="queued").count() == 3, 10, "three given back")
                claims_of_others.append(len(claim_batch("other", 10)))
                Message.take_back_unbegun(list(Attempt.objects.filter(worker="other").values_list("pk", flat=True)))
                connection.close()

            watcher = threading.Thread(target=watch)
            watcher.start()
            send_due(progress=look)
            watcher.join()
            send_due()
        assert claims_of_others == [3]
        assert states() == ["sent"] * 4
        assert len(sink.mails) == 4

    def test_an_email_that_was_given_back_may_be_claimed_again(self) -> None:
        use_smtp(host="127.0.0.1", port=9)
        message = a_message()
        claimed = claim("one")
        assert claimed
        assert Message.take_back_unbegun([claimed.attempt.pk]) == 1
        again = claim("two")
        assert again
        assert (again.message.pk, again.attempt.number) == (message.pk, 1)

    def test_a_finished_attempt_is_not_given_back(self) -> None:
        use_smtp(host="127.0.0.1", port=9)
        message = a_message()
        claimed = claim("one")
        assert claimed
        claimed.attempt.finish(Attempt.Outcome.ACCEPTED)
        message.refresh_from_db()
        message.settle()
        assert Message.take_back_unbegun([claimed.attempt.pk]) == 0
        assert message.attempts.count() == 1

    def test_an_email_that_another_worker_sends_meanwhile_is_not_given_back(self) -> None:
        use_smtp(host="127.0.0.1", port=9)
        message = a_message()
        lost = claim("one")
        assert lost
        message.attempts.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
        assert sweep() == 1
        assert claim("two")
        assert Message.take_back_unbegun([lost.attempt.pk]) == 0
        assert states() == ["sending"]
        assert message.attempts.count() == 2

    def test_new_settings_are_used_within_a_batch(self, at_once: None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("notifications.delivery.sender.BATCH_SECONDS", 0.2)
        with SmtpSink().on(DOT, delay=0.15) as first, SmtpSink() as second:
            use_smtp(first)
            for _ in range(6):
                a_message()
            begun: list[float] = []

            def switch() -> None:
                begun.append(time.monotonic())
                if len(begun) == 1:
                    use_smtp(second)

            send_due(progress=switch)
        assert len(first.mails) <= 3
        assert len(first.mails) + len(second.mails) == 6
        assert MailServerSettings.load().basic_port == second.port


class TestPlaceInTheQueue:
    def test_a_lost_email_keeps_its_place_once(self) -> None:
        use_smtp(host="127.0.0.1", port=9)
        lost = a_message()
        claim("dead")
        others = [a_message() for _ in range(3)]
        Attempt.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
        sweep()
        claimed = claim("dead again")
        assert claimed
        assert claimed.message.pk == lost.pk
        Attempt.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
        sweep()
        claimed = claim("next")
        assert claimed
        assert claimed.message.pk == others[0].pk


class TestSize:
    def test_grows_with_what_goes_out_quickly(self) -> None:
        size = BatchSize()
        sizes = []
        for _ in range(10):
            sizes.append(size.most)
            size.learn(size.most, size.most / 1000)
        assert sizes == [1, 2, 4, 8, 16, 32, 64, 128, 200, 200]

    def test_shrinks_to_what_a_slow_server_takes(self) -> None:
        size = BatchSize()
        size.most = 64
        size.learn(3, 0.6)
        assert size.most == 2
        size.learn(1, 7.0)
        assert size.most == 1
