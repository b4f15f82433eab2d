"""What Graph's answers mean for a mail, and how long a server that drips, stalls or lies is listened to."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from notifications.backends.base import BackendError
from notifications.backends.base import Fault as Class
from notifications.backends.graph_errors import codes_of
from tests.backends.graph_props import Sender, a_content, without_drafts
from tests.graph.faults import HTML, cut_after, cut_before, failing, redirect, saying
from tests.graph_stand_in import GraphStandIn
from tests.pki import STRANGER, ca_pem, server_context


def fault_of_draft(graph: GraphStandIn, status: int, code: str, inner: str = "") -> BackendError:
    graph.fault(failing(status, code, "Something.", inner_code=inner), "draft", "send_mail", times=None)
    return Sender(graph).fails()


class TestTheClassOfAnError:
    @pytest.mark.parametrize(
        ("status", "code", "inner", "expected"),
        [
            (400, "ErrorInvalidParameter", "", Class.PERMANENT),
            (400, "RequestBodyRead", "", Class.PERMANENT),
            (400, "ErrorMimeContentInvalidBase64String", "", Class.PERMANENT),
            (400, "BadRequest", "ErrorInvalidRecipients", Class.RECIPIENT),
            (400, "BadRequest", "ErrorSendAsDenied", Class.SENDER),
            (401, "InvalidAuthenticationToken", "", Class.CONFIGURATION),
            (401, "CompactTokenParsingFailed", "", Class.CONFIGURATION),
            (403, "ErrorAccessDenied", "", Class.CONFIGURATION),
            (403, "Authorization_RequestDenied", "", Class.CONFIGURATION),
            (403, "NoPermissionsInAccessToken", "", Class.CONFIGURATION),
            (403, "Forbidden", "ErrorSendAsDenied", Class.SENDER),
            (403, "WhoKnows", "", Class.CONFIGURATION),
            (403, "ErrorExceededMessageLimit", "", Class.QUOTA),
            (429, "ErrorExceededMessageLimit", "", Class.QUOTA),
            (400, "ErrorExceededMaxRecipientLimit", "", Class.QUOTA),
            (403, "ErrorQuotaExceeded", "", Class.CONFIGURATION),
            (404, "ErrorInvalidUser", "", Class.SENDER),
            (404, "Request_ResourceNotFound", "", Class.SENDER),
            (404, "ResourceNotFound", "", Class.SENDER),
            (404, "MailboxNotEnabledForRESTAPI", "", Class.SENDER),
            (404, "MailboxNotSupportedForRESTAPI", "", Class.SENDER),
            (404, "WhoKnows", "", Class.SENDER),
            (404, "ErrorItemNotFound", "", Class.TRANSIENT),
            (408, "WhoKnows", "", Class.TRANSIENT),
            (409, "ErrorIrresolvableConflict", "", Class.TRANSIENT),
            (412, "ErrorIrresolvableConflict", "", Class.TRANSIENT),
            (413, "RequestEntityTooLarge", "", Class.PERMANENT),
            (413, "WhoKnows", "", Class.PERMANENT),
            (418, "WhoKnows", "", Class.TRANSIENT),
            (429, "ApplicationThrottled", "", Class.THROTTLED),
            (429, "TooManyRequests", "MailboxConcurrency", Class.THROTTLED),
            (429, "WhoKnows", "", Class.THROTTLED),
            (500, "ErrorInternalServerError", "", Class.TRANSIENT),
            (502, "UnknownError", "", Class.TRANSIENT),
            (503, "serviceNotAvailable", "", Class.TRANSIENT),
            (504, "UnknownError", "", Class.TRANSIENT),
            (509, "BandwidthLimitExceeded", "", Class.THROTTLED),
        ],
    )
    def test_goes_by_status_code_and_inner_code(
        self, graph: GraphStandIn, status: int, code: str, inner: str, expected: Class
    ) -> None:
        error = fault_of_draft(graph, status, code, inner)
        assert (error.fault, error.reply.codes) == (expected, f"{status} {code}")
        assert "request-id" in error.reply.reference
        assert graph.deliveries == []

    @pytest.mark.parametrize("status", [500, 502, 503, 504])
    def test_of_a_gateway_is_ambiguous_for_sendmail(self, graph: GraphStandIn, status: int) -> None:
        graph.fault(failing(status, after=True), "send_mail")
        assert Sender(without_drafts(graph)).fails().fault is Class.AMBIGUOUS

    @pytest.mark.parametrize("cut", [cut_before, cut_after])
    def test_of_a_cut_is_ambiguous_for_sendmail(self, graph: GraphStandIn, cut: object) -> None:
        graph.fault(cut(), "send_mail")  # type: ignore[operator]
        assert Sender(without_drafts(graph)).fails().fault is Class.AMBIGUOUS

    def test_is_read_from_the_innermost_code_however_deep_they_say_it_is(self) -> None:
        error: dict[str, object] = {"code": "last"}
        for number in range(1000):
            error = {"code": str(number), "innerError": error}
        assert len([*codes_of(error)]) == 5


class TestRetryAfter:
    @pytest.mark.parametrize(
        ("said", "seconds"),
        [
            ("1", 1),
            ("120", 120),
            ("1000000000", 10**9),
            ("-5", -5),
            ("soon", None),
            ("", None),
            (None, None),
            ("1.5", None),
            ("Mon, 99 Nov 2026 12:00:00 GMT", None),
            ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", None),
            ("9" * 5000, None),
        ],
    )
    def test_is_kept_as_it_is_or_is_none(self, graph: GraphStandIn, said: str | None, seconds: int | None) -> None:
        graph.fault(failing(429, retry_after=said), "draft")
        error = Sender(graph).fails()
        assert error.fault is Class.THROTTLED
        assert error.reply.retry_after == (None if seconds is None else timedelta(seconds=seconds))

    def test_may_be_a_date(self, graph: GraphStandIn) -> None:
        when = format_datetime(datetime.now(UTC) + timedelta(minutes=2), usegmt=True)
        graph.fault(failing(503, retry_after=when), "draft")
        error = Sender(graph).fails()
        assert error.fault is Class.THROTTLED
        assert error.reply.retry_after is not None
        assert 100 < error.reply.retry_after.total_seconds() <= 120

    def test_may_be_a_number_that_no_clock_knows(self, graph: GraphStandIn) -> None:
        graph.fault(failing(429, retry_after="9" * 30), "draft")
        assert Sender(graph).fails().reply.retry_after == timedelta.max


class TestARefusedToken:
    def test_is_replaced_once(self, graph: GraphStandIn) -> None:
        sender = Sender(graph)
        first = sender.tokens.token(1)
        graph.login.forget_tokens()
        sender.send()
        assert sender.tokens.asked == ["", first]
        assert len(graph.deliveries) == 1

    def test_and_another_is_a_matter_of_configuration(self, graph: GraphStandIn) -> None:
        graph.login.audience = "https://graph.of.another.cloud"
        sender = Sender(graph)
        assert sender.fails().fault is Class.CONFIGURATION
        assert (len(sender.tokens.handed), len(graph.calls("draft"))) == (2, 2)


class TestAnAnswerThatIsNone:
    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    @pytest.mark.parametrize("drafts", [True, False])
    def test_because_it_leads_elsewhere_is_not_followed(self, graph: GraphStandIn, status: int, drafts: bool) -> None:
        if not drafts:
            without_drafts(graph)
        with GraphStandIn() as elsewhere:
            graph.fault(redirect(status, f"{elsewhere.base}/v1.0/users/x/messages"), "draft" if drafts else "send_mail")
            assert Sender(graph).fails().fault is Class.TRANSIENT
        assert elsewhere.log == []

    @pytest.mark.parametrize("status", [200, 201, 400, 403, 404, 500])
    def test_because_it_is_html_or_nothing_ends_in_a_class(self, graph: GraphStandIn, status: int) -> None:
        for body in (HTML, b"", b"\xff\xfe", b"[]", b'{"error": []}', b'{"error": {"code": 7, "message": null}}'):
            graph.fault(saying(status, body, "application/json"), "draft", "send_mail", times=2)
            try:
                Sender(graph).send()
            except BackendError:
                graph.faults.clear()
        assert len(graph.deliveries) <= 1

    def test_because_it_is_10_mb_of_anything_is_refused(self, graph: GraphStandIn) -> None:
        graph.fault(saying(504, b"x" * 10_000_000), "draft")
        assert Sender(graph).fails().fault is Class.TRANSIENT

    def test_because_it_is_larger_than_any_mail_is_read_no_further(self, graph: GraphStandIn) -> None:
        graph.fault(saying(201, b" " * 20_000_000, "application/json"), "draft")
        error = Sender(graph).fails()
        assert "has no end" in error.reply.text


@contextmanager
def speaking(
    *pieces: bytes, every: float = 0.05, reads: bool = True, context: ssl.SSLContext | None = None
) -> Iterator[str]:
    """An HTTPS server that says `pieces` again and again, the first ones once; yields its address."""
    over = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)

    def serve() -> None:
        while not over.is_set():
            try:
                wire, _ = listener.accept()
            except TimeoutError:
                continue
            threading.Thread(target=talk, args=(wire,), daemon=True).start()

    def talk(wire: socket.socket) -> None:
        try:
            with closing((context or server_context()).wrap_socket(wire, server_side=True)) as tls:
                if reads:
                    tls.recv(65536)
                for piece in pieces[:-1]:
                    tls.sendall(piece)
                while not over.wait(every):
                    if pieces:
                        tls.sendall(pieces[-1])
        except OSError:
            pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"https://localhost:{listener.getsockname()[1]}"
    finally:
        over.set()
        thread.join()
        listener.close()


class TestTheDeadline:
    @pytest.mark.parametrize(
        "pieces",
        [
            (b"H",),
            (b"HTTP/1.1 200 OK\r\n", b"X"),
            (b"HTTP/1.1 200 OK\r\n", b"X-Header: y\r\n"),
            (b"HTTP/1.1 201 Created\r\nContent-Length: 100000\r\n\r\n", b" "),
            (b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
            (b"HTTP/1.1 100 Continue\r\n\r\n",),
            (),
        ],
    )
    def test_holds_whatever_drips(self, graph: GraphStandIn, pieces: tuple[bytes, ...]) -> None:
        with speaking(*pieces) as address:
            sender = Sender(graph, server_changes={"host": address})
            sender.tokens.handed.append("token")
            start = time.monotonic()
            error = sender.fails(seconds=1)
        assert time.monotonic() - start < 2
        assert error.fault in (Class.TRANSIENT, Class.AMBIGUOUS)

    def test_holds_where_nobody_reads(self, graph: GraphStandIn) -> None:
        with speaking(reads=False) as address:
            content = a_content("ops@peer.test", attached=(("log.csv", b"x" * 2_500_000),))
            sender = Sender(graph, server_changes={"host": address}, content=content)
            sender.tokens.handed.append("token")
            start = time.monotonic()
            sender.fails(seconds=1)
        assert time.monotonic() - start < 2


class TestAConnection:
    def fault(self, graph: GraphStandIn, address: str, ca: Path, *, drafts: bool) -> BackendError:
        sender = Sender(graph, server_changes={"host": address, "ca_file": str(ca)})
        sender.tokens.handed.append("token-nobody-may-see")
        sender.tokens.may_draft = drafts
        return sender.fails(seconds=5)

    @pytest.mark.parametrize("drafts", [True, False])
    def test_to_a_stranger_is_refused_before_anything_is_sent(
        self, graph: GraphStandIn, tmp_path: Path, drafts: bool
    ) -> None:
        stranger = tmp_path / "stranger.pem"
        stranger.write_text(ca_pem(STRANGER))
        error = self.fault(graph, graph.base, stranger, drafts=drafts)
        assert (error.fault, graph.log) == (Class.TLS, [])

    @pytest.mark.parametrize("drafts", [True, False])
    def test_to_another_host_than_its_certificate_says_is_refused(self, graph: GraphStandIn, drafts: bool) -> None:
        with speaking(context=server_context("elsewhere.test")) as address:
            assert self.fault(graph, address, graph.ca_file, drafts=drafts).fault is Class.TLS

    @pytest.mark.parametrize("drafts", [True, False])
    def test_that_nobody_takes_is_unreachable(self, graph: GraphStandIn, drafts: bool) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        assert self.fault(graph, f"https://localhost:{port}", graph.ca_file, drafts=drafts).fault is Class.UNREACHABLE

    def test_that_never_gets_to_the_mail_leaves_no_doubt(self, graph: GraphStandIn) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            address = f"https://localhost:{silent.getsockname()[1]}"
            sender = Sender(graph, server_changes={"host": address, "connect_timeout": 0.5})
            sender.tokens.handed.append("token")
            sender.tokens.may_draft = False
            assert sender.fails(seconds=5).fault is Class.UNREACHABLE
