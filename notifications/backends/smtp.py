"""SMTP submission (RFC 5321, 6409): one transaction code that gives every recipient an outcome of its own."""

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from notifications.backends.base import (
    BackendError,
    Envelope,
    Fault,
    RecipientResult,
    Reply,
    Results,
    Stage,
    TimeLimits,
)
from notifications.backends.connection import connect, start_tls, tls_context
from notifications.backends.smtp_replies import fault_of
from notifications.backends.smtp_session import ConnectionLost, SmtpSession
from notifications.backends.trace import Trace


class SignIn(Protocol):
    """How the backend proves who it is."""

    def sign_in(self, session: SmtpSession, *, encrypted: bool) -> str:
        """Sign in and return the mechanism's name. Raises BackendError."""


@dataclass(frozen=True)
class SmtpServer:
    """Where to, and how safely: `security` is none, starttls or tls; `connect_timeout` is in seconds."""

    host: str
    port: int
    security: str
    connect_timeout: float = 10.0
    ca_certificate: str = ""
    allow_clear_password: bool = False
    ehlo_name: str = ""

    @property
    def is_loopback(self) -> bool:
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host.lower() == "localhost"


class SmtpBackend:
    """Keeps one connection. See notifications.backends.base.Backend."""

    def __init__(self, server: SmtpServer, sign_in: SignIn | None = None) -> None:
        self._server = server
        self._sign_in = sign_in
        self._session: SmtpSession | None = None

    def send(self, envelope: Envelope, limits: TimeLimits, trace: Trace) -> Results:
        results: dict[str, RecipientResult] = {}
        with self._settling(results):
            remaining, drops = list(envelope.recipients), 0
            while remaining:
                session = self._ready(limits, trace)
                remaining = Transaction(session, self._server.host, envelope, results).run(remaining)
                drops += session.sock is None
                if drops > 1:
                    reply = next(result.reply for result in results.values() if result.reply.code == 421)
                    raise BackendError(Fault.THROTTLED, reply, stage=Stage.RCPT)
        return results

    def close(self) -> None:
        if self._session is not None:
            self._session.leave()
            self._session = None

    @contextmanager
    def _settling(self, results: dict[str, RecipientResult]) -> Iterator[None]:
        """Whatever goes wrong leaves as a BackendError that carries `results`, and takes the connection with it."""
        try:
            yield
        except BackendError as error:
            self.close()
            error.results = results
            raise
        except ConnectionLost as error:
            self.close()
            raise unsent(error, Fault.TRANSIENT, str(error), results) from error

    def _ready(self, limits: TimeLimits, trace: Trace) -> SmtpSession:
        """A session that is signed in: the kept one if it still answers, else a new one."""
        if self._session is not None and self._session.sock is not None:
            self._session.use(limits, trace)
            try:
                if self._session.command("RSET", Stage.MAIL_FROM).code == 250:
                    return self._session
            except ConnectionLost:
                trace.step("the kept connection was gone; connecting again")
        self.close()
        try:
            self._session = self._connect(limits, trace)
        except ConnectionLost as error:
            raise unsent(error, Fault.UNREACHABLE, f"{self._server.host}:{self._server.port}: {error}") from error
        return self._session

    def _connect(self, limits: TimeLimits, trace: Trace) -> SmtpSession:
        server = self._server
        sock = connect(server.host, server.port, server.connect_timeout)
        trace.step(f"connected to {server.host}:{server.port} ({sock.getpeername()[0]})")
        if server.security == "tls":
            sock = start_tls(sock, server.host, tls_context(server.ca_certificate), server.connect_timeout)
            trace.step(f"{sock.version()}, certificate of {server.host} verified")
        # From here on an error must not leave the socket open: close() reaches it through the session.
        session = self._session = SmtpSession(sock, server.ehlo_name)
        session.use(limits, trace)
        self._greet(session)
        if server.security == "starttls":
            self._start_tls(session, trace)
        if self._sign_in is not None:
            self._authenticate(session, self._sign_in, trace)
        return session

    def _greet(self, session: SmtpSession) -> None:
        try:
            greeting = session.greeting()
        except ConnectionLost as error:
            hint = "; port 465 expects Security SSL/TLS" if self._server.port == 465 else ""
            text = f"no SMTP greeting ({error}{hint})"
            raise ConnectionLost(text, Stage.GREETING, timed_out=error.timed_out) from error
        if greeting.code != 220:
            raise BackendError(fault_of(greeting, Stage.GREETING), greeting, stage=Stage.GREETING)
        self._say_hello(session)

    def _say_hello(self, session: SmtpSession) -> None:
        session.stage = Stage.EHLO
        code, text = session.ehlo()
        if not 200 <= code <= 299:
            reply = Reply(code, text=text.decode("utf-8", "replace"))
            raise BackendError(fault_of(reply, Stage.EHLO), reply, stage=Stage.EHLO)

    def _start_tls(self, session: SmtpSession, trace: Trace) -> None:
        if not session.has_extn("starttls"):
            text = f"STARTTLS is not offered by {self._server.host}:{self._server.port}; nothing is sent in clear"
            raise BackendError(Fault.TLS, Reply(text=text), stage=Stage.STARTTLS)
        reply = session.command("STARTTLS", Stage.STARTTLS)
        if reply.code != 220:
            fault = Fault.THROTTLED if reply.code // 100 == 4 else Fault.TLS
            raise BackendError(fault, reply, stage=Stage.STARTTLS)
        if session.has_unread or session.sock is None:
            # Commands or replies that came before the handshake are an attacker's (CVE-2011-0411).
            text = "the server went on in clear after STARTTLS"
            raise BackendError(Fault.TLS, Reply(text=text), stage=Stage.STARTTLS)
        context = tls_context(self._server.ca_certificate)
        secured = start_tls(session.sock, self._server.host, context, self._server.connect_timeout)
        trace.step(f"{secured.version()}, certificate of {self._server.host} verified")
        session.secure(secured)
        self._say_hello(session)

    def _authenticate(self, session: SmtpSession, sign_in: SignIn, trace: Trace) -> None:
        server = self._server
        encrypted = server.security != "none"
        if not (encrypted or server.is_loopback or server.allow_clear_password):
            text = "the password is not sent without encryption: choose STARTTLS or SSL/TLS"
            raise BackendError(Fault.CONFIGURATION, Reply(text=text), stage=Stage.AUTH)
        mechanism = sign_in.sign_in(session, encrypted=encrypted)
        trace.step(f"signed in ({mechanism})")


class Transaction:
    """MAIL, RCPT for each, DATA. Writes what is settled into `results`."""

    def __init__(
        self, session: SmtpSession, host: str, envelope: Envelope, results: dict[str, RecipientResult]
    ) -> None:
        self._session = session
        self._host = host
        self._envelope = envelope
        self._results = results

    def run(self, recipients: list[str]) -> list[str]:
        """Returns the recipients that need a transaction of their own."""
        self._mail_from()
        accepted: list[str] = []
        for index, recipient in enumerate(recipients):
            reply = self._session.command(f"RCPT TO:<{recipient}>", Stage.RCPT)
            if reply.code in (250, 251, 252):
                accepted.append(recipient)
            elif reply.code == 421:
                # The server left over this one recipient: the others deserve a connection of their own.
                self._results[recipient] = RecipientResult(reply, Fault.TRANSIENT, Stage.RCPT)
                self._session.close()
                return accepted + recipients[index + 1 :]
            elif accepted and is_too_many(reply):
                self._data(accepted)
                return recipients[index:]
            else:
                self._results[recipient] = RecipientResult(reply, fault_of(reply, Stage.RCPT), Stage.RCPT)
        if accepted:
            self._data(accepted)
        return []

    def _mail_from(self) -> None:
        size = ""
        if self._session.has_extn("size"):
            self._check_size()
            size = f" SIZE={len(self._envelope.content)}"
        reply = self._session.command(f"MAIL FROM:<{self._envelope.sender}>{size}", Stage.MAIL_FROM)
        if reply.code != 250:
            raise BackendError(fault_of(reply, Stage.MAIL_FROM), reply, stage=Stage.MAIL_FROM)

    def _check_size(self) -> None:
        """RFC 1870: a SIZE of 0, or none, is no fixed limit."""
        limit = self._session.esmtp_features.get("size", "").split(" ")[0]
        size = len(self._envelope.content)
        if limit.isdigit() and 0 < int(limit) < size:
            text = f"The mail has {size:,} bytes, and {self._host} takes {int(limit):,} at most."
            raise BackendError(Fault.PERMANENT, Reply(552, "5.3.4", text), stage=Stage.MAIL_FROM)

    def _data(self, recipients: list[str]) -> None:
        stage = Stage.DATA
        reply = self._session.command("DATA", stage, self._session.limits.data)
        if reply.code == 354:
            self._session.send_content(self._envelope.content)
            stage, reply = Stage.END_OF_DATA, self._finish()
        if reply.code == 250:
            self._session.trace.step(f"accepted by {self._host} ({reply.codes} {reply.text})")
            self._results.update({recipient: RecipientResult(reply, None, stage) for recipient in recipients})
            return
        fault = fault_of(reply, stage)
        if fault.holds or fault is Fault.THROTTLED:
            raise BackendError(fault, reply, stage=stage)
        self._results.update({recipient: RecipientResult(reply, fault, stage) for recipient in recipients})

    def _finish(self) -> Reply:
        # A worker that slept past its lease must not finish an email that another worker has taken over.
        self._envelope.lease.check()
        try:
            return self._session.end_content()
        except ConnectionLost as error:
            text = f"The email was fully transmitted, but {self._host} did not confirm that it accepted it: {error}"
            raise unsent(error, Fault.AMBIGUOUS, text) from error


def unsent(error: ConnectionLost, fault: Fault, text: str, results: Results | None = None) -> BackendError:
    return BackendError(fault, Reply(text=text), stage=error.stage, timed_out=error.timed_out, results=results)


def is_too_many(reply: Reply) -> bool:
    """452 4.5.3 is a limit for one transaction (RFC 5321 4.5.3.1.10), not a word about the recipient."""
    return reply.enhanced in ("4.5.3", "5.5.3") or (reply.code in (452, 552) and "too many" in reply.text.lower())
