"""smtplib with one clock for the whole attempt, capped replies and a trace."""

import re
import smtplib
import socket
import ssl

from notifications.backends.base import Reply
from notifications.backends.connection import reason
from notifications.backends.deadline import Deadline
from notifications.backends.smtp_replies import reply_from
from notifications.backends.trace import Trace

# RFC 5321 4.5.3.1.5 allows 512 octets a line; real servers write more, honest ones never this much.
LARGEST_REPLY = 64 * 1024
CHUNK = 64 * 1024
REPLY_LINE = re.compile(rb"([2-5]\d\d)([ -]?)(.*)", re.S)


class ConnectionLost(Exception):
    """The connection ended, fell silent or spoke something else than SMTP."""


class SmtpSession(smtplib.SMTP):
    """One connection. Call `use` before each mail: clock and trace belong to the mail, not to the connection."""

    sock: socket.socket | None

    def __init__(self, sock: socket.socket, ehlo_name: str) -> None:
        # Without a name smtplib looks one up, which has no time limit; an address literal is always true.
        super().__init__(local_hostname=ehlo_name or address_literal(sock))
        self.sock = sock
        self._unread = b""

    def use(self, deadline: Deadline, trace: Trace) -> None:
        self.deadline, self.trace = deadline, trace

    @property
    def has_unread(self) -> bool:
        return bool(self._unread)

    def secure(self, sock: ssl.SSLSocket) -> None:
        """Go on over TLS; what the server offered in clear is forgotten (RFC 3207 4.2)."""
        self.sock, self._unread = sock, b""
        self.helo_resp = self.ehlo_resp = None
        self.esmtp_features, self.does_esmtp = {}, False

    def greeting(self, timeout: float) -> Reply:
        return self._reply(timeout)

    def command(self, line: str) -> Reply:
        self.putcmd(line)
        return self._reply()

    def secret_command(self, line: str, shown: str) -> Reply:
        """A command of which only `shown` may be kept."""
        # Some servers repeat the line that they refuse.
        self.trace.hide(line.rpartition(" ")[2])
        self.trace.sent(shown)
        super().putcmd(line)
        return self._reply()

    def send_content(self, content: bytes) -> None:
        """The mail itself, without the dot that ends it; dots at line starts are doubled (RFC 5321 4.5.2)."""
        self.trace.sent(f"({len(content)} bytes)")
        self.send(re.sub(rb"(?m)^\.", b"..", content))

    def end_content(self) -> Reply:
        """The final dot and the answer to it; from here on the server may have accepted the mail."""
        self.send(b".\r\n")
        return self._reply()

    def leave(self) -> None:
        """QUIT as a courtesy, and close."""
        try:
            self.use(Deadline(1), Trace())
            self.command("QUIT")
        except (ConnectionLost, OSError):
            pass  # gone already, which is what was wanted
        self.close()

    # --- what smtplib calls ----------------------------------------------------------------------

    def putcmd(self, cmd: str, args: str = "") -> None:
        self.trace.sent(f"{cmd} {args}".rstrip())
        super().putcmd(cmd, args)

    def send(self, s: bytes | str) -> None:  # type: ignore[override]  # the stub has a buffer type of its own
        data = memoryview(s.encode("ascii") if isinstance(s, str) else s)
        for start in range(0, len(data), CHUNK):
            sock = self._socket()
            try:
                sock.settimeout(self.deadline.remaining())
                sock.sendall(data[start : start + CHUNK])
            except OSError as error:
                self.close()
                raise ConnectionLost(f"the connection broke while sending: {reason(error)}") from error

    def getreply(self) -> tuple[int, bytes]:
        """One reply, within the deadline and LARGEST_REPLY. Raises ConnectionLost."""
        return self._read_reply(self.deadline.remaining())

    # --- reading ---------------------------------------------------------------------------------

    def _reply(self, timeout: float | None = None) -> Reply:
        code, text = self._read_reply(self.deadline.remaining(at_most=timeout))
        return reply_from(code, self.trace.mask(text.decode("utf-8", "replace")))

    def _read_reply(self, seconds: float) -> tuple[int, bytes]:
        limit, lines, size = Deadline(seconds), [], 0
        while True:
            line = self._read_line(limit)
            size += len(line)
            match = REPLY_LINE.fullmatch(line.rstrip(b"\r\n"))
            if not match or size > LARGEST_REPLY:
                self.close()
                raise ConnectionLost(f"not an SMTP reply: {self.trace.mask(line[:80].decode('ascii', 'replace'))!r}")
            lines.append(match.group(3).strip())
            self.trace.received(line.decode("utf-8", "replace").rstrip())
            if match.group(2) != b"-":
                return int(match.group(1)), b"\n".join(lines)

    def _read_line(self, limit: Deadline) -> bytes:
        while b"\n" not in self._unread:
            if len(self._unread) > LARGEST_REPLY:
                self.close()
                raise ConnectionLost("the server's reply has no end")
            self._unread += self._receive(limit)
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def _receive(self, limit: Deadline) -> bytes:
        sock = self._socket()
        try:
            sock.settimeout(min(limit.remaining(), self.deadline.remaining()))
            received = sock.recv(8192)
        except OSError as error:
            self.close()
            raise ConnectionLost(f"the server did not answer: {reason(error)}") from error
        if not received:
            self.close()
            raise ConnectionLost("the server closed the connection")
        return received

    def _socket(self) -> socket.socket:
        if self.sock is None:
            raise ConnectionLost("the connection is closed")
        return self.sock


def address_literal(sock: socket.socket) -> str:
    """`[192.0.2.1]` or `[IPv6:2001:db8::1]` (RFC 5321 4.1.3)."""
    address = sock.getsockname()[0]
    return f"[IPv6:{address}]" if sock.family == socket.AF_INET6 else f"[{address}]"
