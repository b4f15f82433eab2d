"""The panel while 200 clients send or read as slowly as they can."""

import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.panel import Panel
from tests.web_server.clients import SLOW_FORM, SLOW_HEAD, bearer, connections, head

SLOW = 200
# Within this the panel answers, or it waits for the slow ones; these have ten seconds and more.
PATIENCE = 5
FILE = b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'


@pytest.fixture(autouse=True)
def _descriptors() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, before[1]), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def answers(panel: Panel, number: int) -> None:
    assert panel.http.get(f"{panel.url}/healthz", timeout=PATIENCE).status_code == 200
    report = {"kind": "deployment", "source": "slow", "id": str(number), "name": "7-Zip", "outcome": "failed"}
    reported = panel.http.post(f"{panel.url}/api/v1/completions", json=report | {"targets": []}, timeout=PATIENCE)
    assert reported.status_code == 202, reported.text


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"G",
        SLOW_HEAD,
        SLOW_FORM,
        head("POST /sign-in/", "Content-Type: multipart/form-data; boundary=x", "Content-Length: 8000000") + FILE,
        head("POST /api/v1/completions", "Content-Length: 1000") + b"{",
        head("POST /api/v1/completions", "Transfer-Encoding: chunked") + b"5\r\n{",
        head("GET /healthz"),
        head("GET /healthz", "Connection: close"),
        b"nonsense\r\n\r\n",
    ],
    ids=["nothing", "a byte", "headers", "form", "file", "report", "chunks", "kept alive", "never closed", "nonsense"],
)
def test_slow_clients_cost_no_thread(panel: Panel, sent: bytes) -> None:
    with connections(panel.port, SLOW, sent):
        answers(panel, hash(sent) % 10**9)


def test_slow_reports_of_a_known_tool_cost_no_thread(panel: Panel) -> None:
    with connections(panel.port, SLOW, head("POST /api/v1/completions", bearer(panel), "Content-Length: 1000") + b"{"):
        answers(panel, 1)


def test_clients_that_do_not_read_cost_no_thread(panel: Panel) -> None:
    with connections(panel.port, SLOW, head("GET /static/htmx.min.js") * 40, receive_buffer=2048):
        answers(panel, 2)


def test_new_clients_are_answered_when_all_connections_are_taken(panel: Panel) -> None:
    with connections(panel.port, 1_100, b"GET / HTTP/1.1\r\n"):
        answers(panel, 3)


def test_new_clients_are_answered_when_descriptors_run_out(panel: Panel) -> None:
    workers = [int(child) for child in children(panel.pid("web"))]
    before = [resource.prlimit(worker, resource.RLIMIT_NOFILE) for worker in workers]
    for worker, (_, hard) in zip(workers, before, strict=True):
        resource.prlimit(worker, resource.RLIMIT_NOFILE, (120, hard))
    try:
        with connections(panel.port, 300, b"GET / HTTP/1.1\r\n"):
            answers(panel, 4)
    finally:
        for worker, limits in zip(workers, before, strict=True):
            resource.prlimit(worker, resource.RLIMIT_NOFILE, limits)


def children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
