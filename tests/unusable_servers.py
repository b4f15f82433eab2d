"""Servers that no email gets through: name, route, port, protocol, TLS and sign-in, each wrong in one way.

They listen on loopback while their `with` block runs, and yield the mail server's columns without the mode's prefix.
"""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from notifications.backends.base import Fault, Stage
from tests import pki
from tests.smtp_model import CONNECT, HANG_UP, RESET, ModelServer, Part, scripted

Columns = dict[str, Any]
Server = Callable[[], AbstractContextManager[Columns]]
# For a server that says nothing: the client's time limits, in seconds, and longer than these.
IMPATIENT = {"connect_timeout": 1, "total_timeout": 1}
LONG = 20.0


@dataclass(frozen=True)
class Unusable:
    """`fault` and `stage` are what the attempt keeps: a fault that holds holds the queue, any other is retried."""

    name: str
    server: Server
    fault: Fault
    stage: Stage

    def __str__(self) -> str:
        return self.name


# --- nothing is there ---


def at(host: str, port: int = 587, **columns: Any) -> Server:
    @contextmanager
    def server() -> Iterator[Columns]:
        yield {"host": host, "port": port, **columns}

    return server


def closed_port(host: str) -> Server:
    @contextmanager
    def server() -> Iterator[Columns]:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        yield {"host": host, "port": port}

    return server


@contextmanager
def black_hole() -> Iterator[Columns]:
    """Answers nothing, as behind a firewall that drops: so does the kernel while the backlog is full."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield {"host": "127.0.0.1", "port": listener.getsockname()[1], **IMPATIENT}


# Nothing is sent to the last three: no route, the broadcast address, and documentation's own (RFC 3849).
NOWHERE = [
    Unusable("refused", closed_port("127.0.0.1"), Fault.UNREACHABLE, Stage.CONNECT),
    Unusable("every address refused", closed_port("localhost"), Fault.UNREACHABLE, Stage.CONNECT),
    Unusable("no answer", black_hole, Fault.UNREACHABLE, Stage.CONNECT),
    Unusable("unknown name", at("no-such-host.invalid"), Fault.UNREACHABLE, Stage.DNS),
    Unusable("empty label", at("smtp..contoso.test"), Fault.UNREACHABLE, Stage.DNS),
    Unusable("label too long", at(f"{'a' * 64}.contoso.test"), Fault.UNREACHABLE, Stage.DNS),
    Unusable("a blank in the name", at("smtp contoso.test"), Fault.UNREACHABLE, Stage.DNS),
    Unusable("no mail server's address", at("169.254.169.254"), Fault.CONFIGURATION, Stage.CONNECT),
    Unusable("no route", at("255.255.255.255", **IMPATIENT), Fault.UNREACHABLE, Stage.CONNECT),
    Unusable("no route for IPv6", at("2001:db8::1", **IMPATIENT), Fault.UNREACHABLE, Stage.CONNECT),
]


# --- something else is there, or nothing that goes on ---


def replying(answers: dict[str, Sequence[Part] | bytes], security: str = "none", **columns: Any) -> Server:
    """A server without TLS that answers `answers`, and politely otherwise."""

    @contextmanager
    def server() -> Iterator[Columns]:
        with ModelServer(scripted(answers)) as model:
            yield {"host": "localhost", "port": model.port, "security": security, **columns}

    return server


def saying(*parts: Part, security: str = "none") -> Server:
    """Says this to whoever connects, and nothing more."""
    return replying({CONNECT: [*parts, LONG]}, security, **IMPATIENT)


def dripping(text: bytes) -> list[Part]:
    return [part for byte in text for part in (bytes([byte]), 0.1)]


def web_server(security: str) -> Server:
    @contextmanager
    def server() -> Iterator[Columns]:
        with ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as http:
            threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
            yield {"host": "localhost", "port": http.server_port, "security": security, **IMPATIENT}
            http.shutdown()

    return server


class Quiet(BaseHTTPRequestHandler):
    def log_message(self, format: str, *_: Any) -> None:
        """Nothing: the test knows."""


def in_the_greeting(name: str, *parts: Part) -> Unusable:
    return Unusable(name, saying(*parts), Fault.UNREACHABLE, Stage.GREETING)


FTP = dict.fromkeys(("EHLO", "HELO"), b"530 Please login with USER and PASS.\r\n")
OTHERS = [
    in_the_greeting("HTTP", b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n", HANG_UP),
    in_the_greeting("SSH", b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"),
    in_the_greeting("POP3", b"+OK Dovecot ready.\r\n"),
    in_the_greeting("IMAP", b"* OK [CAPABILITY IMAP4rev1 SASL-IR] Dovecot ready.\r\n"),
    in_the_greeting("NNTP", b"200 news.contoso.test ready\r\n"),
    in_the_greeting("a database", b"J\x00\x00\x00\x0a8.0.36\x00\x08\x00\x00\x00", HANG_UP),
    in_the_greeting("Telnet", b"\xff\xfd\x18\xff\xfd\x20login: "),
    in_the_greeting("a line without an end", b"220 " + b"x" * 200_000),
    in_the_greeting("only line ends", b"\r\n" * 10),
    in_the_greeting("closed at once", HANG_UP),
    in_the_greeting("reset", 0.1, RESET),
    in_the_greeting("closed within the greeting", b"220 mail.con", HANG_UP),
    in_the_greeting("silence", 0.0),
    in_the_greeting("dripping", *dripping(b"220 " + b"x" * 100)),
    in_the_greeting("greeting without an end", *dripping(b"220-x\r\n" * 20)),
    Unusable("a web server", web_server("none"), Fault.UNREACHABLE, Stage.GREETING),
    Unusable("FTP", replying({CONNECT: b"220 FTP\r\n", **FTP}), Fault.SIGN_IN, Stage.EHLO),
    *[
        Unusable(f"closed after {verb}", replying({verb: [HANG_UP]}), Fault.UNREACHABLE, stage)
        for verb, stage in (("EHLO", Stage.EHLO), ("AUTH", Stage.AUTH))
    ],
]


# --- a sign-in that both know is not among those that are offered ---


def offering(name: str, lines: str, security: str = "none") -> Unusable:
    """A server with these lines in its reply to EHLO, besides STARTTLS where it is used."""

    @contextmanager
    def server() -> Iterator[Columns]:
        starttls = "250-STARTTLS\r\n" if security == "starttls" else ""
        reply = f"250-mail.test\r\n{starttls}{lines}\r\n".encode()
        context = pki.server_context() if security != "none" else None
        with ModelServer(scripted({"EHLO": reply}), tls=security.replace("none", ""), context=context) as model:
            ca = {"ca_certificate": pki.ca_pem()} if context else {}
            yield {"host": "localhost", "port": model.port, "security": security, **ca}

    return Unusable(f"{name}, {security}", server, Fault.SIGN_IN, Stage.AUTH)


NO_SIGN_IN = [
    *[offering("no sign-in", "250-SIZE 100000\r\n250 8BITMIME", security) for security in ("none", "starttls", "tls")],
    offering("NTLM and GSSAPI", "250-SIZE 1000000\r\n250 AUTH NTLM GSSAPI"),
    offering("SCRAM alone", "250 AUTH SCRAM-SHA-256 SCRAM-SHA-1", "tls"),
    offering("OAUTHBEARER alone", "250 AUTH OAUTHBEARER", "starttls"),
    offering("an empty list", "250 AUTH"),
]


# --- TLS that cannot be trusted, or not agreed on ---


def tls(
    make: Callable[[], ssl.SSLContext], security: str, ca: Callable[[], str] = pki.ca_pem, host: str = "localhost"
) -> Server:
    @contextmanager
    def server() -> Iterator[Columns]:
        with ModelServer(tls=security, context=make()) as model:
            yield {"host": host, "port": model.port, "security": security, "ca_certificate": ca()}

    return server


def closing_in_the_handshake(security: str) -> Server:
    @contextmanager
    def server() -> Iterator[Columns]:
        def gone(wire: socket.socket) -> socket.socket:
            wire.recv(1, socket.MSG_PEEK)
            raise OSError("restarting")

        with ModelServer(tls=security) as model:
            model.handshake = gone
            yield {"host": "localhost", "port": model.port, "security": security}

    return server


@contextmanager
def in_clear_to_a_tls_port() -> Iterator[Columns]:
    """The server waits for the client to begin TLS, and the client for the server's greeting."""
    with ModelServer(tls="tls", context=pki.server_context()) as model:
        yield {"host": "localhost", "port": model.port, "security": "starttls", **IMPATIENT}


WRONG: dict[str, Callable[[], ssl.SSLContext]] = {
    "expired": lambda: pki.server_context(expired=True),
    "not yet valid": pki.not_yet_valid,
    "another host's": lambda: pki.server_context("elsewhere.test"),
    "self-signed": lambda: pki.self_signed()[1],
    "unknown authority": lambda: pki.server_context(signed_by=pki.STRANGER),
    "unknown authority whose root is sent": lambda: pki.with_root(pki.STRANGER),
    "without its intermediate": pki.without_intermediate,
    "short key": lambda: pki.self_signed(bits=1024)[1],
    "TLS 1.0 only": lambda: pki.limited_to(pki.server_context(), ssl.TLSVersion.TLSv1),
    "TLS 1.1 only": lambda: pki.limited_to(pki.server_context(), ssl.TLSVersion.TLSv1_1),
    "no shared cipher": pki.without_shared_cipher,
    "small Diffie-Hellman group": pki.with_small_group,
    "no certificate for this name": pki.refusing_every_name,
    "client certificate, TLS 1.2": lambda: pki.asking_for_a_client_certificate(ssl.TLSVersion.TLSv1_2),
    "client certificate, TLS 1.3": lambda: pki.asking_for_a_client_certificate(ssl.TLSVersion.TLSv1_3),
}
OFFERED = b"250-mail.test\r\n250-STARTTLS\r\n250 AUTH PLAIN XOAUTH2\r\n"


def no_starttls(name: str, answers: dict[str, Sequence[Part] | bytes], fault: Fault = Fault.TLS) -> Unusable:
    return Unusable(name, replying(answers, "starttls"), fault, Stage.STARTTLS)


UNTRUSTED = [
    *[
        Unusable(f"{kind}, {security}", tls(make, security), Fault.TLS, Stage.TLS)
        for kind, make in WRONG.items()
        for security in ("starttls", "tls")
    ],
    *[
        Unusable(
            f"signed with SHA-1, {security}",
            tls(lambda: pki.signed_with_sha1()[1], security, lambda: pki.signed_with_sha1()[0]),
            Fault.TLS,
            Stage.TLS,
        )
        for security in ("starttls", "tls")
    ],
    *[
        Unusable(f"gone, {security}", closing_in_the_handshake(security), Fault.UNREACHABLE, Stage.TLS)
        for security in ("starttls", "tls")
    ],
    Unusable(
        "an address instead of the name",
        tls(lambda: pki.server_context("localhost"), "tls", host="127.0.0.1"),
        Fault.TLS,
        Stage.TLS,
    ),
    Unusable("TLS to a port in clear", saying(b"220 mail.test ESMTP\r\n", security="tls"), Fault.TLS, Stage.TLS),
    Unusable("TLS to SSH", saying(b"SSH-2.0-OpenSSH_9.2p1\r\n", security="tls"), Fault.TLS, Stage.TLS),
    Unusable("TLS to a web server", web_server("tls"), Fault.TLS, Stage.TLS),
    Unusable("TLS to silence", saying(0.0, security="tls"), Fault.UNREACHABLE, Stage.TLS),
    Unusable("STARTTLS to a TLS port", in_clear_to_a_tls_port, Fault.UNREACHABLE, Stage.GREETING),
    no_starttls("not offered", {"EHLO": b"250-mail.test\r\n250 AUTH PLAIN XOAUTH2\r\n"}),
    no_starttls("turned down", {"EHLO": OFFERED, "STARTTLS": b"502 5.5.1 no\r\n"}),
    no_starttls("not for now", {"EHLO": OFFERED, "STARTTLS": b"454 4.7.0 not now\r\n"}, Fault.THROTTLED),
    no_starttls("replies in clear after it", {"EHLO": OFFERED, "STARTTLS": b"220 go\r\n250 AUTH PLAIN\r\n"}),
    no_starttls("closed after STARTTLS", {"EHLO": OFFERED, "STARTTLS": [HANG_UP]}, Fault.UNREACHABLE),
]
