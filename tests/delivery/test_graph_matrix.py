"""Each request of Graph mode with each kind of trouble, through the engine: none lost, none accepted wrongly."""

from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from notifications.backends import graph_draft, graph_note, graph_upload
from notifications.delivery import outbox
from notifications.delivery.sender import send_due
from notifications.emails.mail import Mail
from notifications.models import AppToken, Attempt, MailServerState, Message, Recipient
from tests.base import a_mail
from tests.graph.faults import HTML, Fault, Moment, cut_after, cut_before, cut_within, failing, redirect, saying
from tests.graph.lab import use_stand_in
from tests.graph.login import SEND
from tests.graph.wire import Answer, Kind
from tests.graph_stand_in import GraphStandIn

JSON = "application/json"
PHASES = ("discovery", "token", "look", "find", "draft", "attach", "session", "range", "send", "send_mail", "delete")
LARGE = {"attach", "session", "range"}
# A reply in place of the true one. What is done all the same comes second: only a reply that leaves doubt may hide it.
KINDS: dict[str, Fault] = {
    "400 with an unknown code": failing(400, "SomethingOfTomorrow"),
    "404 page": saying(404, HTML),
    "405 page": saying(405, HTML),
    "409": failing(409, "SomethingOfTomorrow"),
    "423": failing(423, "SomethingOfTomorrow"),
    "429": failing(429, retry_after="1"),
    "500": failing(500, "SomethingOfTomorrow"),
    "502 page": saying(502, HTML),
    "503": failing(503, retry_after="1"),
    "504 page": saying(504, HTML),
    "drips": saying(200, b"{", drips=True),
    "page with 200": saying(200, HTML),
    "bytes with 200": saying(200, b"\xff\x00\xfe"),
    "list with 200": saying(200, b"[]", JSON),
    "nothing with 200": saying(200, b""),
    "201": saying(201, b"{}", JSON),
    "204": saying(204, b""),
    "206": saying(206, b"{}", JSON),
    "202 with content": saying(202, HTML),
    "no reply in time": Fault("silence", Moment.BEFORE),
    "cut before": cut_before(),
    "cut within": cut_within(),
    "reply to another request": Fault("stale", Moment.BEFORE, Answer(202, b"", {"client-request-id": "another"})),
}
HIDDEN: dict[str, Fault] = {
    "502 page": saying(502, HTML, after=True),
    "503": failing(503, "SomethingOfTomorrow", after=True),
    "200 for 202": saying(200, b"", after=True),
    "204 for 202": saying(204, b"", after=True),
    "202 with content": saying(202, HTML, after=True),
    "drips": saying(200, b"{", drips=True, after=True),
    "cut after": cut_after(),
}


@pytest.fixture(autouse=True)
def _quick(graph: GraphStandIn, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Graph mode as the active one, with small pieces and without the half minute in which a draft settles."""
    monkeypatch.setattr(graph_note, "SETTLING_SECONDS", 0.0)
    monkeypatch.setattr(graph_upload, "DIRECT", 3_000)
    monkeypatch.setattr(graph_upload, "RANGE", 3_200)
    monkeypatch.setattr(graph_draft, "LARGEST_REQUEST", 8_000)
    monkeypatch.setattr(graph_draft, "ROOM", 1_000)
    use_stand_in(graph, tmp_path, settings, total_timeout=1)
    graph.service.smallest_upload = 0


def an_email(phase: str) -> Message:
    """With attachments of 3 and 9,000 bytes where the phase needs them."""
    small = a_mail("ops@peer.test", "invalid@peer.test") if phase == "delete" else a_mail()
    if phase not in LARGE:
        return outbox.put(small, Message.Kind.NOTIFICATION)
    content = EmailMessage(policy=SMTP)
    content["To"], content["Subject"] = "ops@peer.test", small.subject
    content["Message-ID"], content["Date"] = small.internet_message_id, timezone.now()
    content.set_content("Two reports.\n", cte="7bit")
    for name, data in (("a.csv", b"a,b"), ("b.csv", b"0123456789" * 900)):
        content.add_attachment(data, "text", "csv", filename=name)
    recipients = (("ops@peer.test", Recipient.Field.TO),)
    mail = Mail(small.subject, small.internet_message_id, recipients, bytes(content))
    return outbox.put(mail, Message.Kind.NOTIFICATION)


def begin(graph: GraphStandIn, phase: str) -> Message:
    """An email whose next try makes the phase's request."""
    if phase == "send_mail":
        graph.login.roles = {SEND}
    message = an_email(phase)
    if phase in ("look", "find"):
        graph.store.ids_change_at_send = phase == "find"
        graph.fault(cut_after(), "send").fault(cut_before(), "look")
        again(message)
        graph.faults.clear()
    return message


def again(message: Message) -> None:
    """One more try, whatever is waited for."""
    AppToken.objects.update(retry_at=None)
    MailServerState.objects.update(paused_until=None, next_probe_at=timezone.now())
    Message.objects.get(pk=message.pk).retry_now()
    send_due()


def finish(graph: GraphStandIn, message: Message) -> None:
    """The trouble is over; a few tries more."""
    graph.faults.clear()
    graph.let_go()
    for _ in range(6):
        if Message.objects.get(pk=message.pk).state == Message.State.QUEUED:
            again(message)


def check(graph: GraphStandIn, message: Message, *, most: int = 1) -> None:
    message = Message.objects.get(pk=message.pk)
    accepted = set(message.recipients.filter(outcome=Recipient.Outcome.ACCEPTED).values_list("address", flat=True))
    got = [to for mail in graph.deliveries for to in mail.recipients]
    texts = [(attempt.code, attempt.text) for attempt in message.attempts.all()]
    assert accepted <= set(got), texts
    assert len(got) <= most, texts
    assert message.state not in (Message.State.FAILED, Message.State.EXPIRED), texts
    sizes = {tuple(sorted(item.size for item in mail.attachments)) for mail in graph.deliveries}
    assert sizes <= {(), (3, 9_000)}


@pytest.mark.django_db
@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("kind", KINDS)
def test_trouble_at_a_request_neither_loses_an_email_nor_accepts_it_wrongly(
    graph: GraphStandIn, phase: str, kind: str
) -> None:
    message = begin(graph, phase)
    if kind == "no reply in time":
        graph.latency[Kind(phase)] = 30
    graph.fault(KINDS[kind], phase)
    again(message)
    check(graph, message)
    finish(graph, message)
    check(graph, message, most=1)
    assert [mail.message_id for mail in graph.deliveries] == [message.internet_message_id] or is_in_doubt(message)


@pytest.mark.django_db
@pytest.mark.parametrize("phase", ["draft", "attach", "session", "range", "send", "send_mail", "delete"])
@pytest.mark.parametrize("kind", HIDDEN)
def test_trouble_after_a_request_was_done_makes_no_copy_without_doubt(
    graph: GraphStandIn, phase: str, kind: str
) -> None:
    message = begin(graph, phase)
    graph.fault(HIDDEN[kind], phase)
    again(message)
    doubts = message.attempts.filter(outcome=Attempt.Outcome.AMBIGUOUS).count()
    finish(graph, message)
    check(graph, message, most=1 + doubts)
    assert graph.deliveries


@pytest.mark.django_db
@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_carries_nothing_to_another_host(graph: GraphStandIn, phase: str, status: int) -> None:
    message = begin(graph, phase)
    with GraphStandIn() as elsewhere:
        graph.fault(redirect(status, f"{elsewhere.base}/v1.0/users/x/sendMail"), phase, times=None)
        again(message)
        assert elsewhere.log == []
    finish(graph, message)
    check(graph, message)
    assert len(graph.deliveries) == 1


def is_in_doubt(message: Message) -> bool:
    """Nobody knows whether it arrived, and the page says so."""
    return message.attempts.filter(outcome=Attempt.Outcome.AMBIGUOUS).exists()
