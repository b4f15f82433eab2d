"""Keeps the leases of a process's attempts alive, however long a server takes to reply (RFC 5321: up to ten minutes).

A lease that outlived the longest send would leave the emails of a crashed process alone for as long. So it is short,
and a thread renews it: a process that is killed, or stopped by a debugger or a suspended machine, stops renewing.
"""

import logging
import os
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from django.db import DatabaseError, connection

from notifications.backends.base import BackendError, Fault, Reply
from notifications.models import Attempt, OpenConnection
from notifications.models.attempt import LEASE

logger = logging.getLogger(__name__)

RENEW_SECONDS = LEASE.total_seconds() / 4
# Nobody else can have taken the email this soon after a renewal.
SAFE_SECONDS = LEASE.total_seconds() / 2


class AttemptLease:
    """An attempt's right to its email, as transports see it: notifications.backends.base.Lease."""

    def __init__(self, attempt: Attempt) -> None:
        self.attempt = attempt
        self.renewed_at = time.monotonic()
        self.is_lost = False

    @property
    def is_first(self) -> bool:
        return self.attempt.number == 1

    def recall(self) -> str:
        return self.attempt.message.transport_note

    def keep(self, note: str) -> None:
        if not self.attempt.keep_note(note):
            raise lost()

    def check(self) -> None:
        """Raise BackendError unless the email is still this attempt's."""
        if not self.is_lost and time.monotonic() - self.renewed_at < SAFE_SECONDS:
            return
        self.renew(Attempt.renew([self.attempt.pk]))
        if self.is_lost:
            raise lost()

    def renew(self, ours: set[int]) -> None:
        if self.attempt.pk in ours:
            self.renewed_at = time.monotonic()
        else:
            self.is_lost = True

    @property
    def ends_in(self) -> float:
        """Seconds for which the email is surely ours, even if the database is away."""
        return self.renewed_at + LEASE.total_seconds() - time.monotonic()


def lost() -> BackendError:
    text = "This process stopped for too long: another one has taken over the email, and nothing was sent"
    return BackendError(Fault.TRANSIENT, Reply(text=text))


class LeaseKeeper:
    """The renewing thread of one process; it starts with the first lease."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._leases: dict[int, AttemptLease] = {}
        self._connections: set[int] = set()
        self._thread: threading.Thread | None = None

    @contextmanager
    def held(self, attempts: Iterable[Attempt]) -> Iterator[list[AttemptLease]]:
        """The leases of `attempts`, renewed until the block ends or they are dropped."""
        leases = [AttemptLease(attempt) for attempt in attempts]
        with self._lock:
            self._leases.update((lease.attempt.pk, lease) for lease in leases)
            self._start()
        try:
            yield leases
        finally:
            self.drop(lease.attempt.pk for lease in leases)

    def drop(self, attempts: Iterable[int]) -> None:
        with self._lock:
            for attempt in attempts:
                self._leases.pop(attempt, None)

    def keep_connection(self, key: int) -> None:
        with self._lock:
            self._connections.add(key)
            self._start()

    def drop_connection(self, key: int) -> None:
        with self._lock:
            self._connections.discard(key)

    def _start(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="leases", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            time.sleep(RENEW_SECONDS)
            with self._lock:
                leases, connections = dict(self._leases), set(self._connections)
                if not leases and not connections:
                    # The next lease starts another thread: an idle process keeps none, and no database connection.
                    self._thread = None
                    break
            renew(leases, connections)
        connection.close()


def renew(leases: dict[int, AttemptLease], connections: set[int]) -> None:
    try:
        if leases:
            ours = Attempt.renew(leases)
            for lease in leases.values():
                lease.renew(ours)
        if connections:
            OpenConnection.renew(connections)
    except DatabaseError as error:
        # The leases go on to their end; who wants to finish an email then asks the database itself.
        logger.warning("leases could not be renewed: %s", error)
        with suppress(DatabaseError):
            connection.close()


_keepers: dict[int, LeaseKeeper] = {}


def lease_keeper() -> LeaseKeeper:
    """This process's own: a thread does not survive a fork."""
    return _keepers.setdefault(os.getpid(), LeaseKeeper())
