"""A machine as docs/running.md describes it: the units' commands, PostgreSQL, Redis, and nginx for TLS in front."""

import contextlib
import re
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from tests.deploy import units
from tests.peers.need import need
from tests.peers.process import LOOPBACK, Process, Scratch, free_ports
from tests.peers.redis import Redis
from tests.pki import write_server
from tests.smtp_sink import SmtpSink
from tests.waiting import wait_until
from tests.web_server.clients import SLOW_FORM, SLOW_HEAD, connections

NAME = "panel.example.com"
EXAMPLE = units.PROJECT / "deploy" / "proxy" / "nginx.conf"
FRAME = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 1024; }}
http {{ access_log off; {temporary}
{site}
}}
"""
SET_UP = (
    "from notifications.models import ApiToken; from tests import base;"
    "base.a_notification(); base.use_smtp(host={host!r}, port={port});"
    "print(ApiToken.issue('tests', ['report', 'read'])[1])"
)


def nginx(folder: Path, site: str) -> list[str]:
    """nginx's command line for the example, with nothing of the machine's own configuration."""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    file = folder / "nginx.conf"
    file.write_text(FRAME.format(folder=folder, temporary=temporary, site=site))
    return ["/usr/sbin/nginx", "-c", str(file), "-p", str(folder), "-e", str(folder / "nginx.log")]


def localised(folder: Path, http: int, https: int, web: int) -> str:
    """The example, word for word but for ports and the certificate's place."""
    text = EXAMPLE.read_text().replace("/etc/ssl/mailadmin/fullchain.pem", str(folder / "server.pem"))
    text = text.replace("/etc/ssl/mailadmin/privkey.pem", str(folder / "server.key"))
    text = re.sub(r"listen \[::\]:.*\n", "\n", text)
    text = re.sub(r"listen 80\b", f"listen {LOOPBACK}:{http}", text)
    text = re.sub(r"listen 443\b", f"listen {LOOPBACK}:{https}", text)
    return text.replace("127.0.0.1:8000", f"127.0.0.1:{web}")


class ByName(HTTPAdapter):
    """Asks for the name that people use in the TLS handshake, too; the certificate is localhost's."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options, server_hostname=NAME, assert_hostname="localhost")


class Machine:
    def __init__(self, scratch: Path, database: str, broker: str) -> None:
        self.folder = scratch
        self.http_port, self.https_port, self.web_port = free_ports(3)
        (scratch / "data" / "staticfiles").mkdir(parents=True)
        self.file = example_environment() | {
            "MAILADMIN_DATA": str(scratch / "data"),
            "MAILADMIN_PORT": str(self.web_port),
            "DATABASE_URL": database,
            "BROKER_URL": broker,
            "SECRET_KEY": "s" * 50,
            "FERNET_KEYS": "f" * 43,
        }
        write_server(scratch)
        self.site = localised(scratch, self.http_port, self.https_port, self.web_port)
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.mount("https://", ByName())
        self.session.verify = str(scratch / "ca.pem")
        self.session.headers["Host"] = NAME
        self.base = f"https://localhost:{self.https_port}"

    def run_to_its_end(self, *arguments: str) -> str:
        env = units.environment("mailadmin-migrate.service", self.file)
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=units.PROJECT,
            env={**env, "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def start(self, name: str, **env: str) -> Process:
        return units.start(name, {**self.file, **env}, self.folder / f"{name}.log")

    def answers(self) -> bool:
        with contextlib.suppress(requests.ConnectionError):
            return self.session.get(f"{self.base}/healthz", timeout=5).status_code == 200
        return False


def example_environment() -> dict[str, str]:
    """What deploy/mailadmin.env.example says as it stands."""
    text = (units.PROJECT / "deploy" / "mailadmin.env.example").read_text()
    return dict(re.findall(r"^([A-Z_]+)=(.*)$", text, re.M))


@pytest.fixture
def machine(postgres_url: str, redis_peer: Redis) -> Iterator[Machine]:
    need("nginx")
    scratch = Scratch("deploy")
    with contextlib.ExitStack() as stack:
        stack.callback(scratch.remove)
        machine = Machine(scratch.path, postgres_url, redis_peer.url)
        stack.callback(machine.session.close)
        machine.run_to_its_end("migrate", "--no-input", "--verbosity", "0")
        notify = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        notify.bind(str(scratch.path / "notify"))
        notify.settimeout(60)
        web = machine.start("mailadmin-web.service", NOTIFY_SOCKET=str(scratch.path / "notify"))
        stack.callback(web.stop)
        stack.callback(machine.start("mailadmin-worker.service").stop)
        # Type=notify: systemd waits for this word.
        assert b"READY=1" in notify.recv(4096), web.tail()
        stack.callback(Process(nginx(scratch.path, machine.site), scratch.path / "nginx.out").stop)
        wait_until(machine.answers, 30, "the panel behind nginx")
        yield machine


def test_a_report_over_https_becomes_a_mail(machine: Machine) -> None:
    with SmtpSink() as sink:
        token = machine.run_to_its_end(
            "shell", "--verbosity", "0", "--command", SET_UP.format(host=sink.host, port=sink.port)
        )
        machine.session.headers["Authorization"] = f"Bearer {token}"
        report = {"kind": "deployment", "source": "pdq", "id": "1", "name": "7-Zip", "outcome": "failed"}
        report["targets"] = []  # type: ignore[assignment]
        answer = machine.session.post(f"{machine.base}/api/v1/completions", json=report, timeout=30)
        assert answer.status_code == 202, answer.text
        wait_until(lambda: sink.mails, 60, "the mail")
    assert "7-Zip" in sink.mails[0].parsed["Subject"]
    assert machine.session.get(f"{machine.base}/readyz", timeout=30).json()["ok"] is True


def test_http_leads_to_https_and_a_form_works_there(machine: Machine) -> None:
    plain = machine.session.get(f"http://localhost:{machine.http_port}/sign-in/", allow_redirects=False, timeout=30)
    assert plain.status_code == 308
    assert plain.headers["Location"] == f"https://{NAME}/sign-in/"
    page = machine.session.get(f"{machine.base}/sign-in/", timeout=30)
    # With the wrong idea of https this would lead in a circle.
    assert page.status_code == 200
    assert "Secure" in page.headers["Set-Cookie"]
    assert page.headers["Strict-Transport-Security"]


def test_slow_clients_do_not_stop_the_panel_behind_nginx(machine: Machine) -> None:
    context = ssl.create_default_context(cafile=str(machine.folder / "ca.pem"))
    context.check_hostname = False
    for sent in (SLOW_HEAD, SLOW_FORM):
        with connections(machine.https_port, 200) as clients, contextlib.ExitStack() as stack:
            for client in clients:
                secured = stack.enter_context(context.wrap_socket(client, server_hostname=NAME))
                secured.sendall(sent.replace(LOOPBACK.encode(), NAME.encode()))
            assert machine.session.get(f"{machine.base}/healthz", timeout=5).text == "ok\n"


def test_nginx_refuses_what_is_too_large(machine: Machine) -> None:
    too_large = b"x" * 9 * 1024**2
    assert machine.session.post(f"{machine.base}/sign-in/", data=too_large, timeout=30).status_code == 413
    many = {f"X-{number}": "x" * 4000 for number in range(10)}
    assert machine.session.get(f"{machine.base}/sign-in/", headers=many, timeout=30).status_code in (400, 431)


def test_many_sign_ins_from_one_address_are_refused(machine: Machine) -> None:
    statuses = [
        machine.session.post(f"{machine.base}/sign-in/", data={"a": "b"}, timeout=30).status_code for _ in range(25)
    ]
    assert statuses[:20] == [403] * 20
    assert 429 in statuses
    # To look at the page is not limited.
    assert machine.session.get(f"{machine.base}/sign-in/", timeout=30).status_code == 200


def test_another_name_gets_no_answer(machine: Machine) -> None:
    with pytest.raises(requests.ConnectionError):
        machine.session.get(f"http://localhost:{machine.http_port}/", headers={"Host": "evil.example"}, timeout=30)
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"https://{LOOPBACK}:{machine.https_port}/", verify=False, timeout=30)  # the name is not sent


def test_the_panel_takes_no_path_of_its_own_from_a_client(machine: Machine) -> None:
    """gunicorn takes SCRIPT_NAME from trusted proxies by default, and links would lead wherever a client likes."""
    forged = {"SCRIPT_NAME": "/sign-in", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}
    page = machine.session.get(f"http://{LOOPBACK}:{machine.web_port}/sign-in/", headers=forged, timeout=30)
    assert page.status_code == 200
    assert "evil.example" not in page.text
    assert "/sign-in/static/" not in page.text


def test_nginx_takes_the_example_as_it_stands(tmp_path: Path) -> None:
    need("nginx")
    write_server(tmp_path)
    site = EXAMPLE.read_text().replace("/etc/ssl/mailadmin/fullchain.pem", str(tmp_path / "server.pem"))
    site = site.replace("/etc/ssl/mailadmin/privkey.pem", str(tmp_path / "server.key"))
    done = subprocess.run([*nginx(tmp_path, site), "-t"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr
