"""No email gets through, for one reason each: over real sockets, and to what the engine makes of the email."""

from pathlib import Path
from typing import Any

import pytest

from notifications.delivery.sender import send_due
from notifications.models import Attempt, MailServerState, Message, Recipient
from tests import smtp_model
from tests.base import a_message, use_smtp
from tests.graph_stand_in import GraphStandIn
from tests.oauth.stand_in import FIRST_TOKEN, connect, use_microsoft
from tests.smtp_model import ModelServer
from tests.unusable_servers import NO_SIGN_IN, NOWHERE, OTHERS, UNTRUSTED, Columns, Unusable

pytestmark = pytest.mark.django_db

USER, PASSWORD = "ops", "a password of twenty-odd letters"


@pytest.mark.parametrize("case", [*NOWHERE, *OTHERS], ids=str)
def test_what_is_no_mail_server(case: Unusable) -> None:
    message = a_message("one@peer.test", "two@peer.test")
    with case.server() as columns:
        use_smtp(**{"user": USER, "password": PASSWORD, **columns})
        send_due()
    check(message, case)


@pytest.mark.parametrize("case", [*NO_SIGN_IN, *UNTRUSTED], ids=str)
def test_what_gets_no_password(case: Unusable, wires: list[ModelServer]) -> None:
    message = a_message("one@peer.test", "two@peer.test")
    with case.server() as columns:
        use_smtp(**{"user": USER, "password": PASSWORD, **columns})
        send_due()
    check(message, case)
    check_silence(wires, PASSWORD)


@pytest.mark.parametrize("case", UNTRUSTED, ids=str)
def test_what_gets_no_token(
    case: Unusable, graph: GraphStandIn, tmp_path: Path, settings: Any, wires: list[ModelServer]
) -> None:
    message = a_message("one@peer.test", "two@peer.test")
    with case.server() as columns:
        use_token(graph, tmp_path, settings, dict(columns))
        send_due()
    check(message, case)
    check_silence(wires, FIRST_TOKEN)


def use_token(graph: GraphStandIn, folder: Path, settings: Any, columns: Columns) -> None:
    """The same mail server for OAuth2 mode, whose host and authority are its provider's."""
    authorities = folder / "authorities.pem"
    authorities.write_text(graph.ca_file.read_text() + columns.pop("ca_certificate", ""))
    smtp = {"smtp_host": columns.pop("host"), "smtp_port": columns.pop("port"), "ca_file": str(authorities)}
    connect(graph, use_microsoft(graph, folder, settings, smtp=smtp, **columns))


def check(message: Message, case: Unusable) -> None:
    """Nothing is given up, and nothing is shown as sent."""
    message.refresh_from_db()
    attempt, state = message.attempts.get(), MailServerState.load()
    shown = f"{attempt.code} {attempt.text}\n{attempt.transcript}"
    assert (attempt.fault, attempt.stage) == (case.fault, case.stage), shown
    assert message.state == Message.State.QUEUED
    assert {each.outcome for each in message.recipients.all()} <= set(Recipient.OPEN)
    assert state.is_held is case.fault.holds, shown
    held = Attempt.Outcome.CONFIGURATION if case.fault.holds else Attempt.Outcome.DEFERRED
    assert attempt.outcome == held


def check_silence(wires: list[ModelServer], secret: str) -> None:
    """No server was sent a sign-in, or anything in clear that holds the secret."""
    for model in wires:
        assert not {"AUTH", "MAIL", "DATA"} & set(model.verbs())
        assert not [line for line in model.commands if secret in line]
        assert b"AUTH" not in model.in_clear


@pytest.fixture
def wires(monkeypatch: pytest.MonkeyPatch) -> list[ModelServer]:
    """Every model server that the test starts."""
    started: list[ModelServer] = []
    enter = ModelServer.__enter__

    def noted(model: ModelServer) -> ModelServer:
        started.append(model)
        return enter(model)

    monkeypatch.setattr(smtp_model.ModelServer, "__enter__", noted)
    return started
