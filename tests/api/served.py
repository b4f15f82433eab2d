"""The API over real sockets, behind each kind of web server."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from django.conf import settings
from django.core.servers.basehttp import WSGIRequestHandler as DjangoHandler

from mailadmin.wsgi import application
from tests.databases import database_url
from tests.waiting import wait_until

PATH = "/api/v1/completions"


@contextmanager
def served_by_gunicorn(data: Path) -> Iterator[int]:
    """The port of the web server that the panel is shipped with, two processes, without the settings of `up`."""
    with socket.create_server(("127.0.0.1", 0)) as listener, (data / "log").open("w") as log:
        listener.listen(128)
        command = [
            sys.executable,
            "-m",
            "gunicorn",
            "--bind",
            f"fd://{listener.fileno()}",
            "--workers",
            "2",
            "--threads",
            "4",
        ]
        server = subprocess.Popen(
            [*command, "--no-control-socket", "--worker-tmp-dir", "/dev/shm", "mailadmin.wsgi"],
            cwd=settings.BASE_DIR,
            env=os.environ | {"DATABASE_URL": database_url(), "MAILADMIN_DATA": str(data), "BROKER_URL": "memory://"},
            pass_fds=[listener.fileno()],
            stdout=log,
            stderr=log,
        )
        try:
            wait_until(lambda: (data / "log").read_text().count("Booting worker") == 2, what="gunicorn")
            yield listener.getsockname()[1]
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(20)


@contextmanager
def served_in_a_thread(handler: type[WSGIRequestHandler]) -> Iterator[int]:
    """The port of the standard library's web server, or of Django's, which `manage.py runserver` starts."""
    with make_server("127.0.0.1", 0, application, WSGIServer, handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


class Wsgiref(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


class Runserver(DjangoHandler):
    def log_message(self, *_: Any) -> None:
        pass


def talk(port: int, secret: str, headers: dict[str, str], *parts: bytes, close: bool = False) -> tuple[int, Any]:
    """Send the head and then the parts, as far as the server listens; its status and JSON."""
    head = {"Host": "127.0.0.1", "Authorization": f"Bearer {secret}", "Content-Type": "application/json"} | headers
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        line.sendall(f"POST {PATH} HTTP/1.1\r\n{lines}\r\n".encode())
        for part in parts:
            line.sendall(part)
        if close:
            line.shutdown(socket.SHUT_WR)
        response = http.client.HTTPResponse(line, method="POST")
        response.begin()
        return response.status, json.loads(response.read())
