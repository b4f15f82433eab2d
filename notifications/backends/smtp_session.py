"""One SMTP connection: commands out, replies in, and each reply tied to its command (RFC 5321 4.2, 4.3)."""

import re
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

from notifications.backends.base import Reply, Stage, TimeLimits
from notifications.backends.deadline import Deadline
from notifications.backends.smtp_replies import reply_from
from notifications.backends.smtp_wire import LARGEST_REPLY, ConnectionLost, OutOfStep, Wire
from notifications.backends.trace import Trace

REPLY_LINE = re.compile(rb"([2-5]\d\d)(?:([ -])(.*))?", re.S)
CLOSING = 421
OK = (250,)
# For a command whose caller judges every positive reply.
ANY = tuple(range(200, 400))
# Some servers do not know RSET, which the RFC demands.
NO_RSET = (500, 502)
# After the reply to RSET: one more 250 of a server that says everything twice, or the announcement of the end.
HARMLESS: tuple[list[bytes], ...] = ([], [b"250"], [b"421"])
# A server that has the connection answers RSET immediately; a firewall that dropped it never does.
RSET_SECONDS = 20.0
QUIT_SECONDS = 1.0
# Characters of what is not SMTP, in an error.
SHOWN = 80


class SmtpSession:
    """One connection. Call `use` before each email: limits and trace belong to the email, not to the connection.

    Every method raises ConnectionLost, with its stage, when the connection cannot be used any longer: it ended, a reply
    came too late, is no SMTP or does not fit its command, or the server closes with 421 (RFC 5321 3.8).
    """

    def __init__(self, sock: socket.socket, client_name: str) -> None:
        self.client_name = client_name or address_literal(sock)
        # By keyword, as EHLO lists them: {"SIZE": "1000", "AUTH": "PLAIN LOGIN"}, in upper case.
        self.extensions: dict[str, str] = {}
        # Why there are no extensions: the server accepted HELO only.
        self.ehlo_refusal: Reply | None = None
        # Emails, or parts of one, to whose end of data the server replied.
        self.carried = 0
        # The server's limit of recipients for each transaction, once it named it by refusing more.
        self.most_recipients: int | None = None
        # Whether MAIL may come next without RSET.
        self.is_reset = True
        self._wire = Wire(sock)
        self._last_reply_at = time.monotonic()
        self._in_content = False
        self._lines: list[str] = []

    def use(self, limits: TimeLimits, trace: Trace) -> None:
        self.limits, self.trace = limits, trace

    @property
    def can_go_on(self) -> bool:
        """Whether the next command would be taken for one."""
        return self._wire.is_open and not self._in_content

    @property
    def sock(self) -> socket.socket:
        return self._wire.sock

    @property
    def why_no_extensions(self) -> str:
        """For an error about a missing extension: empty unless the server rejected EHLO."""
        refusal = self.ehlo_refusal
        return f" (EHLO was rejected: {refusal.codes} {refusal.text})" if refusal else ""

    def greeting(self) -> Reply:
        """Return the server's first reply: 220 or a refusal."""
        with at(Stage.GREETING):
            return self._reply((220,), self.limits.command)

    def command(
        self, line: str, stage: Stage, right: tuple[int, ...] = OK, *, seconds: float | None = None, shown: str = ""
    ) -> Reply:
        """Send `line` and return the reply to it: a code that is in `right`, or a refusal (4yz, 5yz).

        `seconds` is how long to wait, limits.command by default. `shown` is what the trace keeps of a secret line.
        """
        with at(stage):
            self._expect_silence()
            self.trace.sent(shown or line)
            self._wire.write(one_line(line), self.limits.command)
            return self._reply(right, self.limits.command if seconds is None else seconds)

    def hello(self) -> Reply:
        """Send EHLO, or HELO where the server rejects that (RFC 5321 3.2), and return 250 or the refusal."""
        reply = self.command(f"EHLO {self.client_name}", Stage.EHLO)
        self.extensions = extensions_in(self._lines[1:]) if reply.code == 250 else {}
        if reply.code // 100 == 5:
            self.ehlo_refusal = reply
            reply = self.command(f"HELO {self.client_name}", Stage.EHLO)
        return reply

    def send_content(self, content: bytes) -> None:
        """Send the email without the dot that ends it; dots at line starts are doubled (RFC 5321 4.5.2)."""
        with at(Stage.DATA):
            self._in_content = True
            self.trace.sent(f"({len(content)} bytes)")
            self._wire.write(re.sub(rb"(?m)^\.", b"..", content), self.limits.block)
            # What is here already answers something else, whatever it says.
            self._expect_silence()

    def end_content(self) -> Reply:
        """Send the final dot and return the reply to it. Only 250 accepts the email."""
        with at(Stage.DATA):
            # If this fails, the dot did not arrive: nothing is accepted.
            self._wire.write(b".\r\n", self.limits.block)
        with at(Stage.END_OF_DATA):
            reply = self._reply(OK, self.limits.end_of_data)
            self._in_content = False
            self.carried += 1
            return reply

    def reset(self) -> bool:
        """Send RSET, and return whether the connection is ready for the next email."""
        reply = self.command("RSET", Stage.MAIL_FROM, seconds=min(self.limits.command, RSET_SECONDS))
        self.is_reset = reply.code == 250
        return self.is_reset

    def confirm(self) -> None:
        """Send RSET after an accepted email; raise OutOfStep when the 250 may have been for another command.

        A surplus 250 that came late was taken for the reply to the final dot; the true one is what RSET seems to get.
        A connection that is in step is ready for the next email.
        """
        self.trace.sent("RSET")
        try:
            self._wire.write(b"RSET\r\n", self.limits.command)
            reply = self._reply(ANY, min(self.limits.command, RSET_SECONDS))
            surplus = [line[:3] for line in self._wire.unread().splitlines()]
        except ConnectionLost:
            # It ended after the 250, which stands.
            return
        self.is_reset = reply.code == 250 and not surplus
        if not self.is_reset:
            self._wire.close()
        if reply.code not in (*OK, *NO_RSET) or surplus not in HARMLESS:
            lost = OutOfStep(f"the server's replies do not fit the commands: {reply.codes} {reply.text}")
            lost.stage = Stage.END_OF_DATA
            raise lost

    def has_unread(self) -> bool:
        """Whether the server sent more than the reply to STARTTLS."""
        with at(Stage.STARTTLS):
            return bool(self._wire.unread())

    def secure(self, sock: ssl.SSLSocket) -> None:
        """Go on over TLS; what the server offered in clear is forgotten (RFC 3207 4.2)."""
        self._wire.replace(sock)
        self.extensions = {}

    def leave(self) -> None:
        """Send QUIT as a courtesy, unless the server would take it for content, and close."""
        if self.can_go_on:
            self.use(TimeLimits(), Trace())
            with suppress(ConnectionLost):
                self.command("QUIT", Stage.GREETING, (221,), seconds=QUIT_SECONDS)
        self._wire.close()

    def _expect_silence(self) -> None:
        """Fail when the server has sent something already: taken for a reply, it would shift all later ones."""
        unread = self._wire.unread()
        if not unread:
            return
        line = unread.partition(b"\n")[0].rstrip(b"\r")
        self.trace.received(decoded(line))
        match = REPLY_LINE.fullmatch(line)
        # Announced while nothing was asked: the usual end of an idle connection.
        if match and int(match[1]) == CLOSING:
            self._close_with(self._understood(CLOSING, [match[3] or b""]))
        self._wire.fail(OutOfStep(f"the server sent a reply to no command: {self._shown(line)}"))

    def _reply(self, right: tuple[int, ...], seconds: float) -> Reply:
        reply = self._understood(*self._read_reply(Deadline(seconds)))
        self._last_reply_at = time.monotonic()
        if reply.code == CLOSING:
            self._close_with(reply)
        if reply.code < 400 and reply.code not in right:
            text = f"the server sent a reply that does not fit the command: {reply.codes} {reply.text}"
            self._wire.fail(OutOfStep(text))
        return reply

    def _read_reply(self, whole: Deadline) -> tuple[int, list[bytes]]:
        """Return the code and the text of each line (RFC 5321 4.2.1: all lines have the same code)."""
        code, texts, size = 0, list[bytes](), 0
        while True:
            line = self._wire.read_line(whole, self.limits.line)
            self.trace.received(decoded(line))
            match = REPLY_LINE.fullmatch(line)
            size += len(line)
            if not match or size > LARGEST_REPLY or (texts and int(match[1]) != code):
                self._wire.fail(OutOfStep(f"not an SMTP reply: {self._shown(line)}"))
            code = int(match[1])
            texts.append(match[3] or b"")
            if match[2] != b"-":
                return code, texts

    @property
    def idle_seconds(self) -> float:
        return time.monotonic() - self._last_reply_at

    def _understood(self, code: int, texts: list[bytes]) -> Reply:
        self._lines = [decoded(text).strip() for text in texts]
        return reply_from(code, self.trace.mask("\n".join(self._lines)))

    def _close_with(self, reply: Reply) -> NoReturn:
        text = f"the server closed the connection: {reply.codes} {reply.text}"
        self._wire.fail(ConnectionLost(text, reply=reply))

    def _shown(self, line: bytes) -> str:
        # Masked before it is cut: half a secret is not recognized.
        return repr(self.trace.mask(decoded(line))[:SHOWN])


@contextmanager
def at(stage: Stage) -> Iterator[None]:
    """Note in a ConnectionLost what was under way."""
    try:
        yield
    except ConnectionLost as lost:
        lost.stage = stage
        raise


def one_line(command: str) -> bytes:
    """Raises ValueError for what would be a second command (callers have checked what people typed)."""
    if "\r" in command or "\n" in command:
        raise ValueError("a line break in a command")
    return command.encode("ascii") + b"\r\n"


def extensions_in(lines: list[str]) -> dict[str, str]:
    """Read the lines of an EHLO reply after the first. `AUTH=LOGIN` is how servers before RFC 2554 wrote it."""
    found: dict[str, str] = {}
    for line in lines:
        keyword, _, parameters = re.sub(r"^(AUTH)=", r"\1 ", line.upper()).partition(" ")
        found[keyword] = f"{found.get(keyword, '')} {parameters}".strip()
    return found


def decoded(line: bytes) -> str:
    return line.decode("utf-8", "replace")


def address_literal(sock: socket.socket) -> str:
    """`[192.0.2.1]` or `[IPv6:2001:db8::1]` (RFC 5321 4.1.3)."""
    address = sock.getsockname()[0]
    return f"[IPv6:{address}]" if sock.family == socket.AF_INET6 else f"[{address}]"
