"""Jobs that run at intervals in every worker process, without the broker: no queue of tasks can delay them.

Celery's beat put them into the line that they keep moving: while it was longer than their expiry none of them ran, and
a clock that was set back stopped beat altogether. Here intervals are counted by the monotonic clock, and the database
decides which process of which host runs a job.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from notifications.models import HousekeepingRun

logger = logging.getLogger(__name__)

TICK_SECONDS = 1.0
# Waited after a job that failed because the database was away.
RECOVERY_SECONDS = 2.0


@dataclass
class Job:
    """`run` is called every `every` by one process of all, or, with `by_each`, by every process."""

    name: str
    every: timedelta
    run: Callable[[], object]
    by_each: bool = False
    next_at: float = field(default_factory=time.monotonic)

    def run_if_due(self) -> None:
        now = time.monotonic()
        if now < self.next_at:
            return
        self.next_at = now + self.every.total_seconds()
        # A little early counts: the clocks of two processes never tick together.
        if self.by_each or HousekeepingRun.take(self.name, self.every * 0.9, timezone.now()):
            self.run()


class Housekeeper:
    """A thread that runs `jobs`, one after the other."""

    def __init__(self, name: str, jobs: list[Job]) -> None:
        self._jobs = jobs
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, seconds: float) -> None:
        self._stop.set()
        self._thread.join(seconds)

    def _run(self) -> None:
        while not self._stop.is_set():
            for job in self._jobs:
                run_guarded(job)
            connection.close_if_unusable_or_obsolete()
            self._stop.wait(TICK_SECONDS)
        connection.close()


def run_guarded(job: Job) -> None:
    try:
        job.run_if_due()
    except (DatabaseError, InterfaceError) as error:
        logger.warning("%s could not run: %s", job.name, error)
        connection.close()
        job.next_at = time.monotonic() + RECOVERY_SECONDS
    except Exception:  # one job must not end the others; it is tried again at its next time
        logger.exception("%s failed", job.name)
