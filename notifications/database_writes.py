"""Whether the database takes writes now, found out without one; and writes that a reader can do without."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import Error, connection, transaction

from notifications.database_faults import READ_ONLY_FILE, STANDBY, DatabaseFault, fault_of, fault_of_disk

# What a large report and its journal need.
LEAST_ROOM = 1024 * 1024
# A bulk job keeps others waiting for a second or two; a report waits for 20 s before it is refused.
PATIENCE_SECONDS = 5


def write_fault(*, try_lock: bool) -> DatabaseFault | None:
    """Why a report would be refused now; None when it would be stored. Raises Error when even reading fails.

    With `try_lock` it may take PATIENCE_SECONDS, and finds a lock that somebody keeps, too.
    """
    if connection.vendor == "sqlite":
        file = Path(connection.settings_dict["NAME"])
        return file_fault(file) or disk_fault(file.parent) or (lock_fault() if try_lock else None)
    with connection.cursor() as cursor:
        # On as well while the server recovers or follows another one.
        cursor.execute("SHOW transaction_read_only")
        return STANDBY if cursor.fetchone()[0] == "on" else None


def file_fault(file: Path) -> DatabaseFault | None:
    # Not opened: closing it again would give up every lock that SQLite holds on it for this process.
    return None if os.access(file, os.W_OK, effective_ids=True) else READ_ONLY_FILE


def lock_fault() -> DatabaseFault | None:
    """Take SQLite's write lock and give it back, with nothing written in between."""
    if connection.in_atomic_block:
        return None
    try:
        with patience(PATIENCE_SECONDS), connection.cursor() as cursor:
            cursor.execute("BEGIN IMMEDIATE")
            cursor.execute("ROLLBACK")
    except Error as error:
        return fault_of(error)
    return None


def disk_fault(folder: Path) -> DatabaseFault | None:
    """Reserve room beside the database's file: a full disk, a quota or a read-only mount shows at once."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            os.posix_fallocate(file.fileno(), 0, LEAST_ROOM)
    except OSError as error:
        return fault_of_disk(error)
    return None


def best_effort(write: Callable[[], object]) -> None:
    """Do what a page can do without: not at all where the database takes no writes, and never by waiting for them."""
    try:
        with patience(0), transaction.atomic():
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("SET LOCAL lock_timeout = '200ms'")
            write()
    except Error as error:
        if fault_of(error) is None:
            raise


@contextmanager
def durable() -> Iterator[None]:
    """Let the transactions inside, and all before them, survive a power cut even where RELAXED_DURABILITY is on.

    Around a transaction, not inside one.
    """
    if connection.in_atomic_block or not settings.RELAXED_DURABILITY:
        yield
        return
    is_sqlite = connection.vendor == "sqlite"
    try:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous=FULL" if is_sqlite else "SET synchronous_commit TO on")
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous=NORMAL" if is_sqlite else "SET synchronous_commit TO off")


@contextmanager
def patience(seconds: int) -> Iterator[None]:
    """Wait that long for somebody else's lock."""
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {seconds * 1000}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA busy_timeout = {settings.DATABASES['default']['OPTIONS']['timeout'] * 1000}")
