"""Graph mode through the engine: claimed, sent, recorded, paused, held and released."""

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from notifications.delivery.keep_alive import keep_consent_alive
from notifications.delivery.sender import send_due
from notifications.models import AppToken, Attempt, HoldReason, MailServerSettings, MailServerState, Message, Mode
from tests.base import a_message, outcomes
from tests.graph.faults import cut_after, cut_before, failing, slowed
from tests.graph.lab import use_stand_in
from tests.graph.login import EXPIRED_SECRET, READ_WRITE
from tests.graph.wire import Kind
from tests.graph_stand_in import GraphStandIn


@pytest.fixture
def lab(graph: GraphStandIn, tmp_path: Path, settings: Any) -> Any:
    def use(**columns: Any) -> MailServerSettings:
        return use_stand_in(graph, tmp_path, settings, **columns)

    return use


def reread(message: Message) -> Message:
    return Message.objects.get(pk=message.pk)


def save(**columns: Any) -> None:
    server = MailServerSettings.load()
    server.save_version({f"graph_{name}": value for name, value in columns.items()}, seen=server.version)


def token_calls(graph: GraphStandIn) -> list[int]:
    return [call["status"] for call in graph.login.calls]


@pytest.mark.django_db
class TestAMail:
    def test_is_on_record_with_mode_version_and_reference(self, lab: Any, graph: GraphStandIn) -> None:
        server = lab()
        message = a_message("one@peer.test", "invalid@peer.test")
        send_due()
        attempt = message.attempts.get()
        assert (attempt.mode, attempt.settings_version, attempt.outcome) == (Mode.GRAPH, server.version, "partial")
        assert outcomes(message) == {"one@peer.test": "accepted", "invalid@peer.test": "refused"}
        assert "client-request-id" in attempt.reference
        assert message.recipients.get(address="one@peer.test").text == "Accepted by Microsoft"
        assert graph.client_secret not in attempt.transcript

    def test_that_was_interrupted_is_found_and_not_sent_again(self, lab: Any, graph: GraphStandIn) -> None:
        lab()
        message = a_message()
        graph.fault(cut_after(), "send").fault(cut_before(), "look")
        send_due()
        assert message.attempts.get().outcome == Attempt.Outcome.AMBIGUOUS
        reread(message).retry_now()
        send_due()
        assert reread(message).state == Message.State.SENT
        assert len(graph.deliveries) == 1

    def test_goes_by_sendmail_once_mail_readwrite_is_gone(self, lab: Any, graph: GraphStandIn) -> None:
        lab()
        graph.login.roles.discard(READ_WRITE)
        for message in (a_message(), a_message()):
            send_due()
            assert reread(message).state == Message.State.SENT
        assert (len(graph.calls("draft")), AppToken.load().may_draft) == (1, False)
        assert "sendMail" in Attempt.objects.earliest("pk").transcript


@pytest.mark.django_db
class TestThePace:
    def test_is_slowed_for_everybody_by_an_acceptance(self, lab: Any, graph: GraphStandIn) -> None:
        lab()
        graph.fault(slowed("120"), "send")
        messages = [a_message(), a_message()]
        send_due()
        send_due()
        assert [reread(message).state for message in messages] == [Message.State.SENT, Message.State.QUEUED]
        assert MailServerState.load().is_paused(timezone.now() + timedelta(seconds=100))
        assert not MailServerState.load().is_paused(timezone.now() + timedelta(seconds=121))

    @pytest.mark.parametrize("said", ["1000000000", "9" * 40])
    def test_pauses_for_an_hour_at_most(self, lab: Any, graph: GraphStandIn, said: str) -> None:
        lab()
        graph.fault(failing(429, retry_after=said), "draft")
        a_message()
        send_due()
        assert MailServerState.load().is_paused(timezone.now() + timedelta(minutes=59))
        assert not MailServerState.load().is_paused(timezone.now() + timedelta(minutes=61))

    def test_is_thirty_a_minute_by_preset(self, lab: Any, graph: GraphStandIn) -> None:
        lab(pace="graph")
        for _ in range(33):
            a_message()
        send_due()
        assert len(graph.deliveries) == 30
        Attempt.objects.update(started_at=timezone.now() - timedelta(seconds=61))
        send_due()
        assert len(graph.deliveries) == 33


@pytest.mark.django_db(transaction=True)
def test_never_more_than_four_are_on_their_way_whatever_the_pace(lab: Any, graph: GraphStandIn) -> None:
    lab(pace="unlimited")
    graph.latency = {Kind.SEND: 0.1}
    for _ in range(24):
        a_message()

    def work(number: int) -> None:
        try:
            send_due()
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    send_due()
    assert len(graph.deliveries) == 24
    assert graph.peak["sender@contoso.test"] <= 4
    assert token_calls(graph) == [200]


@pytest.mark.django_db
class TestTheLoginHost:
    def test_that_is_away_pauses_the_queue_and_is_asked_once_a_minute(self, lab: Any, graph: GraphStandIn) -> None:
        lab()
        graph.fault(cut_before(), "token", "discovery", times=None)
        message = a_message()
        send_due()
        asked = len(graph.log)
        for _ in range(5):
            reread(message).retry_now()
            MailServerState.objects.update(paused_until=None)
            send_due()
        assert len(graph.log) == asked
        assert not MailServerState.load().is_held
        assert MailServerState.load().paused_since is not None


@pytest.mark.django_db
class TestAnExpiredSecret:
    def test_holds_the_queue_and_a_new_one_releases_it(self, lab: Any, graph: GraphStandIn) -> None:
        lab(client_secret=EXPIRED_SECRET)
        messages = [a_message(), a_message()]
        send_due()
        state = MailServerState.load()
        assert (state.held_reason, "AADSTS7000222" in state.held_text) == (HoldReason.CONFIGURATION, True)
        assert EXPIRED_SECRET not in Attempt.objects.get().transcript
        save(client_secret=graph.client_secret)
        send_due()
        assert {reread(message).state for message in messages} == {Message.State.SENT}
        assert not MailServerState.load().is_held

    def test_is_noticed_by_a_test_though_the_token_is_still_good(self, lab: Any, graph: GraphStandIn) -> None:
        lab()
        a_message()
        send_due()
        graph.login.secrets[graph.client_id].clear()
        test = a_message(kind=Message.Kind.TEST)
        send_due()
        assert reread(test).state == Message.State.FAILED
        assert "AADSTS7000215" in test.attempts.get().text

    def test_is_noticed_while_nothing_is_sent(self, lab: Any, graph: GraphStandIn, client: Client) -> None:
        lab()
        keep_consent_alive()
        keep_consent_alive()
        assert token_calls(graph) == [200]
        graph.login.expired_secrets.add(graph.client_secret)
        now = timezone.now()
        AppToken.objects.update(fetched_at=now - timedelta(minutes=56), expires_at=now + timedelta(minutes=4))
        keep_consent_alive()
        state = MailServerState.load()
        assert (state.held_reason, "AADSTS7000222" in state.held_text) == (HoldReason.CONFIGURATION, True)
        assert client.get("/readyz").status_code == 503

    def test_is_not_asked_about_again_while_it_is_held(self, lab: Any, graph: GraphStandIn) -> None:
        lab(client_secret=EXPIRED_SECRET)
        for _ in range(3):
            keep_consent_alive()
        assert token_calls(graph) == [401]

    def test_does_not_matter_to_another_active_mode(self, lab: Any, graph: GraphStandIn) -> None:
        server = lab(client_secret=EXPIRED_SECRET)
        server.save_version({"active_mode": Mode.BASIC, "basic_host": "mail.contoso.test"}, seen=server.version)
        keep_consent_alive()
        assert graph.log == []


@pytest.mark.django_db
def test_without_mail_send_the_queue_is_held_with_one_draft_at_most(lab: Any, graph: GraphStandIn) -> None:
    lab()
    graph.login.roles = {READ_WRITE}
    message = a_message()
    send_due()
    assert MailServerState.load().held_reason == HoldReason.CONFIGURATION
    MailServerState.objects.update(next_probe_at=timezone.now())
    send_due()
    assert len(graph.calls("draft")) == 1
    graph.login.roles.add("Mail.Send")
    MailServerState.objects.update(next_probe_at=timezone.now())
    send_due()
    assert reread(message).state == Message.State.SENT


@pytest.mark.django_db
class TestAnEmailToMoreRecipientsThanAMessageMayHave:
    def test_is_sent_in_parts_with_an_outcome_for_each_recipient(self, lab: Any, graph: GraphStandIn) -> None:
        lab(most_recipients=2)
        message = a_message(*(f"p{number}@peer.test" for number in range(5)))
        send_due()
        assert reread(message).state == Message.State.SENT
        assert [len(mail.recipients) for mail in graph.deliveries] == [2, 2, 1]
        assert len({mail.message_id for mail in graph.deliveries}) == 3

    def test_reaches_the_rest_in_the_next_try(self, lab: Any, graph: GraphStandIn) -> None:
        lab(most_recipients=2)
        graph.fault(failing(503, "ErrorMailboxStoreUnavailable"), "send", skip=1)
        message = a_message(*(f"p{number}@peer.test" for number in range(5)))
        send_due()
        assert sorted(outcomes(message).values()) == ["accepted", "accepted", "deferred", "deferred", "deferred"]
        reread(message).retry_now()
        send_due()
        assert reread(message).state == Message.State.SENT
        assert graph.store.duplicates() == {}

    def test_is_never_shown_as_sent_when_exchange_would_return_it(self, lab: Any, graph: GraphStandIn) -> None:
        lab()
        graph.store.returns_too_many = True
        message = a_message(*(f"p{number}@peer.test" for number in range(501)))
        send_due()
        assert reread(message).state == Message.State.SENT
        assert (graph.store.returned, sum(len(mail.recipients) for mail in graph.deliveries)) == ([], 501)
