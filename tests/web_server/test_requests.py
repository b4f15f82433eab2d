"""Requests of every shape and size, to the web server that the panel is shipped with."""

import contextlib
import json
import re
import socket

import pytest
import requests

from tests.panel import Panel
from tests.reports import a_body
from tests.web_server.clients import answer, bearer, connections, head

MIB = 1024**2
PATHS = [
    "/sign-in/",
    "/setup/x/",
    "/mail-server/basic/",
    "/static/app.js",
    "/nowhere",
    "/healthz",
    "/api/v1/completions",
]
CHUNKED = "Transfer-Encoding: chunked"
JSON = "Content-Type: application/json"


@pytest.mark.parametrize("path", PATHS)
def test_a_length_over_the_limit_is_refused_before_the_body(panel: Panel, path: str) -> None:
    with connections(panel.port, 1, head(f"POST {path}", f"Content-Length: {200 * MIB}")) as (client,):
        assert answer(client).status == 413


@pytest.mark.parametrize("path", PATHS)
def test_chunks_over_the_limit_are_refused_while_they_arrive(panel: Panel, path: str) -> None:
    with connections(panel.port, 1, head(f"POST {path}", CHUNKED)) as (client,):
        # The panel closes its side long before the end.
        with contextlib.suppress(ConnectionError):
            for _ in range(200):
                client.sendall(b"%x\r\n%b\r\n" % (MIB, b"x" * MIB))
        assert answer(client).status == 413


def test_the_api_refuses_in_its_own_shape(panel: Panel) -> None:
    with connections(panel.port, 1, head("POST /api/v1/completions", f"Content-Length: {9 * MIB}")) as (client,):
        response = answer(client)
        assert json.loads(response.read())["error"]["code"] == "too_large"
        assert response.headers["Connection"] == "close"


def test_large_bodies_share_a_budget_and_leave_the_small_ones_alone(panel: Panel) -> None:
    sent = head("POST /api/v1/completions", f"Content-Length: {8 * MIB}")
    with connections(panel.port, 16, sent) as clients:
        for client in clients:
            with contextlib.suppress(ConnectionError):
                client.sendall(b"x" * (8 * MIB - 1))
        panel.report(1, source="budget")
        assert 503 in {status_now(client) for client in clients}


def status_now(client: socket.socket) -> int:
    """0 where no answer has come."""
    client.setblocking(False)
    try:
        return int((client.recv(100) or b"HTTP/1.1 0 ").split()[1])
    except OSError:
        return 0


def test_a_report_in_chunks_is_stored(panel: Panel) -> None:
    body = json.dumps(a_body(source="chunks")).encode()
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (body[:9], body[9:]))
    sent = head("POST /api/v1/completions", bearer(panel), JSON, CHUNKED) + chunks + b"0\r\nX-Sum: 1\r\n\r\n"
    with connections(panel.port, 1, sent) as (client,):
        response = answer(client)
        assert (response.status, json.loads(response.read())["messages"]) == (202, [])


def test_a_client_that_asks_first_is_let_on_once_and_then_answered(panel: Panel) -> None:
    body = json.dumps(a_body(source="expect")).encode()
    sent = head("POST /api/v1/completions", bearer(panel), JSON, f"Content-Length: {len(body)}", "Expect: 100-continue")
    with connections(panel.port, 1, sent) as (client,):
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(body)
        assert client.recv(12) == b"HTTP/1.1 202"


def test_a_body_that_breaks_off_is_told_so(panel: Panel) -> None:
    with connections(
        panel.port, 1, head("POST /api/v1/completions", bearer(panel), JSON, "Content-Length: 9") + b"{"
    ) as (client,):
        client.shutdown(socket.SHUT_WR)
        response = answer(client)
        assert (response.status, json.loads(response.read())["error"]["code"]) == (400, "incomplete")


def test_requests_sent_together_are_answered_in_their_order(panel: Panel) -> None:
    sent = head("POST /sign-in/", "Content-Length: 3") + b"a=b" + head("GET /healthz") + b"GET /nowhere HTT"
    with connections(panel.port, 1, sent) as (client,):
        answered = read_answers(client, 2)
        client.sendall(b"P/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        answered += read_answers(client, 1)
    assert re.findall(rb"^HTTP/1.1 (\d+)", answered, re.M) == [b"403", b"200", b"404"]


def read_answers(client: socket.socket, number: int) -> bytes:
    answered = b""
    while answered.count(b"HTTP/1.1 ") < number:
        answered += client.recv(65536)
    return answered


def test_a_head_over_the_limit_is_refused(panel: Panel) -> None:
    with connections(panel.port, 1, head("GET /", *(f"X-{number}: {'x' * 4000}" for number in range(10)))) as (client,):
        assert answer(client).status == 431


def test_too_many_headers_are_refused(panel: Panel) -> None:
    with connections(panel.port, 1, head("GET /", *(f"X-{number}: x" for number in range(100)))) as (client,):
        assert answer(client).status == 431


@pytest.mark.parametrize("path", ["/sign-in/", "/setup/x/", "/theme/"])
def test_a_form_before_sign_in_has_to_be_short(panel: Panel, path: str) -> None:
    # Not over a kept connection, which the server may close at this very moment.
    with requests.Session() as browser:
        browser.trust_env = False
        answered = browser.post(f"{panel.url}{path}", data={"username": "x" * 70_000}, timeout=20)
    assert answered.status_code == 413
    assert "64 KiB" in answered.text


def test_a_client_cannot_choose_its_address(panel: Panel) -> None:
    """Without TRUST_PROXY_HEADERS: failed sign-ins from one address are counted together, whatever it claims to be."""
    with requests.Session() as browser:
        browser.trust_env = False
        page = browser.get(f"{panel.url}/sign-in/", timeout=20)
        (token,) = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)[:1]
        for number in range(6):
            forged = {
                "X-Forwarded-For": f"192.0.2.{number}",
                "X-Real-IP": f"192.0.2.{number}",
                "Forwarded": "for=192.0.2.9",
            }
            tried = {"username": "ada", "password": "wrong", "csrfmiddlewaretoken": token}
            answered = browser.post(f"{panel.url}/sign-in/", data=tried, headers=forged, timeout=20)
        assert answered.status_code == 429


def test_a_client_cannot_choose_the_panels_address(panel: Panel) -> None:
    forged = {"SCRIPT_NAME": "/sign-in", "X-Forwarded-Host": "evil.example", "X-Forwarded-Prefix": "/evil"}
    page = panel.http.get(f"{panel.url}/sign-in/", headers=forged, timeout=20)
    assert page.status_code == 200
    assert "evil" not in page.text
    assert "/sign-in/static/" not in page.text
