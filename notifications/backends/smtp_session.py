"""smtplib with a time limit for each reply, capped replies and a trace."""

import re
import smtplib
import socket
import ssl

from notifications.backends.base import Reply, Stage, TimeLimits
from notifications.backends.connection import reason
from notifications.backends.deadline import Deadline
from notifications.backends.smtp_replies import reply_from
from notifications.backends.trace import Trace

# RFC 5321 4.5.3.1.5 allows 512 octets a line; real servers write more, honest ones never this much.
LARGEST_REPLY = 64 * 1024
CHUNK = 64 * 1024
REPLY_LINE = re.compile(rb"([2-5]\d\d)([ -]?)(.*)", re.S)


class ConnectionLost(Exception):
    """The connection ended, the server did not reply in time, or it replied something that is not SMTP."""

    def __init__(self, text: str, stage: Stage, *, timed_out: bool = False) -> None:
        super().__init__(text)
        self.stage = stage
        self.timed_out = timed_out


class SmtpSession(smtplib.SMTP):
    """One connection. Call `use` before each email: limits and trace belong to the email, not to the connection."""

    sock: socket.socket | None

    def __init__(self, sock: socket.socket, ehlo_name: str) -> None:
        # Without a name smtplib looks one up, which has no time limit; an address literal is always true.
        super().__init__(local_hostname=ehlo_name or address_literal(sock))
        self.sock = sock
        self.stage = Stage.GREETING
        self._unread = b""

    def use(self, limits: TimeLimits, trace: Trace) -> None:
        self.limits, self.trace = limits, trace

    @property
    def has_unread(self) -> bool:
        return bool(self._unread)

    def secure(self, sock: ssl.SSLSocket) -> None:
        """Go on over TLS; what the server offered in clear is forgotten (RFC 3207 4.2)."""
        self.sock, self._unread = sock, b""
        self.helo_resp = self.ehlo_resp = None
        self.esmtp_features, self.does_esmtp = {}, False

    def greeting(self) -> Reply:
        return self._reply(self.limits.command)

    def command(self, line: str, stage: Stage, seconds: float | None = None) -> Reply:
        """Send `line` and return the reply to it, waiting at most `seconds` (limits.command when None)."""
        self.stage = stage
        self.putcmd(line)
        return self._reply(self.limits.command if seconds is None else seconds)

    def secret_command(self, line: str, shown: str) -> Reply:
        """A command of which only `shown` may be kept."""
        self.stage = Stage.AUTH
        # Some servers repeat the line that they refuse.
        self.trace.hide(line.rpartition(" ")[2])
        self.trace.sent(shown)
        super().putcmd(line)
        return self._reply(self.limits.command)

    def send_content(self, content: bytes) -> None:
        """The mail itself, without the dot that ends it; dots at line starts are doubled (RFC 5321 4.5.2)."""
        self.trace.sent(f"({len(content)} bytes)")
        self.send(re.sub(rb"(?m)^\.", b"..", content))

    def end_content(self) -> Reply:
        """The final dot and the answer to it; from here on the server may have accepted the mail."""
        self.stage = Stage.END_OF_DATA
        self.send(b".\r\n")
        return self._reply(self.limits.end_of_data)

    def leave(self) -> None:
        """QUIT as a courtesy, and close."""
        try:
            self.use(TimeLimits(), Trace())
            self.command("QUIT", self.stage, seconds=1)
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
                sock.settimeout(self.limits.block)
                sock.sendall(data[start : start + CHUNK])
            except OSError as error:
                self.close()
                text = f"the connection broke while sending: {reason(error)}"
                raise ConnectionLost(text, self.stage, timed_out=isinstance(error, TimeoutError)) from error

    def getreply(self) -> tuple[int, bytes]:
        """One reply, within limits.command and LARGEST_REPLY. Raises ConnectionLost."""
        return self._read_reply(self.limits.command)

    # --- reading ---------------------------------------------------------------------------------

    def _reply(self, seconds: float) -> Reply:
        code, text = self._read_reply(seconds)
        return reply_from(code, self.trace.mask(text.decode("utf-8", "replace")))

    def _read_reply(self, seconds: float) -> tuple[int, bytes]:
        limit, lines, size = Deadline(seconds), [], 0
        while True:
            line = self._read_line(limit)
            size += len(line)
            match = REPLY_LINE.fullmatch(line.rstrip(b"\r\n"))
            if not match or size > LARGEST_REPLY:
                self.close()
                shown = self.trace.mask(line[:80].decode("ascii", "replace"))
                raise ConnectionLost(f"not an SMTP reply: {shown!r}", self.stage)
            lines.append(match.group(3).strip())
            self.trace.received(line.decode("utf-8", "replace").rstrip())
            if match.group(2) != b"-":
                return int(match.group(1)), b"\n".join(lines)

    def _read_line(self, limit: Deadline) -> bytes:
        while b"\n" not in self._unread:
            if len(self._unread) > LARGEST_REPLY:
                self.close()
                raise ConnectionLost("the server's reply has no end", self.stage)
            self._unread += self._receive(limit)
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def _receive(self, limit: Deadline) -> bytes:
        sock = self._socket()
        try:
            sock.settimeout(limit.remaining())
            received = sock.recv(8192)
        except OSError as error:
            self.close()
            text = f"the server did not reply: {reason(error)}"
            raise ConnectionLost(text, self.stage, timed_out=isinstance(error, TimeoutError)) from error
        if not received:
            self.close()
            raise ConnectionLost("the server closed the connection", self.stage)
        return received

    def _socket(self) -> socket.socket:
        if self.sock is None:
            raise ConnectionLost("the connection is closed", self.stage)
        return self.sock


def address_literal(sock: socket.socket) -> str:
    """`[192.0.2.1]` or `[IPv6:2001:db8::1]` (RFC 5321 4.1.3)."""
    address = sock.getsockname()[0]
    return f"[IPv6:{address}]" if sock.family == socket.AF_INET6 else f"[{address}]"
