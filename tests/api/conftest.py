import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from notifications.models import ApiToken
from tests.api.served import served_by_gunicorn

Post = Callable[..., Any]


@pytest.fixture(scope="session")
def gunicorn(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of gunicorn with the API behind it."""
    with served_by_gunicorn(tmp_path_factory.mktemp("served")) as port:
        yield port


@pytest.fixture
def secret(db: None) -> str:
    return ApiToken.issue("pdq on PC-001", ["report", "read", "manage"])[1]


@pytest.fixture
def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


@pytest.fixture
def post(client: Client, bearer: dict[str, str]) -> Post:
    """Posts a body, as JSON unless it is bytes, with a good token unless told otherwise."""

    def send(body: Any, content_type: str = "application/json", **headers: str) -> HttpResponse:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return client.post("/api/v1/completions", data, content_type=content_type, headers=bearer | headers)

    return send
