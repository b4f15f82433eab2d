"""HTTP over TLS for the Graph stand-in: connections that are kept, cut in the middle, or drip."""

import contextlib
import socket
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.graph.service import routed
from tests.graph.wire import Answer, Request
from tests.pki import server_context

CHUNK = 64 * 1024
SLOWEST = 120.0


class Gone(Exception):
    """The connection is cut."""


class Connection:
    """The handler's connection: what of the request is still to be read, and how to answer."""

    def __init__(self, handler: BaseHTTPRequestHandler) -> None:
        self._handler = handler

    @property
    def announced(self) -> int:
        """The body's length; -1 when nobody knows."""
        if self._handler.headers.get("Transfer-Encoding"):
            return -1
        return int(self._handler.headers.get("Content-Length") or 0)

    def read(self, size: int) -> bytes:
        content = self._handler.rfile.read(size)
        if len(content) < size:
            raise Gone
        return content

    def skip(self, size: int) -> None:
        """Read on, so that the client sees the answer instead of a broken pipe."""
        while size > 0:
            size -= len(self.read(min(size, CHUNK)))

    def skip_chunks(self) -> None:
        """The same for a body that comes in chunks, the last of them empty."""
        while size := int(self._handler.rfile.readline() or b"0", 16):
            self.skip(size + len(b"\r\n"))
        self._handler.rfile.readline()

    def end(self) -> None:
        """What is not read yet never will be: the answer is the connection's last."""
        self._handler.close_connection = True

    def say(self, answer: Answer, over: threading.Event) -> None:
        handler = self._handler
        handler.send_response(answer.status)
        length = len(answer.body) if not answer.drips else 1_000_000
        # HTTP has no body, and no length, with 204.
        lengths = {} if answer.status == 204 else {"Content-Length": str(length)}
        for name, value in {**answer.headers, **lengths}.items():
            handler.send_header(name, value)
        if self.announced < 0 or handler.close_connection:
            handler.send_header("Connection", "close")
        handler.end_headers()
        handler.wfile.write(answer.body + answer.more)
        end = time.monotonic() + SLOWEST
        while answer.drips and not over.wait(0.05) and time.monotonic() < end:
            handler.wfile.write(b" ")
        if answer.drips:
            raise Gone


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def server_activate(self) -> None:
        super().server_activate()
        # The handshake belongs to the connection's own thread: a client that is slow at it must not stop the others.
        self.socket = server_context().wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.open: set[socket.socket] = set()
        self.mistakes: list[str] = []

    def process_request(self, request: Any, client_address: Any) -> None:
        self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Kept connections end too."""
        for connection in list(self.open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: socket.socket | tuple[bytes, socket.socket], client_address: Any) -> None:
        """The client may go at any time, and may not like the certificate: that is often what the test is about.

        What else goes wrong is a mistake of the stand-in, and would look like a fault that somebody asked for.
        """
        error = sys.exception()
        if not isinstance(error, OSError):
            self.mistakes.append(repr(error))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # An answer goes out in two writes; without this they wait for each other.
    disable_nagle_algorithm = True

    def __init__(self, answer: Callable[[Request, Connection], None], *arguments: Any) -> None:
        self._answer = answer
        super().__init__(*arguments)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._reply
        raise AttributeError(name)

    def log_message(self, *_: object) -> None:
        """Nothing on the tests' output."""

    def _reply(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        connection = Connection(self)
        try:
            self._answer(routed(self.command, self.path, headers), connection)
            self.close_connection |= connection.announced < 0
        except (Gone, OSError):
            self.close_connection = True
