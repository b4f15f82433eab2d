"""The Caddyfile in front of something that says which headers came through."""

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.deploy.units import PROJECT
from tests.peers.need import need
from tests.peers.process import LOOPBACK, Process, free_ports
from tests.waiting import wait_until

EXAMPLE = PROJECT / "deploy" / "proxy" / "Caddyfile"
# Its administration listens on a fixed port, and it would ask for certificates of its own.
OURS = "{\n\tadmin off\n\tauto_https off\n}\n"


class Echo(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps(dict(self.headers)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[str]:
    need("caddy")
    (tmp_path / "Caddyfile").write_text(OURS + EXAMPLE.read_text())
    with ThreadingHTTPServer((LOOPBACK, 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        (port,) = free_ports(1)
        names = {"MAILADMIN_NAME": f"http://{LOOPBACK}:{port}", "MAILADMIN_WEB": f"{LOOPBACK}:{server.server_port}"}
        homes = {"XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), "HOME": str(tmp_path)}
        command = ["caddy", "run", "--adapter", "caddyfile", "--config", str(tmp_path / "Caddyfile")]
        caddy = Process(command, tmp_path / "caddy.out", env={**os.environ, **names, **homes})
        try:
            wait_until(lambda: answers(names["MAILADMIN_NAME"]), 30, "Caddy")
            yield names["MAILADMIN_NAME"]
        finally:
            caddy.stop()
            server.shutdown()
            thread.join()


def answers(address: str) -> bool:
    try:
        return session().get(address, timeout=2).ok
    except requests.RequestException:
        return False


def session() -> requests.Session:
    made = requests.Session()
    made.trust_env = False
    return made


def test_the_panel_hears_the_browsers_address_and_name_from_the_proxy_alone(proxy: str) -> None:
    forged = {"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}
    heard = session().get(proxy, headers=forged, timeout=5).json()
    assert heard["X-Forwarded-For"] == LOOPBACK
    assert heard["X-Forwarded-Proto"] == "http"
    assert heard["Host"] == proxy.removeprefix("http://")


def test_the_longest_report_passes_and_nothing_much_longer(proxy: str) -> None:
    assert session().post(proxy, data=b"x" * 8 * 1024 * 1024, timeout=30).status_code == 200
    with pytest.raises(requests.RequestException):
        session().post(proxy, data=b"x" * 20 * 1024 * 1024, timeout=30).raise_for_status()
