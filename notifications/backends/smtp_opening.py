"""From a host's name to a session that is encrypted and signed in, as far as the settings ask for it."""

import socket
import ssl

from notifications.backends.base import BackendError, Fault, Reply, Stage, TimeLimits
from notifications.backends.connection import connect
from notifications.backends.smtp_replies import fault_of
from notifications.backends.smtp_server import SignIn, SmtpServer
from notifications.backends.smtp_session import SmtpSession
from notifications.backends.smtp_wire import ConnectionLost
from notifications.backends.tls import HandshakeEnded, old_version_of, start_tls, tls_context
from notifications.backends.trace import Trace


def open_session(server: SmtpServer, sign_in: SignIn | None, limits: TimeLimits, trace: Trace) -> SmtpSession:
    """Return a session that is ready for MAIL. Raises BackendError, and leaves no connection behind when it does."""
    opening = Opening(server, limits, trace)
    try:
        return opening.run(sign_in)
    except HandshakeEnded as error:
        raise opening.named_if_outdated(error) from error
    except ConnectionLost as lost:
        raise opening.error_for(lost) from lost
    except BackendError:
        opening.leave()
        raise


class Opening:
    """One try to open a session."""

    def __init__(self, server: SmtpServer, limits: TimeLimits, trace: Trace) -> None:
        self._server = server
        self._limits = limits
        self._trace = trace
        self._session: SmtpSession | None = None

    def run(self, sign_in: SignIn | None) -> SmtpSession:
        sock = self._connect()
        session = self._greeted(self._secured(sock) if self._server.security == "tls" else sock)
        if self._server.security == "starttls":
            self._ask_for_tls(session)
            session.secure(self._secured(session.sock))
            self._say_hello(session)
        if sign_in is not None:
            self._authenticate(session, sign_in)
        return session

    def leave(self) -> None:
        if self._session is not None:
            self._session.leave()

    def error_for(self, lost: ConnectionLost) -> BackendError:
        """What a connection that was lost while it was opened means."""
        if lost.reply is not None:
            return BackendError(fault_of(lost.reply, lost.stage or Stage.GREETING), lost.reply, stage=lost.stage)
        if lost.refused_tls:
            # TLS 1.3: the server rejects the client, say for want of a certificate, after the client's handshake.
            text = f"TLS with {self._server.host} failed: {lost}"
            return BackendError(Fault.TLS, Reply(text=text), stage=Stage.TLS)
        what = str(lost)
        if lost.stage is Stage.GREETING:
            hint = "; port 465 expects Security SSL/TLS" if self._server.port == 465 else ""
            what = f"no SMTP greeting ({lost}{hint})"
        text = f"{self._server.host}:{self._server.port}: {what}"
        return BackendError(Fault.UNREACHABLE, Reply(text=text), stage=lost.stage, timed_out=lost.timed_out)

    def named_if_outdated(self, error: BackendError) -> BackendError:
        """A server that closed because its TLS is too old will do so for ever; one that went away will come back."""
        self._trace.step("the server ended the TLS handshake; checking whether its TLS version is outdated")
        try:
            version = old_version_of(self._before_tls(), self._server.host, self._server.connect_timeout)
        except (BackendError, ConnectionLost):
            return error
        if not version:
            return error
        text = f"TLS with {self._server.host} failed: unsupported protocol, the server has only {version}"
        return BackendError(Fault.TLS, Reply(text=text), stage=Stage.TLS)

    def _before_tls(self) -> socket.socket:
        """A new connection, at the point where TLS begins."""
        sock = self._connect()
        if self._server.security == "starttls":
            self._ask_for_tls(self._greeted(sock))
        return sock

    def _connect(self) -> socket.socket:
        server = self._server
        sock, address = connect(server.host, server.port, server.connect_timeout)
        self._trace.step(f"connected to {server.host}:{server.port} ({address})")
        return sock

    def _secured(self, sock: socket.socket) -> ssl.SSLSocket:
        server = self._server
        secured = start_tls(sock, server.host, tls_context(server.ca_certificate), server.connect_timeout)
        self._trace.step(f"{secured.version()}, certificate of {server.host} verified")
        return secured

    def _greeted(self, sock: socket.socket) -> SmtpSession:
        session = self._session = SmtpSession(sock, self._server.ehlo_name)
        session.use(self._limits, self._trace)
        greeting = session.greeting()
        if greeting.code != 220:
            raise BackendError(fault_of(greeting, Stage.GREETING), greeting, stage=Stage.GREETING)
        self._say_hello(session)
        return session

    def _say_hello(self, session: SmtpSession) -> None:
        reply = session.hello()
        if reply.code != 250:
            raise BackendError(fault_of(reply, Stage.EHLO), reply, stage=Stage.EHLO)

    def _ask_for_tls(self, session: SmtpSession) -> None:
        if "STARTTLS" not in session.extensions:
            where = f"{self._server.host}:{self._server.port}{session.why_no_extensions}"
            text = f"STARTTLS is not offered by {where}; nothing is sent in clear"
            raise BackendError(Fault.TLS, Reply(text=text), stage=Stage.STARTTLS)
        reply = session.command("STARTTLS", Stage.STARTTLS, (220,))
        if reply.code != 220:
            fault = Fault.THROTTLED if reply.code // 100 == 4 else Fault.TLS
            raise BackendError(fault, reply, stage=Stage.STARTTLS)
        if session.has_unread():
            # Commands or replies that came before the handshake are an attacker's (CVE-2011-0411).
            text = "the server went on in clear after STARTTLS"
            raise BackendError(Fault.TLS, Reply(text=text), stage=Stage.STARTTLS)

    def _authenticate(self, session: SmtpSession, sign_in: SignIn) -> None:
        server = self._server
        encrypted = server.security != "none"
        if not (encrypted or server.is_loopback or server.allow_clear_password):
            text = "the password is not sent without encryption: choose STARTTLS or SSL/TLS"
            raise BackendError(Fault.CONFIGURATION, Reply(text=text), stage=Stage.AUTH)
        mechanism = sign_in.sign_in(session, encrypted=encrypted)
        self._trace.step(f"signed in ({mechanism})")
