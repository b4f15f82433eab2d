"""The service that gives out tokens is away or not to be trusted: over real sockets, in every mode that asks it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from notifications.delivery.sender import send_due
from notifications.models import Attempt, MailServerState, Message
from tests.base import a_message
from tests.google_stand_in import GoogleStandIn
from tests.graph.lab import use_stand_in
from tests.graph_stand_in import GraphStandIn
from tests.oauth.lab import ACCOUNT, authenticate_at_google, let_expire, providers_file, use_oauth2
from tests.oauth.stand_in import connect, use_microsoft
from tests.pki import server_context
from tests.smtp_model import HANG_UP, RESET, ModelServer
from tests.tcp_front import Front
from tests.unusable_servers import WRONG, Server, saying, tls, web_server

pytestmark = pytest.mark.django_db

# What is in the way, by what it is: the fault of the settings is only one that cannot pass.
PASSING: dict[str, Server] = {
    "closed at once": saying(HANG_UP, security="tls"),
    "reset": saying(0.1, RESET, security="tls"),
    "gone within the handshake": saying(b"\x16\x03\x03\x10\x10half", HANG_UP, security="tls"),
}
LASTING: dict[str, Server] = {
    "an HTTP server in clear": web_server("tls"),
    "an SSH server": saying(b"SSH-2.0-OpenSSH_9.2p1\r\n", security="tls"),
    **{kind: tls(make, "tls") for kind, make in WRONG.items() if "client certificate" not in kind},
}


@pytest.fixture
def mail_server() -> Iterator[ModelServer]:
    with ModelServer(tls="starttls", context=server_context()) as model:
        yield model
        assert not {"AUTH", "MAIL"} & set(model.verbs())


@pytest.fixture(params=["graph", "oauth2", "google"])
def front(
    request: pytest.FixtureRequest,
    mail_server: ModelServer,
    graph: GraphStandIn,
    google: GoogleStandIn,
    tmp_path: Path,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Front]:
    """In front of the sign-in service; the mode is set up, and its next email needs a new token."""
    real = google.base if request.param == "google" else graph.base
    with Front("127.0.0.1", int(real.rpartition(":")[2])) as front:
        base = f"https://localhost:{front.port}"
        monkeypatch.setattr(graph, "base", base)
        monkeypatch.setattr(graph.login, "base", base)
        graph.login.resources.add(base)
        if request.param == "graph":
            use_stand_in(graph, tmp_path, settings)
        elif request.param == "oauth2":
            connect(graph, use_microsoft(graph, tmp_path, settings, mail_server.port))
        else:
            use_google(google, base, mail_server.port, tmp_path, settings)
        let_expire()
        yield front


def use_google(google: GoogleStandIn, token_host: str, smtp_port: int, folder: Path, settings: Any) -> None:
    google.rules.account = ACCOUNT
    values = google.provider(smtp_port)
    values["token_endpoint"] = values["token_endpoint"].replace(google.base, token_host)
    providers_file(folder, settings, google=values)
    client = {"client_id": "google-desktop", "client_secret": "google-desktop-secret", "tenant_id": ""}
    authenticate_at_google(use_oauth2(provider="google.lab", **client), google)


@contextmanager
def behind(front: Front, server: Server) -> Iterator[None]:
    with server() as columns:
        front.to = ("127.0.0.1", columns["port"])
        yield


def attempt_of(message: Message) -> Attempt:
    message.refresh_from_db()
    assert message.state == Message.State.QUEUED
    return message.attempts.get()


@pytest.mark.parametrize("kind", PASSING)
def test_what_passes_is_tried_again(front: Front, kind: str) -> None:
    message = a_message()
    with behind(front, PASSING[kind]):
        send_due()
    attempt = attempt_of(message)
    assert (attempt.fault, attempt.stage) == ("unreachable", "token"), attempt.text
    assert not MailServerState.load().is_held


def test_a_refused_connection_is_tried_again(front: Front) -> None:
    front.close()
    message = a_message()
    send_due()
    attempt = attempt_of(message)
    assert (attempt.fault, attempt.stage) == ("unreachable", "token"), attempt.text
    assert not MailServerState.load().is_held


@pytest.mark.parametrize("kind", LASTING)
def test_what_stays_holds_the_queue(front: Front, kind: str) -> None:
    message = a_message()
    with behind(front, LASTING[kind]):
        send_due()
    attempt = attempt_of(message)
    assert (attempt.fault, attempt.stage) == ("tls", "tls"), attempt.text
    assert MailServerState.load().held_reason == "tls"
