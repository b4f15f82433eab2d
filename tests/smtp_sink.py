"""SMTP servers on loopback that answer as a test tells them.

`SmtpSink` is a whole server (aiosmtpd) whose replies, delays and hang-ups are scripted by command and recipient.
`RawServer` says any bytes at all, for what no decent server would say.
"""

import asyncio
import contextlib
import functools
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.pki import server_context
from tests.waiting import wait_until

CONNECT = "CONNECT"  # the greeting
CONTENT = "CONTENT"  # between DATA and the final dot
DOT = "."  # the final dot


@dataclass(frozen=True)
class Received:
    """One mail that was taken whole."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes = field(repr=False)
    options: tuple[str, ...]
    secure: bool
    user: str | None
    connection: int

    @property
    def parsed(self) -> EmailMessage:
        return message_from_bytes(self.content, policy=policy.default)


@dataclass
class Step:
    """One scripted answer; `times` counts down, and None is for ever."""

    verb: str
    reply: str
    address: str
    times: int | None
    delay: float
    hang_up: bool
    after_bytes: int

    def fits(self, verb: str, argument: str) -> bool:
        return self.verb == verb and self.times != 0 and self.address.lower() in argument.lower()

    def use(self) -> "Step":
        if self.times:
            self.times -= 1
        return self


class SmtpSink:
    """Listens on a free port while the `with` block runs.

    `tls` is "" (none), "starttls" or "tls"; `users` maps names to passwords and makes AUTH required;
    further `options` go to aiosmtpd's SMTP (`data_size_limit`, `require_starttls`, `auth_exclude_mechanism`, ...).
    """

    host = "127.0.0.1"

    def __init__(
        self,
        *,
        tls: str = "",
        users: Mapping[str, str] | None = None,
        context: ssl.SSLContext | None = None,
        recipient_limit: int | None = None,
        port: int = 0,
        **options: Any,
    ) -> None:
        self.port = port
        self.mails: list[Received] = []
        self.commands: list[str] = []
        self.connections = 0
        self.most_at_once = 0
        self.recipient_limit = recipient_limit
        self.open: set[_Conversation] = set()
        self._steps: list[Step] = []
        self.users = dict(users or {})
        self._tls = tls
        self._context = context or (server_context() if tls else None)
        self._options = options
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="smtp-sink", daemon=True)
        self._server: asyncio.Server | None = None

    def on(
        self,
        verb: str,
        reply: str = "",
        *,
        address: str = "",
        times: int | None = None,
        delay: float = 0,
        hang_up: bool = False,
        after_bytes: int = 1,
    ) -> Self:
        """Script the answer to `verb`: an SMTP command, CONNECT, CONTENT or DOT. The latest fitting step wins.

        Without `reply` the server answers as usual after `delay` seconds, or hangs up. `address` is a part of the
        command's argument. A mail whose DOT is answered by hanging up counts as taken: only the answer was lost.
        """
        self._steps.append(Step(verb, reply, address, times, delay, hang_up, after_bytes))
        return self

    def forget(self) -> None:
        """Drop the script, the mails and the record of commands."""
        self._steps.clear()
        self.mails.clear()
        self.commands.clear()

    def wait_for(self, count: int, seconds: float = 20) -> list[Received]:
        wait_until(lambda: len(self.mails) >= count, seconds, f"{count} mails (have {len(self.mails)})")
        return list(self.mails)

    def hang_up_all(self) -> None:
        """Drop every open connection, as a restarted server does."""
        self._call(self._abort_all())

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(self._listen())
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def take(self, verb: str, argument: str = "") -> Step | None:
        step = next((step for step in reversed(self._steps) if step.fits(verb, argument)), None)
        return step.use() if step else None

    # --- aiosmtpd's hooks ---

    async def handle_DATA(  # noqa: N802  # aiosmtpd finds it by this name
        self, server: "_Conversation", session: Session, envelope: Envelope
    ) -> str:
        step = self.take(DOT, " ".join(envelope.rcpt_tos))
        if step and step.delay:
            await asyncio.sleep(step.delay)
        if not step or not step.reply or step.reply.startswith("2"):
            self.mails.append(_mail(server, session, envelope))
        if step and step.hang_up:
            server.hang_up()
        return step.reply if step and step.reply else "250 2.0.0 Ok: queued"

    def sign_in(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        if isinstance(data, LoginPassword) and self.users.get(data.login.decode()) == data.password.decode():
            return AuthResult(success=True, auth_data=data)
        return AuthResult(success=False, handled=False, message="535 5.7.8 Error: authentication failed")

    # --- its own thread ---

    async def _listen(self) -> None:
        self._server = await self._loop.create_server(
            self._conversation, self.host, self.port, ssl=self._context if self._tls == "tls" else None
        )
        self.port = self._server.sockets[0].getsockname()[1]

    def _conversation(self) -> "_Conversation":
        options: dict[str, Any] = {"hostname": "sink.test", "ident": "ESMTP", "loop": self._loop}
        if self.users:
            # aiosmtpd knows of TLS only what STARTTLS began.
            options |= {"authenticator": self.sign_in, "auth_require_tls": self._tls == "starttls"}
        if self._tls == "starttls":
            options["tls_context"] = self._context
        return _Conversation(self, **(options | self._options))

    async def _abort_all(self) -> None:
        for conversation in list(self.open):
            conversation.hang_up()

    async def _close(self) -> None:
        if self._server:
            self._server.close()
        await self._abort_all()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _call(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)


class _Conversation(SMTP):
    """One connection: aiosmtpd's, with the sink's script in front of every command."""

    def __init__(self, sink: SmtpSink, **options: Any) -> None:
        self.sink = sink
        self.number = 0
        super().__init__(sink, **options)
        for verb, method in self._smtp_methods.items():
            self._smtp_methods[verb] = functools.partial(self._perform, verb, method)

    def connection_made(self, transport: Any) -> None:
        # Called a second time when STARTTLS is done.
        if self not in self.sink.open:
            self.sink.open.add(self)
            self.sink.connections += 1
            self.number = self.sink.connections
            self.sink.most_at_once = max(self.sink.most_at_once, len(self.sink.open))
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self.sink.open.discard(self)
        super().connection_lost(error)

    def hang_up(self) -> None:
        if transport := self._original_transport or self.transport:
            transport.abort()

    async def _handle_client(self) -> None:
        step = self.sink.take(CONNECT)
        if not await self._scripted(step):
            await super()._handle_client()

    async def _perform(self, verb: str, method: Callable[[str | None], Any], argument: str | None) -> None:
        self.sink.commands.append(f"{verb} {argument or ''}".rstrip())
        if await self._scripted(self.sink.take(verb, argument or "")):
            return
        if verb == "MAIL" and self.sink.users and not (self.session and self.session.authenticated):
            # Not aiosmtpd's own auth_required: it warns of every sign-in without TLS, and warnings are errors here.
            await self.push("530 5.7.0 Authentication required")
        elif verb == "RCPT" and self._is_full():
            await self.push("452 4.5.3 Error: too many recipients")
        elif verb == "DATA" and (step := self.sink.take(CONTENT)):
            await self._break_off(step)
        else:
            await method(argument)

    async def _scripted(self, step: Step | None) -> bool:
        """Whether the script took the place of the usual answer."""
        if step is None:
            return False
        await asyncio.sleep(step.delay)
        if step.reply:
            await self.push(step.reply)
        if step.hang_up:
            self.hang_up() if not step.reply else self._writer.close()
        return bool(step.reply or step.hang_up)

    async def _break_off(self, step: Step) -> None:
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        await self._reader.readexactly(step.after_bytes)
        await asyncio.sleep(step.delay)
        self.hang_up()

    def _is_full(self) -> bool:
        limit = self.sink.recipient_limit
        return limit is not None and self.envelope is not None and len(self.envelope.rcpt_tos) >= limit


def _mail(server: _Conversation, session: Session, envelope: Envelope) -> Received:
    login = session.auth_data
    return Received(
        sender=envelope.mail_from or "",
        recipients=tuple(envelope.rcpt_tos),
        content=bytes(envelope.original_content or b""),
        options=tuple(envelope.mail_options),
        secure=bool(server.transport and server.transport.get_extra_info("ssl_object")),
        user=login.login.decode() if isinstance(login, LoginPassword) else None,
        connection=server.number,
    )


@dataclass(frozen=True)
class Drip:
    """Bytes that come one by one, `every` so many seconds."""

    data: bytes
    every: float = 0.1


HANG_UP = b""
POLITE: Mapping[str, bytes | Drip] = {
    CONNECT: b"220 raw.test ESMTP\r\n",
    "EHLO": b"250-raw.test\r\n250 8BITMIME\r\n",
    "DATA": b"354 go on\r\n",
    "QUIT": b"221 bye\r\n",
}


class RawServer:
    """Says exactly these bytes to each command (CONNECT, DOT too), `250 ok` to what is not named; HANG_UP closes."""

    host = "127.0.0.1"

    def __init__(self, replies: Mapping[str, bytes | Drip], context: ssl.SSLContext | None = None) -> None:
        self.replies = {**POLITE, **replies}
        self.commands: list[str] = []
        self.context = context
        self._over = threading.Event()
        self._server = _Listener((self.host, 0), functools.partial(_Answering, self))
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()

    def say(self, wire: socket.socket, verb: str) -> bool:
        """Whether the conversation goes on."""
        reply = self.replies.get(verb, b"250 ok\r\n")
        if isinstance(reply, bytes):
            wire.sendall(reply)
            return reply != HANG_UP
        for byte in reply.data:
            wire.sendall(bytes([byte]))
            if self._over.wait(reply.every):
                return False
        return True


class _Listener(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True


class _Answering(socketserver.BaseRequestHandler):
    def __init__(self, raw: RawServer, *arguments: Any) -> None:
        self.raw = raw
        super().__init__(*arguments)

    def handle(self) -> None:
        # The client may go at any time: that is often what the test is about.
        with contextlib.suppress(OSError):
            wire = self.raw.context.wrap_socket(self.request, server_side=True) if self.raw.context else self.request
            if not self.raw.say(wire, CONNECT):
                return
            for verb in self._verbs(wire):
                if not self.raw.say(wire, verb):
                    return

    def _verbs(self, wire: socket.socket) -> Iterator[str]:
        in_content = False
        for line in wire.makefile("rb"):
            text = line.decode("latin-1").rstrip("\r\n")
            if in_content and text != DOT:
                continue
            self.raw.commands.append(text)
            verb = DOT if in_content else text.partition(" ")[0].upper()
            yield verb
            reply = self.raw.replies.get(verb, b"")
            in_content = verb == "DATA" and isinstance(reply, bytes) and reply.startswith(b"354")
