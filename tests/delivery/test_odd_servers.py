"""Mail servers that are odd and still accept the email: over real sockets, through the engine, sent once."""

import base64
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest
from django.utils import timezone

from notifications.delivery.sender import send_due
from notifications.models import Attempt, MailServerState, Message
from tests.backends.test_smtp_tls import TRUSTED
from tests.base import a_message, use_smtp
from tests.smtp_model import ANSWER, CONNECT, DOT, HANG_UP, OK, ModelServer, Part, polite, scripted
from tests.unusable_servers import Columns

pytestmark = pytest.mark.django_db

USER, PASSWORD = "ops", "a password of twenty-odd letters"
SIGN_IN = {"user": USER, "password": PASSWORD}
GREETING = b"220-mail.test\r\n220-No unsolicited email\r\n220 Ready\r\n"


def offering(mechanisms: bytes) -> bytes:
    return b"250-model.test\r\n250 AUTH %s\r\n" % mechanisms


def coded(text: str) -> bytes:
    return base64.b64encode(text.encode())


# What each replies instead of the usual.
ODD: dict[str, dict[str, Sequence[Part] | bytes]] = {
    **{
        f"EHLO is {code}": {"EHLO": b"%d 5.5.1 Command unrecognized\r\n" % code}
        for code in (500, 501, 502, 504, 550, 554)
    },
    "a pause before the greeting": {CONNECT: [2.0, GREETING]},
    "a greeting in pieces": {CONNECT: [b"220-mail.", 0.5, b"test\r\n", 0.5, b"220 Ready\r\n"]},
    "a scanner before the final reply": {DOT: [3.5, OK]},
    "replies with line feeds alone": {"MAIL": b"250 ok\n", "RCPT": b"250 ok\n"},
    "251 for a recipient": {"RCPT": b"251 2.1.5 User not local; will forward\r\n"},
    "252 for a recipient": {"RCPT": b"252 2.1.5 Cannot verify\r\n"},
    "reply without a text": {"MAIL": b"250\r\n", "RCPT": b"250\r\n"},
    "no RSET": {"RSET": b"502 5.5.1 unrecognized\r\n"},
    "closes after each email": {"RSET": [HANG_UP], "QUIT": [HANG_UP]},
}


@pytest.mark.parametrize("kind", ODD)
def test_that_needs_no_sign_in(kind: str) -> None:
    """With limits of one second for connecting, and three for standing still anywhere but at the final dot."""
    first, second = a_message(), a_message()
    with ModelServer(scripted(ODD[kind])) as model:
        use_smtp(model, connect_timeout=1, total_timeout=3)
        send_due()
    check(model, first, second)


def asks_again_for_the_user(verb: str, number: int) -> Sequence[Part]:
    """LOGIN, and an initial response is ignored."""
    prompts = [b"334 %s\r\n" % coded("Username:"), b"334 %s\r\n" % coded("Password:"), b"235 2.7.0 ok\r\n"]
    if verb == "AUTH":
        return [prompts[0]]
    if verb == ANSWER:
        return [prompts[1 + number % 2]]
    return [offering(b"LOGIN")] if verb == "EHLO" else [polite(verb)]


def turns_down_plain(refusal: bytes) -> Callable[[str, int], Sequence[Part]]:
    def script(verb: str, number: int) -> Sequence[Part]:
        if verb == "EHLO":
            return [offering(b"PLAIN LOGIN")]
        return [refusal] if (verb, number) == ("AUTH", 0) else asks_again_for_the_user(verb, number)

    return script


SIGNING_IN = {
    "LOGIN alone": asks_again_for_the_user,
    "504 for PLAIN": turns_down_plain(b"504 5.7.4 Unrecognized authentication type\r\n"),
    "PLAIN is not supported": turns_down_plain(b"534 5.7.1 Mechanism not supported\r\n"),
    "AUTH=LOGIN": lambda verb, number: (
        [b"250-model.test\r\n250 AUTH=LOGIN\r\n"] if verb == "EHLO" else asks_again_for_the_user(verb, number)
    ),
}


@pytest.mark.parametrize("kind", SIGNING_IN)
def test_that_signs_in_in_its_own_way(kind: str) -> None:
    message = a_message()
    with ModelServer(SIGNING_IN[kind]) as model:
        use_smtp(model, **SIGN_IN)
        send_due()
    check(model, message)
    sent = [line for line in model.commands if not line.startswith(("EHLO", "MAIL", "RCPT", "DATA", "RSET", "QUIT"))]
    assert sent[-3:] == ["AUTH LOGIN", coded(USER).decode(), coded(PASSWORD).decode()]


def test_that_takes_five_emails_for_each_connection() -> None:
    """4 workers needed 144 s for 60 emails, because each 421 paused the queue."""
    messages = [a_message() for _ in range(60)]

    def script(verb: str, number: int) -> Sequence[Part]:
        full = verb == "MAIL" and number % 6 == 5
        return [b"421 4.7.0 Maximum message count per session reached\r\n", HANG_UP] if full else [polite(verb)]

    begin = time.monotonic()
    with ModelServer(script) as model:
        use_smtp(model, **SIGN_IN)
        send_due()
    assert time.monotonic() - begin < 10
    check(model, *messages)
    assert model.connections == 12


@contextmanager
def trusting(kind: str, security: str) -> Iterator[tuple[ModelServer, Columns]]:
    pem, make = TRUSTED[kind]
    with ModelServer(tls=security, context=make()) as model:
        yield model, {"host": "localhost", "port": model.port, "security": security, "ca_certificate": pem()}


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize("kind", TRUSTED)
def test_whose_certificate_an_administrator_trusts(kind: str, security: str) -> None:
    message = a_message()
    with trusting(kind, security) as (model, columns):
        use_smtp(**columns, **SIGN_IN)
        send_due()
    check(model, message)
    assert model.taken[0].secure
    assert b"AUTH" not in model.in_clear


def check(model: ModelServer, *messages: Message) -> None:
    """Each was sent at the first try, and once; nothing paused or held the queue."""
    numbers = [message.pk for message in messages]
    sent = {message.state for message in Message.objects.filter(pk__in=numbers)}
    attempts = Attempt.objects.filter(message__in=numbers)
    assert sent == {"sent"}, "\n".join(attempt.transcript for attempt in attempts)
    assert attempts.count() == len(model.taken) == len(messages)
    state = MailServerState.load()
    assert not state.is_held
    assert not state.is_paused(timezone.now())
