"""The road as it is: a worker process, a broker, a mail server, nothing eager."""

import pytest

from notifications.models import Message
from tests import base, worker
from tests.panel import Panel
from tests.smtp_sink import SmtpSink


@pytest.mark.django_db(transaction=True)
def test_a_worker_looks_for_due_mail_when_it_starts(redis_url: str) -> None:
    message = base.a_message("ops@peer.test")
    with SmtpSink() as sink:
        base.use_smtp(sink)
        with worker.running(redis_url):
            (mail,) = sink.wait_for(1, seconds=60)
            base.wait_until(lambda: not Message.objects.get().is_open)
    assert mail.parsed["Message-ID"] == message.internet_message_id
    assert Message.objects.get().state == Message.State.SENT


@pytest.mark.django_db(transaction=True)
def test_a_worker_finds_email_without_a_hint(redis_url: str) -> None:
    with SmtpSink() as sink:
        base.use_smtp(sink)
        with worker.running(redis_url):
            for number in (1, 2):
                base.a_message("ops@peer.test")
                sink.wait_for(number, seconds=60)


def test_email_is_sent_while_the_broker_is_away() -> None:
    with SmtpSink() as sink, Panel(CAPTURE_INBOX="off") as panel:
        panel.use(sink)
        panel.sign_in_tool()
        with panel.frozen("broker"):
            panel.report(1)
            sink.wait_for(1, seconds=15)


def test_a_report_wakes_a_worker() -> None:
    with SmtpSink() as sink, Panel(CAPTURE_INBOX="off") as panel:
        panel.use(sink)
        panel.sign_in_tool()
        panel.report(1)
        sink.wait_for(1)
