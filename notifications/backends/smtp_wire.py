"""Bytes to and from one SMTP server, each within its time limit."""

import socket
import ssl
from typing import NoReturn

from notifications.backends.base import Reply, Stage
from notifications.backends.connection import reason
from notifications.backends.deadline import Deadline

# RFC 5321 4.5.3.1.5 allows 512 octets a line; real servers write more, honest ones never this much.
LARGEST_REPLY = 64 * 1024
BLOCK = 64 * 1024
CLOSED_WITHOUT_ALERT = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)
NOTHING_THERE = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class ConnectionLost(Exception):
    """The connection is of no more use: it ended, the server was silent for too long or left the protocol.

    `reply` is the 421 with which the server closed, `stage` the command that was under way. `refused_tls`: the other
    side ended TLS with an alert, which a new connection will meet again.
    """

    def __init__(
        self, text: str, *, reply: Reply | None = None, timed_out: bool = False, refused_tls: bool = False
    ) -> None:
        super().__init__(text)
        self.reply = reply
        self.timed_out = timed_out
        self.refused_tls = refused_tls
        self.stage: Stage | None = None


class OutOfStep(ConnectionLost):
    """The server sent a reply that cannot belong to the command under way, so no earlier one is certain either."""


class Wire:
    """One connection. Every method raises ConnectionLost, and closes, when it cannot be used any longer."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock: socket.socket | None = sock
        self._unread = b""

    @property
    def is_open(self) -> bool:
        return self._sock is not None

    @property
    def sock(self) -> socket.socket:
        if self._sock is None:
            raise ConnectionLost("the connection is closed")
        return self._sock

    def replace(self, sock: ssl.SSLSocket) -> None:
        """Go on over TLS: whatever came in clear does not count (CVE-2011-0411)."""
        self._sock, self._unread = sock, b""

    def close(self) -> None:
        if self._sock is not None:
            self._sock.close()
            self._sock = None

    def write(self, data: bytes, seconds: float) -> None:
        """Send `data`; the server has `seconds` to take each block of it."""
        view = memoryview(data)
        for start in range(0, len(view), BLOCK):
            self._write_block(view[start : start + BLOCK], Deadline(seconds))

    def read_line(self, whole: Deadline, line_seconds: float) -> bytes:
        """Return the next line: it begins before `whole` ends and is complete `line_seconds` after its first byte."""
        if not self._unread:
            self._receive(whole)
        line = Deadline(line_seconds)
        while b"\n" not in self._unread:
            if len(self._unread) > LARGEST_REPLY:
                self.fail(OutOfStep("the server's reply has no end"))
            self._receive(whole, line)
        found, _, self._unread = self._unread.partition(b"\n")
        return found.rstrip(b"\r")

    def unread(self) -> bytes:
        """Return what the server sent unasked; never waits. TLS hides such input from select(), so it is read."""
        if self._unread:
            return self._unread
        sock = self.sock
        try:
            sock.setblocking(False)
            self._unread = sock.recv(LARGEST_REPLY)
        except NOTHING_THERE:
            return b""
        except OSError as error:
            self._broke("the connection broke", error)
        if not self._unread:
            self.fail(ConnectionLost("the server closed the connection"))
        return self._unread

    def fail(self, lost: ConnectionLost) -> NoReturn:
        """Close, and raise `lost`."""
        self.close()
        raise lost

    def _write_block(self, block: memoryview, limit: Deadline) -> None:
        while block:
            try:
                self.sock.settimeout(limit.remaining())
                block = block[self.sock.send(block) :]
            except OSError as error:
                self._broke("the connection broke while sending", error)

    def _receive(self, *limits: Deadline) -> None:
        try:
            self.sock.settimeout(min(limit.remaining() for limit in limits))
            received = self.sock.recv(8192)
        except OSError as error:
            self._broke("the server did not reply", error)
        if not received:
            self.fail(ConnectionLost("the server closed the connection"))
        self._unread += received

    def _broke(self, what: str, error: OSError) -> NoReturn:
        self.close()
        raise ConnectionLost(
            f"{what}: {reason(error)}",
            timed_out=isinstance(error, TimeoutError),
            refused_tls=isinstance(error, ssl.SSLError) and not isinstance(error, CLOSED_WITHOUT_ALERT),
        ) from error
