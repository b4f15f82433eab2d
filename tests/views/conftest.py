"""Browsers without a browser: Django's client, signed in."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.base import administrator, operator

CountQueries = Callable[[str], int]


@pytest.fixture
def ada(db: None) -> User:
    return administrator()


@pytest.fixture
def page(ada: User) -> Client:
    """Ada's browser."""
    client = Client()
    client.force_login(ada)
    return client


@pytest.fixture
def browser(db: None) -> Client:
    """Olga's."""
    client = Client()
    client.force_login(operator())
    return client


@pytest.fixture
def count_queries(page: Client) -> CountQueries:
    """How many queries a page takes; it has to be there."""
    page.get("/notifications/")  # makes the rows that exist once, of the mail server

    def count(url: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert page.get(url).status_code == 200
        return len(queries)

    return count
