"""The queue check as a job: whether leases can be trusted depends on what happened since the last one."""

import time

from django.db import DatabaseError, InterfaceError

from notifications.delivery.clock import note_jump
from notifications.delivery.sweep import sweep
from notifications.models.attempt import LEASE
from supervisor.clock_watch import ClockWatch


class QueueCheck:
    """After the database was away or the clock jumped, living processes get time to renew their leases."""

    def __init__(self) -> None:
        self._clock = ClockWatch()
        self._trusted_from = 0.0

    def __call__(self) -> None:
        try:
            if note_jump(self._clock):
                self._wait_for_renewals()
            sweep(trust_leases=time.monotonic() >= self._trusted_from)
        except (DatabaseError, InterfaceError):
            self._wait_for_renewals()
            raise

    def _wait_for_renewals(self) -> None:
        self._trusted_from = time.monotonic() + LEASE.total_seconds() / 2
