from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest

from notifications.emails.notification_email import notification_mail
from notifications.emails.resend import resent_mail
from notifications.models import Message, Recipient
from tests.emails.props import NOW, completion, notification, read, targets

LATER = NOW + timedelta(days=2)

pytestmark = pytest.mark.django_db


@pytest.fixture
def message() -> Message:
    told = completion(name="Message-ID: <x@y>", user="Date: never")
    mail = notification_mail(notification(cc=["b@x.test"], bcc=["c@x.test"]), told, targets("failed"), NOW)
    return Message(
        kind=Message.Kind.NOTIFICATION,
        subject=mail.subject,
        internet_message_id=mail.internet_message_id,
        content=mail.content,
    )


def test_a_resent_mail_has_its_own_identity_and_time(message: Message) -> None:
    mail = resent_mail(message, [("c@x.test", Recipient.Field.BCC)], LATER)
    head = read(mail)
    assert head["Message-ID"] == mail.internet_message_id != message.internet_message_id
    assert parsedate_to_datetime(head["Date"]) == LATER


def test_everything_else_is_the_same_to_the_byte(message: Message) -> None:
    mail = resent_mail(message, [("c@x.test", Recipient.Field.BCC)], LATER)
    before, after = bytes(message.content).split(b"\r\n"), mail.content.split(b"\r\n")
    changed = [old.partition(b":")[0] for old, new in zip(before, after, strict=True) if old != new]
    assert changed == [b"Date", b"Message-ID"]


def test_it_goes_to_those_chosen_only(message: Message) -> None:
    mail = resent_mail(message, [("c@x.test", Recipient.Field.BCC)], LATER)
    assert mail.recipients == (("c@x.test", Recipient.Field.BCC),)
    assert mail.subject == message.subject
