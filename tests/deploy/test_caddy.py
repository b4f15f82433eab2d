"""The Caddyfile in front of something that says which headers came through, and in front of the panel."""

import contextlib
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
from tests.panel import Panel
from tests.peers.need import need
from tests.peers.process import LOOPBACK, Process, free_ports
from tests.waiting import wait_until
from tests.web_server.clients import SLOW_FORM, SLOW_HEAD, connections

EXAMPLE = PROJECT / "deploy" / "proxy" / "Caddyfile"
# Its administration listens on a fixed port, and it would ask for certificates of its own.
OURS = "{{\n\tadmin off\n\tauto_https off\n\thttp_port {http}\n\thttps_port {https}\n"


def localized(http: int, https: int) -> str:
    """The example, word for word behind our own global options."""
    text = EXAMPLE.read_text()
    assert text.count("\n{\n") == 1
    return text.replace("\n{\n", "\n" + OURS.format(http=http, https=https), 1)


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


@contextlib.contextmanager
def caddy(folder: Path, upstream: int) -> Iterator[str]:
    """Caddy in front of the port `upstream`; its address."""
    http, https = free_ports(2)
    (folder / "Caddyfile").write_text(localized(http, https))
    names = {"MAILADMIN_NAME": f"http://{LOOPBACK}:{http}", "MAILADMIN_WEB": f"{LOOPBACK}:{upstream}"}
    homes = {"XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "HOME": str(folder)}
    command = ["caddy", "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]
    process = Process(command, folder / "caddy.out", env={**os.environ, **names, **homes})
    try:
        wait_until(lambda: answers(names["MAILADMIN_NAME"]), 30, "Caddy")
        yield names["MAILADMIN_NAME"]
    finally:
        process.stop()


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[str]:
    need("caddy")
    with ThreadingHTTPServer((LOOPBACK, 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            with caddy(tmp_path, server.server_port) as address:
                yield address
        finally:
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


def test_the_longest_report_passes_and_nothing_longer(proxy: str) -> None:
    assert session().post(proxy, data=b"x" * 8 * 1024 * 1024, timeout=30).status_code == 200
    with pytest.raises(requests.RequestException):
        session().post(proxy, data=b"x" * 9 * 1024 * 1024, timeout=30).raise_for_status()


def test_another_name_gets_no_answer(proxy: str) -> None:
    with pytest.raises(requests.ConnectionError):
        session().get(proxy, headers={"Host": "evil.example"}, timeout=5)


def test_slow_clients_do_not_stop_the_panel_behind_it(tmp_path: Path) -> None:
    need("caddy")
    with Panel(TRUST_PROXY_HEADERS="on") as panel, caddy(tmp_path, panel.port) as address:
        port = int(address.rpartition(":")[2])
        for sent in (SLOW_HEAD, SLOW_FORM):
            with connections(port, 200, sent):
                assert session().get(f"{address}/healthz", timeout=5).text == "ok\n"
