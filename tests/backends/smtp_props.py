"""What the tests of the SMTP backend share: an email, short time limits, and one send."""

from dataclasses import dataclass, field

import pytest

from notifications.backends.base import BackendError, Envelope, Results, TimeLimits
from notifications.backends.smtp import SmtpBackend
from notifications.backends.smtp_auth import PasswordSignIn
from notifications.backends.smtp_server import SignIn, SmtpServer
from notifications.backends.trace import Trace
from notifications.backends.xoauth2 import XOAuth2SignIn
from tests.smtp_model import ModelServer
from tests.smtp_sink import RawServer, SmtpSink

CONTENT = b"From: a@b.test\r\nSubject: hello\r\n\r\n.dot first\r\nlast line\r\n"
USER, PASSWORD = "ops", "pässwörd-1"
TOKEN = "EwBwA8l6BAAU-not-a-real-access-token-0123456789"


def envelope(*recipients: str, content: bytes = CONTENT) -> Envelope:
    return Envelope("sender@b.test", recipients or ("one@c.test",), content)


def limits_of(seconds: float, **more: float) -> TimeLimits:
    """The same limit for every phase, the final dot's too, unless `more` names another one."""
    phases = ("command", "data", "block", "end_of_data", "line")
    return TimeLimits(**{**dict.fromkeys(phases, seconds), **more})


def server_at(peer: SmtpSink | RawServer | ModelServer, security: str = "none", **more: object) -> SmtpServer:
    host = "localhost" if security != "none" else peer.host
    return SmtpServer(host, peer.port, security, **more)  # type: ignore[arg-type]


def send(
    server: SmtpServer,
    mail: Envelope | None = None,
    *,
    seconds: float = 10,
    limits: TimeLimits | None = None,
    trace: Trace | None = None,
    sign_in: SignIn | None = None,
    **password: str,
) -> Results:
    backend = SmtpBackend(server, PasswordSignIn(**password) if password else sign_in)
    try:
        return backend.send(mail or envelope(), limits or limits_of(seconds), trace or Trace())
    finally:
        backend.close()


def fault_of_sending(server: SmtpServer, mail: Envelope | None = None, **more: object) -> BackendError:
    with pytest.raises(BackendError) as caught:
        send(server, mail, **more)  # type: ignore[arg-type]
    return caught.value


@dataclass
class Tokens:
    """Hands out one access token after the other; `refused` is what was brought back."""

    tokens: list[str] = field(default_factory=lambda: [TOKEN])
    refused: list[str] = field(default_factory=list)

    def token(self, patience: float, refused: str = "") -> str:
        if refused:
            self.refused.append(refused)
        return self.tokens[min(len(self.refused), len(self.tokens) - 1)]


def by_password() -> SignIn:
    return PasswordSignIn(USER, PASSWORD)


def by_token() -> SignIn:
    return XOAuth2SignIn(USER, Tokens())
