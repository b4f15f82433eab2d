"""A reply that the database refuses must not lose its outcome, nor send the email again and again."""

from collections.abc import Iterator

import pytest
from django.db import connection

from notifications.delivery.sender import send_due
from notifications.models import Message
from tests.base import a_message, outcomes, use_smtp
from tests.smtp_sink import DOT, SmtpSink

pytestmark = pytest.mark.django_db

SQLITE = """CREATE TRIGGER refuses BEFORE UPDATE ON notifications_attempt WHEN NEW.text LIKE '%poison%'
BEGIN SELECT RAISE(ABORT, 'value refused'); END"""
POSTGRES = """CREATE FUNCTION refuses() RETURNS trigger AS $$ BEGIN
IF NEW.text LIKE '%poison%' THEN RAISE EXCEPTION 'value refused' USING ERRCODE = '22001'; END IF; RETURN NEW; END $$
LANGUAGE plpgsql; CREATE TRIGGER refuses BEFORE UPDATE ON notifications_attempt
FOR EACH ROW EXECUTE FUNCTION refuses()"""


@pytest.fixture(autouse=True)
def refusing_database() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(SQLITE if connection.vendor == "sqlite" else POSTGRES.replace("%", "%%"))
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER refuses" + ("" if connection.vendor == "sqlite" else " ON notifications_attempt"))


def test_acceptance_is_recorded_without_its_text() -> None:
    message = a_message()
    with SmtpSink().on(DOT, "250 2.0.0 poison") as sink:
        use_smtp(sink)
        send_due()
        send_due()
    assert Message.objects.get(pk=message.pk).state == "sent"
    attempt = message.attempts.get()
    assert (attempt.outcome, attempt.code, attempt.text) == ("accepted", "250", "")
    assert len(sink.mails) <= 1


def test_refusal_is_recorded_without_its_text() -> None:
    message = a_message()
    with SmtpSink().on("RCPT", "550 5.1.1 poison user unknown") as sink:
        use_smtp(sink)
        send_due()
    assert outcomes(message) == {"ops@peer.test": "refused"}
    assert message.attempts.count() == 1


def test_code_wider_than_its_column_is_cut() -> None:
    message = a_message()
    recipient = message.recipients.get()
    recipient.record(recipient.Outcome.REFUSED, "403 " + "E" * 300, "no")
    recipient.save()
    assert len(message.recipients.get().code) == 120
