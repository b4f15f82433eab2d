"""An SMTP server that says whatever a script tells it to, and knows by RFC 5321 which emails it really accepted."""

import contextlib
import re
import socket
import socketserver
import ssl
import struct
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Self

from tests.waiting import wait_until

CONNECT = "CONNECT"
DOT = "."
ANSWER = "(answer)"  # a line that answers a challenge of AUTH


class End:
    """How a script ends the connection."""


HANG_UP = End()
RESET = End()
# Bytes to send, seconds to wait, or the end.
Part = bytes | float | End
# Asked for the answer to the n-th (from 0) command of this verb on any connection.
Script = Callable[[str, int], Sequence[Part]]

POLITE: dict[str, bytes] = {
    CONNECT: b"220 model.test ESMTP\r\n",
    "EHLO": b"250-model.test\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN XOAUTH2\r\n",
    "DATA": b"354 End data with <CR><LF>.<CR><LF>\r\n",
    "AUTH": b"235 2.7.0 ok\r\n",
    "STARTTLS": b"220 2.0.0 Ready to start TLS\r\n",
    "QUIT": b"221 2.0.0 bye\r\n",
}
OK = b"250 2.0.0 ok\r\n"
FIRST_REPLY = re.compile(rb"(?:\d{3}-[^\n]*\n)*(\d{3})(?: [^\n]*)?\n")


def polite(verb: str) -> bytes:
    return POLITE.get(verb, OK)


def scripted(answers: dict[str, Sequence[Part] | bytes], *, times: int | None = None) -> Script:
    """`answers` by verb, the first `times` of each verb only; politely otherwise."""

    def script(verb: str, number: int) -> Sequence[Part]:
        answer = answers.get(verb)
        if answer is None or (times is not None and number >= times):
            return [polite(verb)]
        return [answer] if isinstance(answer, bytes) else answer

    return script


@dataclass(frozen=True)
class Taken:
    """An email of which the server took the content after its own 354, and whose end it answered with 250."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes = field(repr=False)
    connection: int
    secure: bool


class ModelServer:
    """Listens on a free port of loopback while the `with` block runs. `tls` is "", "starttls" or "tls"."""

    host = "127.0.0.1"

    def __init__(self, script: Script | None = None, *, tls: str = "", context: ssl.SSLContext | None = None) -> None:
        self.script = script or (lambda verb, number: [polite(verb)])
        self.tls = tls
        self.context = context
        # What the server does with the socket where TLS begins; the context's handshake, unless a test replaces it.
        self.handshake: Callable[[socket.socket], socket.socket] = self._wrap
        self.taken: list[Taken] = []
        self.commands: list[str] = []
        self.in_clear = bytearray()
        self.connections = 0
        self.reads_content = True
        self.over = threading.Event()
        self._asked: dict[str, int] = {}
        self._lock = threading.Lock()
        self._server = _Listener((self.host, 0), partial(_Conversation, self))
        self.port = self._server.server_address[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()

    def answer(self, verb: str) -> Sequence[Part]:
        with self._lock:
            number = self._asked.get(verb, 0)
            self._asked[verb] = number + 1
        parts = self.script(verb, number)
        return [self._with_starttls(part) for part in parts] if verb == "EHLO" else parts

    def verbs(self) -> list[str]:
        return [command.split(" ")[0].upper() for command in self.commands]

    def wait_for(self, verb: str) -> None:
        wait_until(lambda: verb in self.verbs(), 5, verb)

    def _wrap(self, wire: socket.socket) -> socket.socket:
        assert self.context
        return self.context.wrap_socket(wire, server_side=True)

    def _with_starttls(self, part: Part) -> Part:
        offers = isinstance(part, bytes) and part == POLITE["EHLO"] and self.tls == "starttls"
        return b"250-model.test\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN XOAUTH2\r\n" if offers else part


class _Listener(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True


class _Conversation(socketserver.BaseRequestHandler):
    """One connection. `self.wire` is the socket, or TLS over it."""

    wire: socket.socket

    def __init__(self, model: ModelServer, *arguments: Any) -> None:
        self.model = model
        super().__init__(*arguments)

    def handle(self) -> None:
        with self.model._lock:
            self.model.connections += 1
            self.number = self.model.connections
        self.wire, self.buffer, self.secure = self.request, b"", False
        self.wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sender, self.recipients = "", list[str]()
        # The client may go at any time: that is often what the test is about.
        with contextlib.suppress(OSError, _Over):
            if self.model.tls == "tls":
                self.secured()
            self.say(CONNECT)
            while True:
                self.obey(self.line())

    def obey(self, line: bytes) -> None:
        text = line.decode("latin-1").rstrip("\r\n")
        self.model.commands.append(text)
        verb = text.split(" ")[0].upper()
        code = self.say(verb)
        address = text.partition("<")[2].partition(">")[0]
        if verb == "MAIL" and code == 250:
            self.sender, self.recipients = address, []
        elif verb == "RCPT" and code in (250, 251, 252):
            self.recipients.append(address)
        elif verb in ("RSET", "EHLO", "HELO") and code == 250:
            self.recipients = []
        elif verb == "STARTTLS" and code == 220:
            self.secured()
        elif verb == "DATA" and code == 354:
            self.take_content()
        while verb == "AUTH" and code == 334:
            self.model.commands.append(self.line().decode("latin-1").rstrip("\r\n"))
            code = self.say(ANSWER)

    def take_content(self) -> None:
        if not self.model.reads_content:
            self.model.over.wait(30)
            raise _Over
        content = b""
        while (line := self.line()) != b".\r\n":
            content += line[1:] if line.startswith(b".") else line
        answer = self.model.answer(DOT)
        if decision(answer) == 250:
            taken = Taken(self.sender, tuple(self.recipients), content, self.number, self.secure)
            self.model.taken.append(taken)
        self.send(answer)

    def say(self, verb: str) -> int:
        """Answer as the script says, and return what that decides."""
        answer = self.model.answer(verb)
        self.send(answer)
        return decision(answer)

    def send(self, answer: Sequence[Part]) -> None:
        for part in answer:
            if isinstance(part, bytes):
                self.wire.sendall(part)
            elif isinstance(part, End):
                self.end(part)
            elif self.model.over.wait(part):
                raise _Over

    def line(self) -> bytes:
        while b"\n" not in self.buffer:
            received = self.wire.recv(65536)
            if not received:
                raise _Over
            if not self.secure:
                self.model.in_clear += received
            self.buffer += received
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line + b"\n"

    def secured(self) -> None:
        self.wire = self.model.handshake(self.request)
        self.secure, self.buffer = True, b""

    def end(self, how: End) -> None:
        if how is RESET:
            # Closing without lingering makes the kernel send RST.
            self.wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            with contextlib.suppress(OSError):
                self.wire.shutdown(socket.SHUT_RDWR)
        self.wire.close()
        raise _Over


def decision(answer: Sequence[Part]) -> int:
    """The code of the first whole reply in `answer`; whatever else it says is a reply too many."""
    match = FIRST_REPLY.match(b"".join(part for part in answer if isinstance(part, bytes)))
    return int(match[1]) if match else 0


class _Over(Exception):
    """The conversation ended."""
