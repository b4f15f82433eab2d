"""A browser that is signed in, and what the tests of pages look at."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.base import operator

CountQueries = Callable[[str], int]


@pytest.fixture
def browser(db: None) -> Client:
    """Olga's."""
    client = Client()
    client.force_login(operator())
    return client


@pytest.fixture
def count_queries(browser: Client) -> CountQueries:
    """How many queries a page takes; it has to be there."""

    browser.get("/notifications/")  # makes the rows that exist once, of the mail server

    def count(url: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert browser.get(url).status_code == 200
        return len(queries)

    return count
