"""Reads that belong together."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction


@contextmanager
def snapshot() -> Iterator[None]:
    """Let all reads inside see the database as it was at one moment; also a decorator, `@snapshot()`.

    A worker commits at any time. A page that read an email before and its attempt after that showed an accepted email
    as failed, for good, because it had no reason left to ask again. For reads alone: on SQLite a write inside fails
    where another process wrote since. Inside a transaction it is that transaction that decides.
    """
    if connection.in_atomic_block:
        yield
        return
    # Connecting sets the transaction mode.
    connection.ensure_connection()
    with readers_begin(), transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield


@contextmanager
def readers_begin() -> Iterator[None]:
    """On SQLite our transactions begin as writers, one at a time; a reader need not wait."""
    if connection.vendor != "sqlite":
        yield
        return
    sqlite: Any = connection  # the stubs lack its transaction_mode
    before, sqlite.transaction_mode = sqlite.transaction_mode, "DEFERRED"
    try:
        yield
    finally:
        sqlite.transaction_mode = before
