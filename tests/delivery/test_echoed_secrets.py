"""A server that repeats what it was sent to sign in puts none of it before viewers, whatever it does with it."""

import base64
import logging
from collections.abc import Callable, Sequence

import pytest
from django.db import connection
from django.test import Client

from notifications.delivery.sender import send_due
from notifications.masking import remember
from notifications.models import Attempt, MailServerState, Recipient
from tests.base import a_message, administrator, use_smtp
from tests.smtp_model import ModelServer, Part, polite

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = "Tr0ub4dor&3/horse+staple"
PLAIN = base64.b64encode(f"\0ops\0{PASSWORD}".encode()).decode()
CODED = base64.b64encode(PASSWORD.encode()).decode()


def pieces(width: int) -> bytes:
    parts = [PLAIN[start : start + width] for start in range(0, len(PLAIN), width)]
    return b"".join(f"535-5.7.8 {part}\r\n".encode() for part in parts) + b"535 5.7.8 wrong\r\n"


ECHOES = {
    "whole": f"535 5.7.8 {PLAIN} is wrong\r\n".encode(),
    "the password": f"535 5.7.8 {PASSWORD} is wrong\r\n".encode(),
    "cut": f"535 5.7.8 {PLAIN[5:-9]}\r\n".encode(),
    "over lines": pieces(15),
    "over short lines": pieces(6),
    "in a line that is no SMTP": f"AUTH PLAIN {PLAIN}\r\n".encode(),
    "in a line without an end": f"AUTH PLAIN {PLAIN}".encode() * 2000,
    "in capitals": f"535 5.7.8 {PLAIN.upper()}\r\n".encode(),
    "in hex": f"535 5.7.8 {PASSWORD.encode().hex()}\r\n".encode(),
    "spread": f"535 5.7.8 {' '.join(PLAIN)}\r\n".encode(),
}


def echoing(echo: bytes, verb: str = "AUTH") -> ModelServer:
    def script(said: str, number: int) -> Sequence[Part]:
        return [echo if said == verb else polite(said)]

    return ModelServer(script)


def stored() -> str:
    """Everything that the database has in clear of one try."""
    parts = []
    for model in (Attempt, Recipient, MailServerState):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {model._meta.db_table}")
            parts += [str(value) for row in cursor.fetchall() for value in row]
    return "\n".join(parts)


def is_hidden(text: str) -> bool:
    """No four characters in a row of what was sent, capitals or not, whatever stands between them."""
    compact = "".join(char for char in text.lower() if char.isalnum())
    forms = [PLAIN[6:], CODED, PASSWORD.encode().hex(), PASSWORD]
    runs = {form.lower()[start : start + 6] for form in forms for start in range(len(form) - 5)}
    return not [run for run in runs if run.isalnum() and run in compact]


@pytest.mark.parametrize("echo", ECHOES)
def test_nothing_of_the_password_is_stored_shown_or_logged(echo: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    message = a_message()
    with echoing(ECHOES[echo]) as model:
        use_smtp(model, user="ops", password=PASSWORD)
        send_due()
    browser = Client()
    browser.force_login(administrator())
    pages = [browser.get(path, follow=True) for path in (f"/deliveries/{message.uuid}/", "/", "/health/")]
    assert [page.status_code for page in pages] == [200, 200, 200]
    for text in (stored(), *(page.content.decode() for page in pages), caplog.text):
        assert is_hidden(text)


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "."])
def test_nothing_of_the_password_is_stored_when_it_is_repeated_later(verb: str) -> None:
    a_message("one@peer.test", "two@peer.test")
    with echoing(f"550 5.7.1 you sent {PLAIN}\r\n".encode(), verb) as model:
        use_smtp(model, user="ops", password=PASSWORD)
        send_due()
    assert "you sent ••••••••" in stored()
    assert is_hidden(stored())


@pytest.mark.parametrize("store", [Recipient.save, lambda row: Recipient.save_outcomes([row])], ids=["save", "bulk"])
def test_whoever_stores_a_server_s_text_stores_it_masked(store: Callable[[Recipient], None]) -> None:
    remember(PASSWORD)
    recipient = a_message().recipients.get()
    recipient.record(Recipient.Outcome.DEFERRED, f"{'4' * 30}", f"450 {PASSWORD}")
    store(recipient)
    recipient.refresh_from_db()
    assert (recipient.code, recipient.text) == ("4" * 30, "450 ••••••••")
