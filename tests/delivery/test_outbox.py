"""The queue's entrance."""

from dataclasses import replace

import pytest
from django.db import IntegrityError

from notifications.delivery import outbox
from notifications.models import Message, Recipient
from tests import base


@pytest.mark.django_db(transaction=True)
def test_a_mail_is_never_there_without_its_recipients() -> None:
    mail = replace(base.a_mail(), recipients=(("ops@peer.test", Recipient.Field.TO),) * 2)
    with pytest.raises(IntegrityError):
        outbox.put(mail, Message.Kind.NOTIFICATION)
    assert not Message.objects.exists()


@pytest.mark.django_db
def test_a_mail_for_nobody_fails_at_once() -> None:
    message = outbox.put(replace(base.a_mail(), recipients=()), Message.Kind.NOTIFICATION)
    assert message.state == Message.State.FAILED
