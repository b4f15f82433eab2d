"""Replies of real servers on the whole road: sink, transport, engine and database (on Postgres too, in CI)."""

import pytest

from notifications.delivery.sender import send_due
from notifications.models import MailServerState, Message, Recipient
from tests.backends.replies import Recorded, recorded
from tests.base import a_message, use_smtp
from tests.smtp_sink import CONNECT, DOT, SmtpSink

pytestmark = pytest.mark.django_db

VERBS = {"greeting": CONNECT, "ehlo": "EHLO", "auth": "AUTH", "mail": "MAIL", "rcpt": "RCPT", "final": DOT}


@pytest.mark.parametrize("row", recorded(), ids=str)
def test_reply_on_the_whole_road(row: Recorded) -> None:
    message = a_message("one@peer.test", "two@peer.test")
    with SmtpSink(users={"ops": "secret"}).on(VERBS[row.where], row.wire) as sink:
        use_smtp(sink, user="ops", password="secret")
        send_due()
    # Nothing was ever accepted here, so an unclear rejection holds the queue.
    assert what_happened(message) in row.allowed | ({"hold"} if "unclear" in row.allowed else set())
    assert sink.mails == []


def what_happened(message: Message) -> str:
    message.refresh_from_db()
    state = MailServerState.load()
    if state.is_held:
        assert message.state == Message.State.QUEUED
        return "hold"
    if message.state == Message.State.FAILED:
        return "refuse"
    assert message.state == Message.State.QUEUED
    faults = set(message.attempts.values_list("fault", flat=True))
    assert Recipient.Outcome.REFUSED not in message.recipients.values_list("outcome", flat=True)
    return "quota" if faults == {"quota"} else "retry"
