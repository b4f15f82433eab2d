"""Several senders at a server that ends connections, or has only one of them to give: no pause, and nothing twice."""

import time
from collections.abc import Iterator, Sequence

import pytest
from django.db import connection

from notifications.delivery import engine as module
from notifications.delivery.engine import Engine
from notifications.models import Attempt, MailServerState, Message
from tests.base import Listens, a_message, use_smtp
from tests.smtp_model import HANG_UP, ModelServer, Part, polite
from tests.smtp_sink import CONNECT, SmtpSink, Step
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

EMAILS = 60
REFUSED = "421 4.3.2 Too many connections from your host"


@pytest.fixture
def four_senders(monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.2)
    engine = Engine(4)
    yield engine
    engine.stop(20)
    connection.close()


class OneConnection(SmtpSink):
    """Turns away whoever comes while it has one."""

    refusals = 0

    def take(self, verb: str, argument: str = "") -> Step | None:
        if verb == CONNECT and len(self.open) > 1:
            self.refusals += 1
            return Step(CONNECT, REFUSED, "", None, 0, True, 1)
        return super().take(verb, argument)


def every_sixth_ends(verb: str, number: int) -> Sequence[Part]:
    is_full = verb == "MAIL" and number % 6 == 5
    return [b"421 4.7.0 Maximum message count per session reached\r\n", HANG_UP] if is_full else [polite(verb)]


def seconds_to_send(engine: Engine, server: Listens) -> float:
    use_smtp(server)
    for _ in range(EMAILS):
        a_message()
    begin = time.monotonic()
    engine.start()
    wait_until(lambda: Message.objects.filter(state="sent").count() == EMAILS, 60, "the end of the queue")
    return time.monotonic() - begin


def assert_no_pause() -> None:
    state = MailServerState.load()
    assert (state.paused_since, state.pauses, state.is_held) == (None, 0, False)
    assert set(Attempt.objects.values_list("outcome", flat=True)) <= {"accepted", "deferred"}


def test_connections_that_end_after_five_emails(four_senders: Engine) -> None:
    with ModelServer(every_sixth_ends) as model:
        assert seconds_to_send(four_senders, model) < 10
    assert len(model.taken) == EMAILS
    assert_no_pause()


def test_only_one_connection(four_senders: Engine) -> None:
    with OneConnection() as sink:
        assert seconds_to_send(four_senders, sink) < 10
    assert len(sink.mails) == EMAILS
    assert sink.refusals < 12
    assert_no_pause()
    assert MailServerState.load().connection_limit == 1
