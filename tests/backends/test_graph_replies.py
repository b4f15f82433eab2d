"""Which replies of Graph count: only the documented one, to this request, after all of it was sent."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import takewhile
from typing import Any

import pytest

from notifications.backends import graph_draft, graph_upload
from notifications.backends.base import Envelope, TimeLimits
from notifications.backends.base import Fault as Class
from notifications.backends.graph import GraphBackend
from notifications.backends.trace import Trace
from tests.backends.graph_props import IDENTITY, SENDER, Sender, a_content, without_drafts
from tests.graph.faults import HTML, Fault, Moment, cut_after, cut_before, denied, doubled, early, failing, saying
from tests.graph.mailbox import Folder
from tests.graph.wire import Answer
from tests.graph_stand_in import GraphStandIn
from tests.pki import server_context

JSON = "application/json"
# Status and body of what looks like a success, and is none of message: send's or sendMail's.
WRONG = [
    *((status, b"") for status in (200, 201, 203, 204, 205, 206, 207, 226, 299)),
    *((status, HTML) for status in (200, 201, 202)),
    *((status, b'{"id": "1", "isDraft": false}') for status in (200, 201, 202)),
    (202, b'{"error": {"code": "ErrorSendAsDenied", "message": "no"}}'),
    (202, b"Accepted"),
]


@pytest.fixture
def small_pieces(graph: GraphStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """An attachment of 9,000 bytes takes three ranges, and one of a few bytes a request of its own."""
    monkeypatch.setattr(graph_upload, "DIRECT", 3_000)
    monkeypatch.setattr(graph_upload, "RANGE", 3_200)
    monkeypatch.setattr(graph_draft, "LARGEST_REQUEST", 8_000)
    monkeypatch.setattr(graph_draft, "ROOM", 1_000)
    graph.service.smallest_upload = 0


def is_delivered_once(graph: GraphStandIn) -> bool:
    return [mail.message_id for mail in graph.deliveries] == [IDENTITY]


def stale(status: int) -> Fault:
    """A reply that carries the id of an earlier request; nothing is done."""
    return Fault("the reply to another request", Moment.BEFORE, Answer(status, b"", {"client-request-id": "earlier"}))


@pytest.mark.parametrize(("status", "body"), WRONG)
class TestAWrongSuccess:
    @pytest.mark.parametrize("is_done", [True, False])
    def test_of_send_is_looked_into(self, graph: GraphStandIn, status: int, body: bytes, is_done: bool) -> None:
        sender = Sender(graph)
        graph.fault(saying(status, body, JSON, after=is_done), "send")
        if is_done:
            assert sender.send()["ops@peer.test"].fault is None
        else:
            assert sender.fails().fault is Class.TRANSIENT
            sender.notes.order_was(seconds=31)
            sender.send()
        assert is_delivered_once(graph)

    def test_of_sendmail_leaves_doubt(self, graph: GraphStandIn, status: int, body: bytes) -> None:
        graph.fault(saying(status, body, JSON), "send_mail")
        error = Sender(without_drafts(graph)).fails()
        assert (error.fault, error.results, graph.deliveries) == (Class.AMBIGUOUS, {}, [])


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("step", ["draft", "attach", "session", "range", "look", "find"])
@pytest.mark.parametrize("status", [200, 201, 202, 203, 204, 206])
@pytest.mark.parametrize("body", [b"", HTML, b"{}", b'{"id": 7}', b'{"value": {}}', b'{"value": [7]}'])
def test_a_wrong_success_anywhere_costs_no_email(graph: GraphStandIn, step: str, status: int, body: bytes) -> None:
    is_large = step in ("attach", "session", "range")
    content = a_content("ops@peer.test", attached=(("log.csv", b"0123456789" * 900), ("b.csv", b"a,b")))
    sender = Sender(graph, content=content if is_large else b"")
    if step in ("look", "find"):
        graph.store.ids_change_at_send = step == "find"
        graph.fault(cut_after(), "send").fault(cut_before(), "look")
        sender.fails()
    graph.fault(saying(status, body, JSON), step)
    sender.tries()
    assert is_delivered_once(graph)
    sizes = [3, 9_000] if is_large else []
    assert sorted(attachment.size for attachment in graph.deliveries[0].attachments) == sizes


class TestAReplyToAnotherRequest:
    @pytest.mark.parametrize("drafts", [True, False])
    def test_accepts_nothing(self, graph: GraphStandIn, drafts: bool) -> None:
        sender = Sender(graph if drafts else without_drafts(graph))
        graph.fault(stale(202), "send", "send_mail")
        error = sender.fails()
        assert error.fault is (Class.TRANSIENT if drafts else Class.AMBIGUOUS)
        assert graph.deliveries == []

    def test_is_not_read_from_a_connection_that_another_request_left(self, graph: GraphStandIn) -> None:
        without_drafts(graph)
        graph.fault(doubled(), "send_mail")
        sender = Sender(graph)
        backend = GraphBackend(sender.server, sender.tokens)
        for number in range(4):
            content = a_content("ops@peer.test").replace(b"mail.o'1", f"mail{number}".encode())
            backend.send(Envelope(SENDER, ("ops@peer.test",), content, sender.notes), TimeLimits(), Trace())
        backend.close()
        assert [mail.message_id for mail in graph.deliveries] == [f"<mail{number}@contoso.test>" for number in range(4)]

    def test_that_comes_late_is_not_taken_for_the_reply_to_the_next(self, graph: GraphStandIn) -> None:
        with answering_twice() as (address, received):
            sender = Sender(graph, server_changes={"host": address})
            sender.tokens.handed.append("token")
            sender.tokens.may_draft = False
            backend = GraphBackend(sender.server, sender.tokens)
            for _ in range(4):
                envelope = Envelope(SENDER, ("ops@peer.test",), sender.content, sender.notes)
                assert backend.send(envelope, TimeLimits(), Trace())["ops@peer.test"].fault is None
                assert received.acquire(timeout=0.1), "accepted, and never received"
            backend.close()


@pytest.mark.usefixtures("small_pieces")
class TestAReplyThatComesTooEarly:
    @pytest.mark.parametrize("status", [202, 200])
    def test_accepts_nothing_of_which_a_part_never_left(self, graph: GraphStandIn, status: int) -> None:
        content = a_content("ops@peer.test", attached=(("log.csv", b"x" * 2_000_000),))
        graph.fault(early(status), "send_mail", times=None)
        error = Sender(without_drafts(graph), content=content).fails()
        assert (error.fault, error.results) == (Class.AMBIGUOUS, {})

    def test_of_an_upload_leaves_no_gap(self, graph: GraphStandIn) -> None:
        content = a_content("ops@peer.test", attached=(("log.csv", b"0123456789" * 900),))
        for status, body in ((201, b""), (200, b'{"nextExpectedRanges": []}')):
            graph.fault(saying(status, body, JSON), "range")
            sender = Sender(graph, content=content)
            sender.tries()
            assert graph.deliveries[-1].attachments[0].size == 9_000

    @pytest.mark.parametrize("place", ["6400-", "8999-", "9000-", "4000-"])
    def test_of_an_upload_may_not_skip_what_was_never_sent(self, graph: GraphStandIn, place: str) -> None:
        content = a_content("ops@peer.test", attached=(("log.csv", b"0123456789" * 900),))
        graph.fault(saying(200, json.dumps({"nextExpectedRanges": [place]}).encode(), JSON), "range")
        Sender(graph, content=content).tries()
        assert [item.size for item in graph.deliveries[0].attachments] == [9_000]


class TestAMailboxThatCannotBeAskedAnyMore:
    def test_for_want_of_a_permission_leaves_the_order_in_doubt(self, graph: GraphStandIn) -> None:
        sender = Sender(graph)
        graph.fault(cut_after(), "send").fault(cut_before(), "look")
        sender.fails()
        without_drafts(graph)
        assert sender.fails().fault is Class.AMBIGUOUS
        assert is_delivered_once(graph)

    def test_because_the_id_is_another_mailboxs_leaves_the_order_in_doubt(self, graph: GraphStandIn) -> None:
        sender = Sender(graph, saving=False)
        graph.fault(cut_before(), "send").fault(cut_before(), "look")
        sender.fails()
        graph.fault(failing(400, "ErrorInvalidMailboxItemId"), "look")
        assert sender.fails().fault is Class.AMBIGUOUS

    def test_makes_another_draft_where_none_was_ordered(self, graph: GraphStandIn) -> None:
        sender = Sender(graph)
        graph.fault(denied("ErrorSendAsDenied"), "send")
        sender.fails()
        graph.fault(failing(404, "ErrorInvalidMailboxItemId"), "look")
        sender.send()
        assert is_delivered_once(graph)


class TestAClearNo:
    def test_is_no_order_that_a_missing_draft_could_have_fulfilled(self, graph: GraphStandIn) -> None:
        """Where no copy is kept, a draft that is gone counts as sent; not this one."""
        sender = Sender(graph, saving=False)
        graph.store.keeps_deleted = False
        graph.fault(denied("ErrorSendAsDenied"), "send")
        sender.fails()
        (draft,) = graph.store.folder(Folder.DRAFTS)
        graph.store.delete(SENDER, draft.immutable_id)
        sender.send()
        assert is_delivered_once(graph)

    def test_is_a_connection_that_was_never_made(self, graph: GraphStandIn) -> None:
        sender = Sender(graph)
        graph.fault(failing(500, "ErrorMailboxStoreUnavailable"), "send")
        assert sender.fails().fault is Class.TRANSIENT
        sender.send()
        assert is_delivered_once(graph)


class TestTheClock:
    def test_that_was_set_back_is_no_reason_to_send_at_once(self, graph: GraphStandIn) -> None:
        sender = Sender(graph)
        graph.store.settling_seconds = 1000
        graph.fault(cut_after(), "send")
        sender.fails()
        sender.notes.order_was(seconds=-3600)
        error = sender.fails()
        assert error.reply.retry_after is not None
        assert 29 < error.reply.retry_after.total_seconds() <= 30
        assert is_delivered_once(graph)

    def test_that_was_set_back_delays_an_email_by_half_a_minute_at_most(self, graph: GraphStandIn) -> None:
        sender = Sender(graph)
        graph.fault(cut_before(), "send")
        sender.fails()
        sender.notes.order_was(seconds=-3600)
        sender.fails()
        sender.notes.order_was(seconds=31)
        sender.send()
        assert is_delivered_once(graph)


@contextmanager
def answering_twice() -> Iterator[tuple[str, threading.Semaphore]]:
    """A server that repeats no client-request-id and says 202 twice to each request, the second time after a moment.

    The semaphore counts the requests that it read whole.
    """
    received = threading.Semaphore(0)
    listener = socket.create_server(("127.0.0.1", 0))
    reply = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"

    def serve() -> None:
        with suppress(OSError):
            while True:
                wire, _ = listener.accept()
                threading.Thread(target=talk, args=(wire,), daemon=True).start()

    def talk(wire: socket.socket) -> None:
        with suppress(OSError), server_context().wrap_socket(wire, server_side=True) as tls:
            stream: Any = tls.makefile("rb")
            while lines := list(takewhile(bytes.strip, stream)):
                stream.read(next(int(line[16:]) for line in lines if line.lower().startswith(b"content-length")))
                received.release()
                tls.sendall(reply)
                threading.Event().wait(0.02)
                tls.sendall(reply)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"https://localhost:{listener.getsockname()[1]}", received
    finally:
        listener.close()
