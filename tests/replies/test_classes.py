"""Each reply that was seen in the field, over real sockets, to what the engine makes of the email."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from notifications.backends.base import Fault
from notifications.delivery.sender import send_due
from notifications.models import Attempt, MailServerSettings, MailServerState, Message, OAuthGrant, Recipient
from notifications.oauth import consent
from notifications.oauth.errors import OAuthFailure
from tests.base import a_message
from tests.google_stand_in import GoogleStandIn
from tests.graph.lab import use_stand_in
from tests.graph_stand_in import GraphStandIn
from tests.oauth.lab import (
    ACCOUNT,
    SESSION,
    answer_of,
    authenticate_at_google,
    let_expire,
    providers_file,
    use_oauth2,
)
from tests.oauth.stand_in import connect, use_microsoft
from tests.replies.cases import Case, cases
from tests.smtp_sink import SmtpSink

pytestmark = pytest.mark.django_db


def class_of(message: Message) -> str:
    """What the engine made of the email's one try."""
    message = Message.objects.get(pk=message.pk)
    state = MailServerState.load()
    refused = message.recipients.filter(outcome=Recipient.Outcome.REFUSED).count()
    if state.is_held:
        assert (message.state, refused) == (Message.State.QUEUED, 0)
        return "hold"
    if message.attempts.get().outcome == Attempt.Outcome.AMBIGUOUS:
        return "ambiguous"
    if message.state != Message.State.QUEUED:
        assert message.state == Message.State.FAILED
        return "refuse"
    return "quota" if message.attempts.get().fault == Fault.QUOTA else "retry"


def sent(message: Message) -> str:
    """The text of the try, for a failing test."""
    attempt = message.attempts.get()
    return f"{attempt.code} {attempt.text}\n{attempt.transcript}"


@pytest.mark.parametrize("case", cases("graph", "draft", "look", "send", "sendMail"), ids=lambda case: case.id)
def test_a_reply_of_graph_has_its_class(graph: GraphStandIn, tmp_path: Path, settings: Any, case: Case) -> None:
    use_stand_in(graph, tmp_path, settings)
    if case.where == "sendMail":
        graph.login.roles = {"Mail.Send"}
    graph.fault(case.fault, *case.places, times=None)
    message = a_message()
    send_due()
    assert class_of(message) in case.classes, sent(message)
    assert graph.deliveries == []


@pytest.mark.parametrize("case", cases("token", mode="graph"), ids=lambda case: case.id)
def test_a_reply_of_the_apps_token_endpoint_has_its_class(
    graph: GraphStandIn, tmp_path: Path, settings: Any, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoints = {"login_host": "https://login.microsoftonline.invalid"} if case.reply.startswith("raise:dns") else {}
    use_stand_in(graph, tmp_path, settings, endpoints)
    with rejecting_proxy() as proxy:
        if case.reply.startswith("raise:proxy"):
            settings.OUTBOUND_TRUST_ENVIRONMENT = True
            monkeypatch.setenv("HTTPS_PROXY", proxy)
            for name in ("NO_PROXY", "no_proxy", "REQUESTS_CA_BUNDLE"):
                monkeypatch.delenv(name, raising=False)
        elif not endpoints:
            graph.fault(case.fault, *case.places, times=None)
        message = a_message()
        send_due()
    assert class_of(message) in case.classes, sent(message)
    assert graph.deliveries == []


@pytest.mark.parametrize("case", cases("token", mode="oauth2"), ids=lambda case: case.id)
def test_a_reply_to_a_refresh_at_microsoft_has_its_class(
    graph: GraphStandIn, smtp: SmtpSink, tmp_path: Path, settings: Any, case: Case
) -> None:
    connect(graph, use_microsoft(graph, tmp_path, settings, smtp.port))
    let_expire()
    graph.fault(case.fault, *case.places, times=None)
    message = a_message()
    send_due()
    assert class_of(message) in case.classes, sent(message)


@pytest.mark.parametrize("case", cases("token", mode="google"), ids=lambda case: case.id)
def test_a_reply_to_a_refresh_at_google_has_its_class(
    google: GoogleStandIn, smtp: SmtpSink, tmp_path: Path, settings: Any, case: Case
) -> None:
    authenticate_at_google(use_google(google, tmp_path, settings, smtp.port), google)
    let_expire()
    google.next_answer(case.answer.status, case.answer.body, headers=case.answer.headers)
    message = a_message()
    send_due()
    assert class_of(message) in case.classes, sent(message)


@pytest.mark.parametrize("case", cases("authorize"), ids=lambda case: case.id)
def test_a_sign_in_that_ends_in_an_error_changes_nothing(
    graph: GraphStandIn, google: GoogleStandIn, tmp_path: Path, settings: Any, case: Case
) -> None:
    if case.mode == "google":
        server = use_google(google, tmp_path, settings)
    else:
        server = use_microsoft(graph, tmp_path, settings)
    state = answer_of(consent.begin(server, SESSION, None))["state"]
    with pytest.raises(OAuthFailure) as caught:
        consent.complete(server, SESSION, {**case.parameters, "state": state}, None)
    assert caught.value.code == case.parameters["error"]
    assert OAuthGrant.load().state == OAuthGrant.State.NONE


def test_a_consent_of_google_without_a_refresh_token_is_not_taken(
    google: GoogleStandIn, tmp_path: Path, settings: Any
) -> None:
    server = use_google(google, tmp_path, settings)
    google.rules.gives_refresh_tokens = False
    with pytest.raises(OAuthFailure, match="no refresh token"):
        authenticate_at_google(server, google)
    assert OAuthGrant.load().state == OAuthGrant.State.NONE


def test_a_consent_of_microsoft_without_a_refresh_token_is_not_taken(
    graph: GraphStandIn, tmp_path: Path, settings: Any
) -> None:
    server = use_microsoft(graph, tmp_path, settings)
    with pytest.raises(OAuthFailure, match="no refresh token"):
        connect(graph, server, refresh_token=None)
    assert OAuthGrant.load().state == OAuthGrant.State.NONE


def test_every_row_is_played() -> None:
    played = cases("graph", "draft", "look", "send", "sendMail", "token", "authorize")
    assert len(played) >= 72
    assert {case.mode for case in played} == {"graph", "oauth2", "google"}


@pytest.fixture
def smtp() -> Iterator[SmtpSink]:
    """A mail server that takes tokens, and never gets one here."""
    with SmtpSink(tls="starttls") as sink:
        sink.on("EHLO", "250-localhost\r\n250-STARTTLS\r\n250 AUTH XOAUTH2")
        yield sink
        assert not [command for command in sink.commands if command.startswith("AUTH")]


def use_google(google: GoogleStandIn, folder: Path, settings: Any, port: int = 1) -> MailServerSettings:
    google.rules.account = ACCOUNT
    providers_file(folder, settings, google=google.provider(port))
    values = {"client_id": "google-desktop", "client_secret": "google-desktop-secret", "tenant_id": ""}
    return use_oauth2(provider="google.lab", **values)


@contextmanager
def rejecting_proxy() -> Iterator[str]:
    """A proxy that requires a sign-in which nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    wire, _ = listener.accept()
                    wire.recv(65536)
                    wire.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
                    wire.close()

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
