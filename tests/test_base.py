"""The props must be what they say."""

import pytest

from notifications.delivery.sender import send_due
from notifications.models import Message
from tests import base
from tests.smtp_sink import SmtpSink

pytestmark = pytest.mark.django_db


def test_a_message_goes_out_over_the_server_in_use() -> None:
    message = base.a_message("a@peer.test", "b@peer.test")
    with SmtpSink() as sink:
        base.use_smtp(sink)
        send_due()
    message.refresh_from_db()
    assert message.state == Message.State.SENT
    assert base.outcomes(message) == {"a@peer.test": "accepted", "b@peer.test": "accepted"}
    assert sink.mails[0].parsed["Message-ID"] == message.internet_message_id
    assert "\r\n.\r\nA dot stood alone" in sink.mails[0].content.decode()


def test_completions_and_notifications_do_not_collide() -> None:
    assert base.a_completion({"PC-001": "failed"}).pk != base.a_completion().pk
    assert base.a_notification().name != base.a_notification().name


def test_the_cast_may_do_different_things() -> None:
    people = [base.administrator(), base.operator(), base.viewer(), base.outsider()]
    assert [(p.is_superuser, p.is_active) for p in people] == [
        (True, True),
        (False, True),
        (False, True),
        (False, False),
    ]
