"""What was begun and what servers replied, written down the moment it is known, until the database has it.

Between a server's 250 and the commit of its record lie the rest of the batch and the wait for the database. A process
that is killed there would make its emails go out again. A line in a file survives the process and costs no fsync: only
a power cut loses it, and then emails are repeated, never lost.
"""

import fcntl
import json
import logging
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from notifications.delivery.result import SendResult

logger = logging.getLogger(__name__)

SUFFIX = ".jsonl"


class Journal:
    """One file for each process, which it keeps locked; a file without a lock is that of a process that died."""

    def __init__(self, folder: Path, worker: str) -> None:
        self._lock = threading.Lock()
        self._pending: set[int] = set()
        self._file = locked_file(folder, worker)

    def begin(self, attempt: int) -> None:
        """Note that the server may hear of this attempt from now on. Survives the process, as `write` does."""
        self._append(attempt, {"begun": attempt})

    def write(self, attempt: int, result: SendResult) -> None:
        """Survives the process from the moment this returns."""
        self._append(attempt, {"attempt": attempt, **result.as_json()})

    def done(self, attempts: Iterable[int]) -> None:
        """The database has them."""
        with self._lock:
            self._pending.difference_update(attempts)
            if self._file is not None and not self._pending:
                os.ftruncate(self._file, 0)

    def _append(self, attempt: int, values: dict[str, Any]) -> None:
        line = json.dumps(values) + "\n"
        with self._lock:
            self._pending.add(attempt)
            if self._file is not None:
                os.write(self._file, line.encode())

    def close(self) -> None:
        """Unlock the file, so that whatever it still holds is recorded by the next queue check."""
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None


@dataclass(frozen=True)
class JournalFile:
    """A journal as found on disk. `is_orphan`: its process is dead, and `worker` is what it was called."""

    path: Path
    is_orphan: bool

    @property
    def worker(self) -> str:
        return self.path.name.removesuffix(SUFFIX)

    def read(self) -> tuple[set[int], dict[int, SendResult]]:
        """The attempts that were begun, and the results that are known, by attempt."""
        begun: set[int] = set()
        results: dict[int, SendResult] = {}
        for line in self.path.read_bytes().splitlines():
            try:
                values = json.loads(line)
                if "begun" in values:
                    begun.add(int(values["begun"]))
                else:
                    results[int(values["attempt"])] = SendResult.from_json(values)
            except (ValueError, KeyError, TypeError):
                # A process may die in the middle of a line.
                logger.warning("journal %s: a line cannot be read and is left out", self.path.name)
        return begun, results


@contextmanager
def journal_files(folder: Path) -> Iterator[list[JournalFile]]:
    """All journals of this machine. Orphans are locked meanwhile, and deleted when the block ends without an error."""
    handles: list[int] = []
    files: list[JournalFile] = []
    try:
        for path in sorted(folder.glob(f"*{SUFFIX}")):
            handle = opened(path)
            if handle is not None:
                handles.append(handle)
                files.append(JournalFile(path, is_orphan=lock(handle)))
        yield files
        for file in files:
            if file.is_orphan:
                file.path.unlink(missing_ok=True)
    finally:
        for handle in handles:
            os.close(handle)


def living_workers(folder: Path) -> list[str]:
    """The workers of this machine that run now, by what they are called."""
    found = []
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        handle = opened(path)
        if handle is not None:
            if not lock(handle):
                found.append(path.name.removesuffix(SUFFIX))
            os.close(handle)
    return found


def locked_file(folder: Path, worker: str) -> int | None:
    """A new file; None where the disk allows none, which costs nothing but this safety net."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = folder / f"{worker}.new"
        handle = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC, 0o600)
        # Locked before it has its name: without a lock it would pass for a dead process's.
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fresh.rename(folder / f"{worker}{SUFFIX}")
    except OSError as error:
        logger.warning("no journal in %s (%s): an email whose process is killed may go out twice", folder, error)
        return None
    return handle


def opened(path: Path) -> int | None:
    try:
        return os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return None


def lock(handle: int) -> bool:
    """Whether nobody else has the lock, which is then ours."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
