"""https in front of a panel, as a reverse proxy of the operator's would be."""

import http.client
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from tests.peers.process import LOOPBACK
from tests.pki import server_context

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding"}


class TlsProxy:
    """Answers at `base` while the `with` block runs, with what listens on `port`."""

    port: int

    def __init__(self) -> None:
        self._server = ThreadingHTTPServer((LOOPBACK, 0), partial(_Handler, self))
        self._server.socket = server_context().wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.base = f"https://localhost:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="tls proxy", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, proxy: TlsProxy, *arguments: object) -> None:
        self._proxy = proxy
        super().__init__(*arguments)  # type: ignore[arg-type]  # the server's own

    def do_GET(self) -> None:
        self._forward()

    def do_POST(self) -> None:
        self._forward()

    def log_message(self, *_: object) -> None:
        """Silent."""

    def _forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        onward = http.client.HTTPConnection(LOOPBACK, self._proxy.port, timeout=30)
        try:
            onward.request(self.command, self.path, body, {**headers, "X-Forwarded-Proto": "https"})
            self._pass_on(onward.getresponse())
        finally:
            onward.close()

    def _pass_on(self, reply: http.client.HTTPResponse) -> None:
        content = reply.read()
        self.send_response_only(reply.status)
        for name, value in reply.getheaders():
            if name.lower() not in HOP_BY_HOP | {"content-length"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
