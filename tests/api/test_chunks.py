"""Bodies in chunks, over real sockets and behind each kind of web server."""

import json
from collections.abc import Iterator
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler

import pytest
from django.conf import settings

from notifications.models import Completion
from tests.api.served import Runserver, Wsgiref, served_in_a_thread, talk
from tests.reports import PC1, a_body

pytestmark = pytest.mark.django_db(transaction=True)
CHUNKED = {"Transfer-Encoding": "chunked"}


@pytest.fixture(params=["gunicorn", "runserver", "wsgiref"])
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    if request.param == "gunicorn":
        yield request.getfixturevalue("gunicorn")
    else:
        with served_in_a_thread(Runserver if request.param == "runserver" else Wsgiref) as port:
            yield port


def in_chunks(body: bytes, size: int = 100, end: bytes = b"0\r\n\r\n") -> bytes:
    parts = (body[at : at + size] for at in range(0, len(body), size))
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + end


def report(**fields: Any) -> bytes:
    return json.dumps(a_body(**fields)).encode()


def test_a_report_in_chunks_is_taken(port: int, secret: str) -> None:
    status, answer = talk(port, secret, CHUNKED, in_chunks(report()))
    assert (status, answer["warnings"]) == (202, [])
    assert Completion.objects.get().external_id == "12345"


def test_a_large_report_in_small_chunks_is_taken(port: int, secret: str) -> None:
    body = report(targets=[PC1] * 2000)
    assert talk(port, secret, CHUNKED, in_chunks(body, 7))[0] == 202
    assert Completion.objects.get().targets.count() == 2000


def test_extensions_and_trailers_are_ignored(port: int, secret: str) -> None:
    body = report()
    chunks = b"%X;name=value\r\n%s\r\n0\r\nChecksum: 1\r\n\r\n" % (len(body), body)
    assert talk(port, secret, CHUNKED, chunks)[0] == 202


def test_more_than_the_limit_is_refused(gunicorn: int, secret: str) -> None:
    size = settings.API_BODY_LIMIT + 1
    status, answer = talk(gunicorn, secret, CHUNKED, b"%x\r\n" % size, b" " * size, b"\r\n0\r\n\r\n")
    assert (status, answer["error"]["code"]) == (413, "too_large")


@pytest.mark.parametrize("handler", [Runserver, Wsgiref])
def test_a_chunk_over_the_limit_is_refused_before_it_comes(handler: type[WSGIRequestHandler], secret: str) -> None:
    with served_in_a_thread(handler) as port:
        status, answer = talk(port, secret, CHUNKED, b"%x\r\n" % (settings.API_BODY_LIMIT + 1), close=True)
    assert (status, answer["error"]["code"]) == (413, "too_large")


@pytest.mark.parametrize("end", [b"", b"0\r\n", b"5\r\n{", b"x\r\n\r\n", b"-1\r\n\r\n", b"1\r\nab\r\n0\r\n\r\n"])
def test_chunks_that_break_off_or_are_malformed_store_nothing(port: int, secret: str, end: bytes) -> None:
    status, answer = talk(port, secret, CHUNKED, in_chunks(report(), end=end), close=True)
    assert (status, answer["error"]["code"]) == (400, "incomplete")
    assert not Completion.objects.exists()
