"""Takes the ranges of a large attachment, which Microsoft's contract leaves out: one attachment for each address."""

import hashlib
import json
import re
import threading
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.peers.process import LOOPBACK

RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


@dataclass
class Received:
    size: int
    at: int = 0
    hash: Any = field(default_factory=hashlib.sha256)


class Uploads:
    """Plain HTTP on `port`, for nginx alone. 200 with the next range, 201 for the last, 4xx for a wrong one."""

    def __init__(self) -> None:
        self._server = ThreadingHTTPServer((LOOPBACK, 0), partial(_Handler, self))
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self._received: dict[str, Received] = {}
        self._lock = threading.Lock()

    @property
    def sha256s(self) -> list[str]:
        """Of the attachments that came whole, in the order in which they were begun."""
        return [file.hash.hexdigest() for file in self._received.values() if file.at == file.size]

    def clear(self) -> None:
        self._received.clear()

    def take(self, path: str, content_range: str, authorized: bool, content: bytes) -> tuple[int, Any]:
        found = RANGE.fullmatch(content_range)
        if authorized or not found:
            return (401 if authorized else 400), {}
        first, last, size = map(int, found.groups())
        with self._lock:
            file = self._received.setdefault(path, Received(size))
            if (first, last + 1, size) != (file.at, file.at + len(content), file.size):
                return 416, expected(file)
            file.hash.update(content)
            file.at += len(content)
            return (201, None) if file.at == size else (200, expected(file))

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="uploads", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def expected(file: Received) -> dict[str, list[str]]:
    return {"nextExpectedRanges": [str(file.at)]}


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, uploads: Uploads, *arguments: Any) -> None:
        self._uploads = uploads
        super().__init__(*arguments)

    def do_PUT(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        content_range, authorized = self.headers.get("Content-Range", ""), "Authorization" in self.headers
        status, said = self._uploads.take(self.path, content_range, authorized, content)
        body = b"" if said is None else json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing on the tests' output."""
