"""The sending threads of one worker process.

Celery only wakes them. They also look by themselves every few seconds, so that email flows on while the broker is away.
"""

import logging
import os
import threading
import time

from django.db import DatabaseError, InterfaceError, connection

from notifications.delivery.process import this_process
from notifications.delivery.sender import send_due

logger = logging.getLogger(__name__)

LOOK_SECONDS = 5.0
# Hints are published at most so often: after the queue was empty, the sender looks again for what came meanwhile.
LINGER_SECONDS = 0.3
LINGER_STEP = 0.05
# A sender that waits longer for one server reply gets help: slow recipients must not occupy every sender.
SLOW_SECONDS = 10.0
MOST_SENDERS = 8


class Engine:
    """`senders` threads that send what is due, and up to MOST_SENDERS while those wait for a slow server."""

    def __init__(self, senders: int = 1) -> None:
        self._wanted = senders
        self._threads: list[SenderThread] = []
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="senders", daemon=True)

    def start(self) -> None:
        # Created now: its lock shows that the process lives.
        _ = this_process().journal
        for _ in range(self._wanted):
            self._add(helps=False)
        self._watcher.start()

    def wake(self) -> None:
        """Something may be due."""
        for thread in list(self._threads):
            if not thread.is_busy:
                thread.wake()
                return
        for thread in list(self._threads):
            thread.wake()

    def stop(self, seconds: float) -> None:
        """Finish the emails that are being sent, within `seconds`, and begin none."""
        self._stopping.set()
        end = time.monotonic() + seconds
        for thread in list(self._threads):
            thread.stop()
        for thread in list(self._threads):
            thread.join(max(0.0, end - time.monotonic()))

    def _add(self, *, helps: bool) -> None:
        thread = SenderThread(f"sender-{len(self._threads) + 1}", helps=helps)
        self._threads.append(thread)
        thread.start()

    def _watch(self) -> None:
        while not self._stopping.wait(SLOW_SECONDS / 4):
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            if all(thread.is_slow for thread in self._threads) and len(self._threads) < MOST_SENDERS:
                self._add(helps=True)


class SenderThread(threading.Thread):
    """Sends what is due whenever it is woken. One that `helps` ends when nothing is."""

    def __init__(self, name: str, *, helps: bool) -> None:
        super().__init__(name=name, daemon=True)
        self._helps = helps
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._busy_since: float | None = None

    @property
    def is_busy(self) -> bool:
        return self._busy_since is not None

    @property
    def is_slow(self) -> bool:
        since = self._busy_since
        return since is not None and time.monotonic() - since > SLOW_SECONDS

    def wake(self) -> None:
        self._woken.set()

    def stop(self) -> None:
        self._stopping.set()
        self._woken.set()

    def run(self) -> None:
        while not self._stopping.is_set():
            sent = self._send()
            if self._helps and not sent:
                break
            self._woken.wait(LOOK_SECONDS)
            self._woken.clear()
        connection.close()

    def _send(self) -> int:
        """Send until nothing was due for LINGER_SECONDS; how many attempts were made."""
        attempts, quiet_until = 0, 0.0
        try:
            while not self._stopping.is_set():
                made = send_due(stop=self._stopping.is_set, progress=self._note)
                attempts += made
                if made:
                    quiet_until = time.monotonic() + LINGER_SECONDS
                if time.monotonic() >= quiet_until:
                    break
                time.sleep(LINGER_STEP)
            connection.close_if_unusable_or_obsolete()
        except (DatabaseError, InterfaceError) as error:
            logger.warning("no email was taken from the queue: %s", error)
            connection.close()
        except Exception:  # the thread must outlive a fault of ours; the email's attempt ends with its lease
            logger.exception("a sender failed")
        finally:
            self._busy_since = None
        return attempts

    def _note(self) -> None:
        """Another email begins."""
        self._busy_since = time.monotonic()


_running: dict[int, Engine] = {}


def run_engine(engine: Engine | None, stop_seconds: float = 50.0) -> None:
    """Make `engine` this process's, or stop the one that it has."""
    if engine is None:
        running = _running.pop(os.getpid(), None)
        if running is not None:
            running.stop(stop_seconds)
    else:
        _running[os.getpid()] = engine
        engine.start()


def wake_or_send() -> None:
    """Wake this process's senders; in a process without an engine, send here and now."""
    engine = _running.get(os.getpid())
    if engine is not None:
        engine.wake()
    else:
        send_due()
