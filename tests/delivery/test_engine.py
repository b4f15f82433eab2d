"""The sending threads of a worker process."""

import threading
from collections.abc import Iterator

import pytest
from django.db import connection

from notifications.delivery import engine as module
from notifications.delivery.engine import Engine, run_engine, wake_or_send
from notifications.models import Message
from tests.base import a_message, use_smtp
from tests.smtp_sink import DOT, SmtpSink
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.2)
    monkeypatch.setattr(module, "SLOW_SECONDS", 0.5)
    engine = Engine()
    yield engine
    engine.stop(20)
    connection.close()


def is_sent(message: Message) -> bool:
    return Message.objects.get(pk=message.pk).state == "sent"


def test_finds_due_email_without_being_woken(engine: Engine) -> None:
    with SmtpSink() as sink:
        use_smtp(sink)
        engine.start()
        message = a_message()
        wait_until(lambda: is_sent(message))


def test_slow_recipient_does_not_keep_others_waiting(engine: Engine) -> None:
    with SmtpSink().on("RCPT", delay=8, address="slow@") as sink:
        use_smtp(sink, total_timeout=60)
        slow = a_message("slow@peer.test")
        engine.start()
        wait_until(lambda: Message.objects.get(pk=slow.pk).state == "sending")
        other = a_message("other@peer.test")
        wait_until(lambda: is_sent(other), 7)
        assert not is_sent(slow)
        wait_until(lambda: is_sent(slow))


def test_stop_finishes_the_email_that_is_being_sent(engine: Engine) -> None:
    with SmtpSink().on(DOT, delay=1) as sink:
        use_smtp(sink)
        first, second = a_message(), a_message()
        engine.start()
        wait_until(lambda: Message.objects.get(pk=first.pk).state == "sending")
        engine.stop(20)
        assert is_sent(first)
        assert Message.objects.get(pk=second.pk).state == "queued"


def test_goes_on_after_the_database_failed(engine: Engine) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE notifications_message RENAME TO hidden")
    engine.start()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE hidden RENAME TO notifications_message")
    with SmtpSink() as sink:
        use_smtp(sink)
        message = a_message()
        wait_until(lambda: is_sent(message))


def senders() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("sender-")]


def test_process_runs_its_engine_until_it_stops_it(engine: Engine) -> None:
    with SmtpSink() as sink:
        use_smtp(sink)
        run_engine(engine)
        message = a_message()
        wait_until(lambda: is_sent(message))
        assert senders()
        run_engine(None)
        assert senders() == []
        waiting = a_message()
        wake_or_send()
        assert is_sent(waiting)


def test_engine_that_is_woken_sends_before_its_next_look(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 60)
    monkeypatch.setattr(module, "LINGER_SECONDS", 0)
    with SmtpSink() as sink:
        use_smtp(sink)
        first = a_message()
        run_engine(engine)
        wait_until(lambda: is_sent(first))
        message = a_message()
        wake_or_send()
        wait_until(lambda: is_sent(message), 10)
        run_engine(None)
