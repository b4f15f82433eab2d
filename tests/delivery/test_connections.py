"""How many connections are open at a time: what the provider allows, and what the server accepted."""

from datetime import timedelta

import pytest
from django.utils import timezone

from notifications.delivery.claim import Claim
from notifications.delivery.leases import AttemptLease
from notifications.delivery.record import record
from notifications.delivery.sender import SenderConnection, send_due
from notifications.models import MailServerState, Message, OpenConnection, Pace
from notifications.models.mail_server_state import PAUSES
from tests.base import a_message, claim, use_smtp
from tests.smtp_sink import CONNECT, SmtpSink

pytestmark = pytest.mark.django_db

REFUSED = "421 4.7.0 Too many connections"


def claimed(worker: str) -> Claim:
    found = claim(worker)
    assert found
    return found


def attempt_on_a_new_connection(claim: Claim) -> None:
    with SenderConnection() as sender:
        result = sender.send(claim, AttemptLease(claim.attempt))
    assert record(claim.attempt, result)


def test_refused_connection_costs_no_pause_and_no_attempt_while_others_work() -> None:
    a_message()
    second = a_message()
    with SmtpSink().on(CONNECT, REFUSED, times=1) as sink:
        use_smtp(sink)
        claimed("one")
        attempt_on_a_new_connection(claimed("two"))
    state = MailServerState.load()
    assert not state.is_paused(timezone.now())
    assert state.connection_limit == 1
    second.refresh_from_db()
    assert second.state == "queued"
    assert second.next_attempt_at <= timezone.now()


def test_limit_that_was_learned_is_kept() -> None:
    use_smtp(host="127.0.0.1", port=9)
    for _ in range(3):
        a_message()
    MailServerState.lock().limit_connections(2)
    assert [bool(claim(f"worker-{number}")) for number in range(3)] == [True, True, False]


def test_senders_beyond_the_limit_of_other_settings_give_their_connections_back() -> None:
    use_smtp(host="127.0.0.1", port=9)
    for _ in range(6):
        a_message()
    first, second, third = (claimed(worker) for worker in ("one", "two", "three"))
    MailServerState.lock().limit_connections(2)
    assert claim("three", connection=third.connection) is None
    assert claim("two", connection=second.connection)
    assert claim("one", connection=first.connection)


def test_sender_with_a_connection_is_not_limited() -> None:
    use_smtp(host="127.0.0.1", port=9)
    for _ in range(2):
        a_message()
    MailServerState.lock().limit_connections(1)
    first = claimed("one")
    assert claim("one", connection=first.connection)


def test_one_more_connection_is_tried_after_a_quiet_hour() -> None:
    state = MailServerState.lock()
    state.limit_connections(1)
    now = timezone.now()
    assert state.connections_allowed(now) == 1
    assert state.connections_allowed(now + timedelta(minutes=61)) == 2


def test_saved_settings_start_without_a_learned_limit() -> None:
    MailServerState.lock().limit_connections(1)
    use_smtp(host="127.0.0.1", port=9)
    assert MailServerState.load().connection_limit is None


def test_only_connection_refused_pauses_longer_each_time() -> None:
    a_message()
    paused_until: list[timedelta] = []
    with SmtpSink().on(CONNECT, REFUSED) as sink:
        use_smtp(sink)
        for _ in range(3):
            MailServerState.objects.update(paused_until=None)
            before = timezone.now()
            send_due()
            paused_until.append(MailServerState.load().paused_until - before)  # type: ignore[operator]
    assert [wait >= least for wait, least in zip(paused_until, PAUSES, strict=False)] == [True] * 3
    assert Message.objects.get().state == "queued"


def test_connection_is_given_back_when_the_queue_is_empty() -> None:
    a_message()
    with SmtpSink() as sink:
        use_smtp(sink)
        send_due()
    assert OpenConnection.objects.count() == 0


def test_connection_that_nobody_renews_does_not_count() -> None:
    use_smtp(host="127.0.0.1", port=9, pace=Pace.EXCHANGE_ONLINE)
    for _ in range(4):
        a_message()
    for _ in range(3):
        OpenConnection.open("dead")
    assert claim("alive") is None
    OpenConnection.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert claim("alive")


def test_connection_leased_before_the_clock_was_set_back_does_not_count() -> None:
    OpenConnection.open("dead")
    OpenConnection.objects.update(expires_at=timezone.now() + timedelta(hours=1))
    assert OpenConnection.live(timezone.now()).count() == 0
