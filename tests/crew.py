"""Several Celery workers on the test's database, and a violent end for any of them at any moment."""

import os
import random
import signal
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

from celery import Celery
from django.utils import timezone

from notifications.models import Attempt
from tests import worker
from tests.peers.process import Process, Scratch
from tests.waiting import wait_until

# What a dead worker had on the wire has arrived, or never will.
LAST_WORDS_SECONDS = 1.0
# So many kills hit one process of a worker, and the next one the whole worker.
HANDS_A_WORKER = 3


class Crew:
    """Works while the `with` block runs; who is killed is replaced."""

    def __init__(self, broker_url: str, workers: int = 2, hands: int = 2) -> None:
        self._broker_url = broker_url
        self._hands = hands
        self._scratch = Scratch("crew")
        self._workers: list[Process] = []
        self._wanted = workers
        self._hired = 0
        # When they died, by the name that their attempts bear.
        self._dead: dict[str, float] = {}
        self._celery = Celery(broker=broker_url, set_as_current=False)
        self.kills = self._ended = 0

    def __enter__(self) -> Self:
        for _ in range(self._wanted):
            self._hire()
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._workers:
            process.stop()
        self._celery.close()
        self._scratch.remove()

    def hint(self) -> None:
        """Something may be due: one task for each hand."""
        for _ in range(self._wanted * self._hands):
            self._celery.send_task("notifications.tasks.drain", expires=2)

    def kill_one(self, chance: random.Random) -> None:
        """One hand, which its worker replaces, or now and then a worker with all its hands."""
        self.look_after()
        chosen = chance.choice(self._workers)
        hands = children_of(chosen.pid)
        self.kills += 1
        if hands and self.kills % (HANDS_A_WORKER + 1):
            hand = chance.choice(hands)
            os.kill(hand, signal.SIGKILL)
            self._mourn([hand])
            return
        os.killpg(chosen.pid, signal.SIGKILL)
        chosen.kill()
        self._mourn(hands)
        self._workers.remove(chosen)
        self._hire()

    def bury(self) -> None:
        """The leases of the dead run out now: waiting for each of them would take most of the time."""
        now = time.monotonic()
        names = [name for name, since in self._dead.items() if now - since > LAST_WORDS_SECONDS]
        for name in names:
            # Behind the process id stands what tells it from an earlier process of the same one.
            Attempt.objects.filter(finished_at=None, worker__startswith=f"{name}-").update(
                lease_expires_at=timezone.now()
            )
        for name in names:
            del self._dead[name]

    def look_after(self) -> None:
        """Celery gives up when a hand is killed as it begins; then the worker is replaced, as the panel does it."""
        for process in [process for process in self._workers if not process.is_running]:
            self._ended += 1
            assert self._ended <= self.kills, f"a worker ended by itself:\n{process.tail()}"
            self._workers.remove(process)
            self._hire()

    def _hire(self) -> None:
        self._hired += 1
        folder = self._scratch.path / str(self._hired)
        folder.mkdir()
        self._workers.append(worker.start(self._broker_url, folder, hands=self._hands))

    def _mourn(self, pids: list[int]) -> None:
        wait_until(lambda: all(map(is_dead, pids)), 10, "the end of the killed")
        self._dead |= {f"{socket.gethostname()}:{pid}": time.monotonic() for pid in pids}


def children_of(pid: int) -> list[int]:
    with suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def is_dead(pid: int) -> bool:
    """A zombie is: only its parent has not looked yet."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in ("Z", "X")
    return True
