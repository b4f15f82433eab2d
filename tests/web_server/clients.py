"""Connections to a panel, byte by byte."""

import contextlib
import http.client
import socket
from collections.abc import Iterator

from tests.panel import Panel
from tests.peers.process import LOOPBACK


def head(line: str, *headers: str) -> bytes:
    return "\r\n".join([f"{line} HTTP/1.1", "Host: 127.0.0.1", *headers, "", ""]).encode()


SLOW_HEAD = head("GET /sign-in/").removesuffix(b"\r\n") + b"X-Slow: "
SLOW_FORM = head("POST /sign-in/", "Content-Type: application/x-www-form-urlencoded", "Content-Length: 1000") + b"a"


def bearer(panel: Panel) -> str:
    return f"Authorization: {panel.http.headers['Authorization']!s}"


@contextlib.contextmanager
def connections(port: int, number: int, sent: bytes = b"", receive_buffer: int = 0) -> Iterator[list[socket.socket]]:
    """`number` of them, each of which has `sent` something and reads nothing."""
    with contextlib.ExitStack() as stack:
        opened = []
        for _ in range(number):
            client = stack.enter_context(socket.socket())
            if receive_buffer:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            client.settimeout(20)
            client.connect((LOOPBACK, port))
            client.sendall(sent)
            opened.append(client)
        yield opened


def answer(client: socket.socket, method: str = "POST") -> http.client.HTTPResponse:
    response = http.client.HTTPResponse(client, method=method)
    response.begin()
    return response
