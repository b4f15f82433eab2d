"""Replies of mail servers that mean what they mean by the mode, the other recipients or earlier emails.

Each over real sockets, to what the engine makes of the email. Replies alone: tests/backends/replies.tsv.
"""

import base64
import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from notifications.delivery.sender import send_due
from notifications.models import Attempt, MailServerState, Message, Recipient
from tests import pki
from tests.base import a_message, use_smtp
from tests.graph_stand_in import GraphStandIn
from tests.oauth.stand_in import NEXT_TOKEN, connect, give_tokens, use_microsoft
from tests.smtp_model import ANSWER, CONNECT, DOT, ModelServer, Part, Script, scripted

pytestmark = pytest.mark.django_db

VERBS = {"greeting": CONNECT, "ehlo": "EHLO", "auth": "AUTH", "mail": "MAIL", "rcpt": "RCPT", "final": DOT}
REASON = base64.b64encode(b'{"status":"401","schemes":"bearer","scope":"https://outlook.office.com/SMTP.Send"}')
FIRST, SECOND = "first@example.org", "second@peer.test"


@dataclass(frozen=True)
class Row:
    """`mode` is how we sign in; `classes` are those that are right: hold, retry, quota, refuse."""

    mode: str
    situation: str
    where: str
    classes: tuple[str, ...]
    wire: bytes

    def __str__(self) -> str:
        return f"{self.mode} {self.situation} {self.where} {self.wire.decode()[:60]}"

    @property
    def script(self) -> Script:
        verb = VERBS[self.where]
        if self.situation == "after a challenge":
            return scripted({verb: b"334 %s\r\n" % REASON, ANSWER: self.wire})
        if self.situation == "first recipient":
            # Asked for again and again, as after a closed connection.
            return lambda asked, number: self.answer(asked, number % 2 == 0)
        return scripted({verb: self.wire})

    def answer(self, verb: str, is_first: bool) -> list[Part]:
        answers: dict[str, Any] = {VERBS[self.where]: self.wire} if is_first else {}
        return list(scripted(answers)(verb, 0))


def rows(mode: str) -> list[Row]:
    with Path(__file__).with_name("mail_servers.tsv").open(newline="") as file:
        found = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [
        Row(
            row["mode"],
            row["situation"],
            row["where"],
            tuple(row["class"].split("|")),
            row["reply"].replace("\\n", "\r\n").encode() + b"\r\n",
        )
        for row in found
        if row["mode"] == mode
    ]


@pytest.mark.parametrize("row", [*rows("nobody"), *rows("password")], ids=str)
def test_reply_in_its_situation(row: Row) -> None:
    sign_in = {"user": "ops", "password": "secret"} if row.mode == "password" else {}
    with ModelServer() as model:
        use_smtp(model, **sign_in)
        play(row, model)


@pytest.mark.parametrize("row", rows("token"), ids=str)
def test_reply_to_a_token(row: Row, graph: GraphStandIn, tmp_path: Path, settings: Any) -> None:
    with ModelServer(tls="starttls", context=pki.server_context()) as model:
        connect(graph, use_microsoft(graph, tmp_path, settings, model.port))
        # A token that the mail server refuses is refreshed once.
        give_tokens(graph, access_token=NEXT_TOKEN)
        play(row, model)


def play(row: Row, model: ModelServer) -> None:
    if row.situation == "worked before":
        a_message("inside@works.test")
        send_due()
        assert len(model.taken) == 1
    model.script = row.script
    recipients = [FIRST, SECOND] if row.situation == "first recipient" else [FIRST]
    message = a_message(*recipients)
    send_due()
    found = class_of(message)
    attempt = message.attempts.get()
    assert found in row.classes, f"{attempt.fault} {attempt.code} {attempt.text}\n{attempt.transcript}"
    if row.situation == "first recipient" and found != "hold":
        assert [email.recipients for email in model.taken] == [(SECOND,)]


def class_of(message: Message) -> str:
    """What the engine made of the first recipient."""
    message.refresh_from_db()
    recipient = message.recipients.get(address=FIRST)
    if MailServerState.load().is_held:
        assert (message.state, recipient.outcome in Recipient.OPEN) == (Message.State.QUEUED, True)
        assert message.attempts.get().outcome == Attempt.Outcome.CONFIGURATION
        return "hold"
    if recipient.outcome == Recipient.Outcome.REFUSED:
        return "refuse"
    assert (message.state, recipient.outcome in Recipient.OPEN) == (Message.State.QUEUED, True)
    return "quota" if message.attempts.get().fault == "quota" else "retry"
