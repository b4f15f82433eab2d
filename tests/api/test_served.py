"""The API behind the web server that it is shipped with, over real sockets."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings

from notifications.models import Completion, Message
from tests.base import a_notification
from tests.databases import database_url
from tests.reports import a_body
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
PATH = "/api/v1/completions"


@pytest.fixture(scope="module")
def port(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    data = tmp_path_factory.mktemp("served")
    with socket.create_server(("127.0.0.1", 0)) as listener, (data / "log").open("w") as log:
        listener.listen(128)
        command = [sys.executable, "-m", "gunicorn", "--bind", f"fd://{listener.fileno()}", "--threads", "4"]
        server = subprocess.Popen(
            [*command, "--no-control-socket", "--worker-tmp-dir", "/dev/shm", "mailadmin.wsgi"],
            cwd=settings.BASE_DIR,
            env=os.environ | {"DATABASE_URL": database_url(), "MAILADMIN_DATA": str(data), "BROKER_URL": "memory://"},
            pass_fds=[listener.fileno()],
            stdout=log,
            stderr=log,
        )
        try:
            wait_until(lambda: "Booting worker" in (data / "log").read_text(), what="gunicorn")
            yield listener.getsockname()[1]
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(20)


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


class TestLengths:
    def test_a_gigabyte_is_refused_before_a_byte_of_it_came(self, port: int, secret: str) -> None:
        status, answer = talk(port, secret, {"Content-Length": str(1024**3)})
        assert (status, answer["error"]["code"]) == (413, "too_large")

    def test_chunks_are_refused_before_they_end(self, port: int, secret: str) -> None:
        status, answer = talk(port, secret, {"Transfer-Encoding": "chunked"}, b'5\r\n{"id"\r\n')
        assert (status, answer["error"]["code"]) == (411, "length_required")

    def test_a_body_that_breaks_off_stores_nothing(self, port: int, secret: str) -> None:
        body = json.dumps(a_body()).encode()
        status, answer = talk(port, secret, {"Content-Length": str(len(body) + 5)}, body, close=True)
        assert (status, answer["error"]["code"]) == (400, "incomplete")
        assert not Completion.objects.exists()


def test_fifty_at_once_get_one_answer(port: int, secret: str) -> None:
    a_notification()
    body = json.dumps(a_body()).encode()
    answers: list[Any] = []

    def one() -> None:
        answers.append(talk(port, secret, {"Content-Length": str(len(body))}, body))

    threads = [threading.Thread(target=one) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 50
    assert answers.count(answers[0]) == 50
    assert answers[0][0] == 202
    assert (Completion.objects.count(), Message.objects.count()) == (1, 1)
