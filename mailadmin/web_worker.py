"""gunicorn's threaded worker, with threads that only ever see whole requests.

gthread gives a connection a thread at its first byte, until the client has sent everything: measured with gunicorn 27,
eight clients that sent a byte now and then stopped the panel. Here the worker's one loop collects the bytes of all
connections, and a request takes a thread once it is whole: a slow client costs a socket and the bytes that it sent.
"""

import errno
import json
import select
import selectors
import socket
import time
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import Any
from weakref import WeakSet

from django.conf import settings
from gunicorn.http.unreader import Unreader
from gunicorn.workers.gthread import TConn, ThreadWorker

from mailadmin.incoming import Incoming, Refused

# Seconds that one write may take.
SEND_SECONDS = 20.0
# The kernel keeps an answer that its reader takes slowly, so that no thread has to (up to net.core.wmem_max).
SEND_BUFFER = 256 * 1024
READ_AT_ONCE = 64 * 1024
# Requests larger than this share a budget (of each process), so that clients cannot fill the memory together.
LARGE = 64 * 1024
BUDGET = 48 * 1024 * 1024
# Seconds, and connections, for clients that still send what was refused: a reset would take the answer away from them.
LINGER_SECONDS = 2.0
MOST_LINGERING = 100
# For the database's files and the broker's sockets of eight threads.
SPARE_DESCRIPTORS = 50
# Seconds that a request may still take to arrive when the worker stops.
STOP_SECONDS = 2.0

REASONS = {
    400: ("incomplete", "The request broke off before its end. Send it again."),
    408: ("too_slow", "The request arrived too slowly. Check the network, and send it again."),
    413: ("too_large", "The request is larger than {limit} MiB. Shorten it, and send it again."),
    431: ("headers_too_large", "The request's headers are too large. Delete this site's cookies, and try again."),
    503: ("busy", "Too many large requests arrive at the same time. Send this one again in a few seconds."),
}


class Received(Unreader):  # type: ignore[misc]  # gunicorn has no types
    """What a client sent; at its end nothing, never the socket."""

    def __init__(self) -> None:
        super().__init__()
        self.received = bytearray()

    def chunk(self, size_hint: int | None = None) -> bytes:
        size = size_hint or READ_AT_ONCE
        data = bytes(self.received[:size])
        del self.received[:size]
        return data


class Connection(TConn):  # type: ignore[misc]  # gunicorn has no types
    incoming: Incoming

    def __init__(self, worker: "Worker", *connection: Any) -> None:
        super().__init__(worker.cfg, *connection)
        self.worker = worker
        self.init()
        self.parser.unreader = Received()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)

    @property
    def received(self) -> bytearray:
        bytes_received: bytearray = self.parser.unreader.received
        return bytes_received

    def await_request(self) -> None:
        self.sock.setblocking(False)
        # The beginning of a next request may have come with the one before.
        self.received[:0] = self.parser.unreader.take_buffered()
        self.incoming = Incoming(self.received, settings.API_BODY_LIMIT, time.monotonic())

    def is_read_from(self) -> bool:
        """Whether there is room for an answer: a client that takes none gets no second one."""
        poll = select.poll()
        poll.register(self.sock, select.POLLOUT)
        return bool(poll.poll(0))

    def close(self, graceful: bool = False) -> None:
        # gthread's graceful way waits up to 2 s, in the loop that serves all clients.
        if graceful:
            self.worker.linger(self)
        else:
            super().close()


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # Oldest first.
        self.waiting: dict[Connection, None] = {}
        self.lingering: dict[Connection, float] = {}
        self.open: WeakSet[Connection] = WeakSet()
        self.next_look = 0.0

    def accept(self, listener: socket.socket) -> None:
        try:
            client, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError as error:
            if error.errno not in (errno.EMFILE, errno.ENFILE):
                raise
            # As many as there are descriptors for, less what the threads open; the next look makes room.
            self.worker_connections = max(1, self.nr_conns - SPARE_DESCRIPTORS)
            return
        self.nr_conns += 1
        connection = Connection(self, client, address, listener.getsockname())
        self.open.add(connection)
        self.enqueue_req(connection)

    def enqueue_req(self, connection: Connection) -> None:
        """gthread calls this where a request may begin."""
        connection.await_request()
        self.waiting[connection] = None
        self.poller.register(connection.sock, selectors.EVENT_READ, partial(self.receive, connection))
        self.go_on(connection)

    def receive(self, connection: Connection, _: Any) -> None:
        try:
            data = connection.sock.recv(READ_AT_ONCE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        connection.received.extend(data)
        if data:
            self.go_on(connection)
        elif connection.received:
            self.refuse(connection, 400)
        else:
            self.drop(connection)

    def go_on(self, connection: Connection) -> None:
        """Give the request to a thread if it is whole, and refuse it if it never will be."""
        try:
            is_whole = connection.incoming.is_whole()
        except Refused as refusal:
            self.refuse(connection, refusal.status)
        else:
            if is_whole:
                self.hand_over(connection)
            elif len(connection.received) > LARGE and sum(len(each.received) for each in self.open) > BUDGET:
                self.refuse(connection, 503)
            elif connection.incoming.awaits_continue:
                connection.incoming.awaits_continue = False
                self.send(connection, b"HTTP/1.1 100 Continue\r\n\r\n")

    def hand_over(self, connection: Connection) -> None:
        if connection.is_read_from():
            self.take_out(connection)
            super().enqueue_req(connection)
        else:
            self.drop(connection)

    def handle_request(self, request: Any, connection: Connection) -> Any:
        connection.sock.settimeout(SEND_SECONDS)
        # Said when the head was here.
        request._expected_100_continue = False
        try:
            return super().handle_request(request, connection)
        except TimeoutError as error:
            raise BrokenPipeError(errno.EPIPE, "the client does not read its answer") from error

    def _keepalive_after(self, connection: Connection, keepalive: bool) -> bool:
        kept: bool = super()._keepalive_after(connection, keepalive)
        # Where gthread looks for the beginning of the next request.
        unreader = connection.parser.unreader
        unreader.buf.seek(0, 2)
        unreader.buf.write(unreader.chunk(len(unreader.received)))
        return kept

    def murder_pending(self) -> None:
        """gthread calls this after each round of events, and at least once a second."""
        while self.nr_conns >= self.worker_connections and (self.keepalived_conns or self.waiting):
            self.make_room()
        now = time.monotonic()
        if now < self.next_look:
            return
        self.next_look = now + 0.5
        for connection in [each for each in self.waiting if self.is_late(each.incoming, now)]:
            if connection.received:
                self.refuse(connection, 408)
            else:
                self.drop(connection)
        for connection in [each for each, deadline in self.lingering.items() if deadline < now]:
            self.let_go(connection)

    def is_late(self, incoming: Incoming, now: float) -> bool:
        if self.alive:
            return incoming.deadline < now
        # A stopping worker waits for no connection that a browser opened ahead of its use, nor long for a slow client.
        return not incoming.received or incoming.began + STOP_SECONDS < now

    def make_room(self) -> None:
        """Close the connection that has waited longest: for its next request, or else for the rest of its first."""
        if self.keepalived_conns:
            connection = self.keepalived_conns.popleft()
            self.poller.unregister(connection.sock)
            self.nr_conns -= 1
            connection.close()
        elif self.waiting:
            self.drop(next(iter(self.waiting)))

    def take_out(self, connection: Connection) -> None:
        del self.waiting[connection]
        self.poller.unregister(connection.sock)

    def drop(self, connection: Connection) -> None:
        self.take_out(connection)
        self.nr_conns -= 1
        connection.close()

    def refuse(self, connection: Connection, status: int) -> None:
        self.take_out(connection)
        self.nr_conns -= 1
        self.send(connection, answer(status, is_api=connection.incoming.is_api))
        self.linger(connection)

    def send(self, connection: Connection, data: bytes) -> None:
        """A few bytes, to a client that does not have to be there any more."""
        with suppress(OSError):
            connection.sock.send(data)

    def linger(self, connection: Connection) -> None:
        """Close our side, and wait for the client's (RFC 9112 9.6)."""
        connection.received.clear()
        try:
            connection.sock.setblocking(False)
            connection.sock.shutdown(socket.SHUT_WR)
        except OSError:
            connection.close()
            return
        if len(self.lingering) >= MOST_LINGERING:
            self.let_go(next(iter(self.lingering)))
        self.lingering[connection] = time.monotonic() + LINGER_SECONDS
        self.poller.register(connection.sock, selectors.EVENT_READ, partial(self.discard, connection))

    def discard(self, connection: Connection, _: Any) -> None:
        if connection not in self.lingering:
            return  # let go earlier in the same round of events
        try:
            is_over = not connection.sock.recv(READ_AT_ONCE)
        except BlockingIOError:
            return
        except OSError:
            is_over = True
        if is_over:
            self.let_go(connection)

    def let_go(self, connection: Connection) -> None:
        del self.lingering[connection]
        self.poller.unregister(connection.sock)
        connection.close()


def answer(status: int, *, is_api: bool) -> bytes:
    """A whole response, in the API's shape of an error or as a sentence."""
    code, sentence = REASONS[status]
    message = sentence.format(limit=settings.API_BODY_LIMIT // 1024**2)
    error = json.dumps({"error": {"code": code, "message": message}})
    body = (error if is_api else f"{message}\n").encode()
    kind = "application/json" if is_api else "text/plain; charset=utf-8"
    retry = "Retry-After: 5\r\n" if status == HTTPStatus.SERVICE_UNAVAILABLE else ""
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        f"{retry}Cache-Control: no-store\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
