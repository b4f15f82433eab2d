"""A world in which every name leads to somebody who listens: Microsoft's to a home of ours, all others to a thief.

The thief has a certificate that is trusted for any name, as he would for a domain of his own, and writes down whatever
he is told. Name lookups and connections go through recorders around the real functions.
"""

import json
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import pytest

from tests.peers.process import LOOPBACK
from tests.pki import TRUSTED, authority, ca_pem, server_context

LOGIN, GRAPH, UPLOADS = "login.microsoftonline.com", "graph.microsoft.com", "outlook.office.com"
KNOWN = (LOGIN, GRAPH, UPLOADS)
HTTPS = 443
TOKEN = "the-token-of-the-app"
Answer = tuple[int, Mapping[str, str], Any]


class Thief:
    """Takes TLS, plain HTTP and CONNECT on one port. `heard`: each byte, as it was meant to be read."""

    def __init__(self) -> None:
        self.heard = bytearray()
        self.connections = 0
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port: int = self._listener.getsockname()[1]

    def start(self) -> None:
        threading.Thread(target=self._accept, name="thief", daemon=True).start()

    def stop(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._listen, args=(connection,), daemon=True).start()

    def _listen(self, connection: socket.socket) -> None:
        connection.settimeout(10)
        with suppress(OSError), connection:
            if connection.recv(1, socket.MSG_PEEK) == b"\x16":
                connection = self._certified("").wrap_socket(connection, server_side=True)
            if self._read(connection).startswith(b"CONNECT"):
                connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                self._listen(connection)
            else:
                body = json.dumps({"access_token": "a stolen one", "id": "1", "expires_in": 3600}).encode()
                head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
                connection.sendall(head.encode() + body)

    def _read(self, connection: socket.socket) -> bytes:
        """One request, its body included, noted as it comes in."""
        request = b""
        wanted = 1
        while len(request) < wanted:
            piece = connection.recv(65536)
            if not piece:
                break
            self.heard += piece
            request += piece
            head, end, _ = request.partition(b"\r\n\r\n")
            wanted = len(head) + len(end) + length_in(head) if end else len(request) + 1
        return request

    def _certified(self, name: str) -> ssl.SSLContext:
        if name not in self._contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority(TRUSTED).issue_cert(name or "evil.test").configure_cert(context)
            context.sni_callback = self._choose
            self._contexts[name] = context
        return self._contexts[name]

    def _choose(self, connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        with suppress(ValueError):
            connection.context = self._certified(name or "")


def length_in(head: bytes) -> int:
    lines = head.lower().split(b"\r\n")
    return next((int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length:")), 0)


class World:
    """`answers` replace home's own, by method and the end of the path; `heard` is what home was told."""

    def __init__(self, folder: Path) -> None:
        self.thief = Thief()
        self.ca_file = folder / "ca.pem"
        self.ca_file.write_text(ca_pem())
        self._home = ThreadingHTTPServer((LOOPBACK, 0), partial(Handler, self))
        self._home.socket = server_context(*KNOWN).wrap_socket(
            self._home.socket, server_side=True, do_handshake_on_connect=False
        )
        self.forget()

    def forget(self) -> None:
        """As if nothing had happened yet."""
        self.thief.heard, self.thief.connections = bytearray(), 0
        self.answers: dict[tuple[str, str], Answer] = {}
        self.heard = bytearray()
        self.looked_up: list[tuple[str, int]] = []
        self.connected: list[Any] = []

    def surround(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """From now on all names lead here, and all ways out are noted."""
        monkeypatch.setattr(socket, "getaddrinfo", partial(self._look_up, socket.getaddrinfo))
        monkeypatch.setattr(socket, "create_connection", partial(self._create, socket.create_connection))
        connect = socket.socket.connect

        def recorded(sock: socket.socket, address: Any) -> None:
            self.connected.append(address)
            connect(sock, address)

        monkeypatch.setattr(socket.socket, "connect", recorded)

    def __enter__(self) -> Self:
        self.thief.start()
        threading.Thread(target=self._home.serve_forever, args=(0.05,), name="home", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._home.shutdown()
        self._home.server_close()
        self.thief.stop()

    def assert_nothing_left(self, *secrets: str) -> None:
        """Neither a connection to the thief, nor a lookup of his name, nor a byte of `secrets`."""
        assert [place for place in self.looked_up if place not in {(name, HTTPS) for name in KNOWN}] == []
        assert {address for address in self.connected if address[0] != LOOPBACK} == set()
        assert self.thief.connections == 0
        assert not [secret for secret in secrets if secret.encode() in self.thief.heard]

    def answer(self, method: str, target: str) -> Answer:
        path = urlsplit(target).path
        for (wanted, end), answer in {**HOME, **self.answers}.items():
            if wanted == method and path.endswith(end):
                return answer
        return 404, {}, {"error": {"code": "ErrorItemNotFound", "message": "not found"}}

    def _look_up(self, real: Callable[..., Any], host: Any, port: Any, *rest: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else str(host)
        self.looked_up.append((name, port))
        is_home = (name, port) in {(known, HTTPS) for known in KNOWN}
        there = self._home.server_address[1] if is_home else self.thief.port
        return real(LOOPBACK, there, *rest, **options)

    def _create(self, real: Callable[..., Any], address: Any, *rest: Any, **options: Any) -> Any:
        self.looked_up.append(address)
        return real((LOOPBACK, self.thief.port), *rest, **options)


HOME: dict[tuple[str, str], Answer] = {
    ("GET", "/.well-known/openid-configuration"): (
        200,
        {},
        {
            "issuer": f"https://{LOGIN}/contoso.com/v2.0",
            "authorization_endpoint": f"https://{LOGIN}/contoso.com/oauth2/v2.0/authorize",
            "token_endpoint": f"https://{LOGIN}/contoso.com/oauth2/v2.0/token",
        },
    ),
    ("POST", "/oauth2/v2.0/token"): (200, {}, {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 3600}),
    ("POST", "/messages"): (201, {}, {"id": "AAA", "isDraft": True}),
    ("POST", "/attachments"): (201, {}, {"id": "BBB"}),
    ("POST", "/createUploadSession"): (201, {}, {"uploadUrl": f"https://{UPLOADS}/upload?key=1"}),
    ("PUT", "/upload"): (201, {}, {}),
    ("POST", "/send"): (202, {}, None),
    ("POST", "/sendMail"): (202, {}, None),
    ("DELETE", "/messages/AAA"): (204, {}, None),
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, world: World, *arguments: Any) -> None:
        self._world = world
        super().__init__(*arguments)

    def log_message(self, *_: object) -> None:
        """Silent."""

    def handle(self) -> None:
        with suppress(OSError):
            super().handle()

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._world.heard += f"{self.command} {self.path}\n{self.headers}\n".encode() + body + b"\n"
        status, headers, content = self._world.answer(self.command, self.path)
        answer = b"" if content is None else json.dumps(content).encode()
        self.send_response_only(status)
        for name, value in {**headers, "Content-Length": str(len(answer)), "Connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)
