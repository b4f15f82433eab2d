"""What servers replied, written down the moment it is known, until the database has it.

Between a server's 250 and the commit of its record lies the wait for the database: on SQLite nearly all the time that
an email takes. A process that is killed there would make its email go out again. A line in a file survives the process
and costs no fsync: only a power cut loses it, and then an email is repeated, never lost.
"""

import fcntl
import json
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from notifications.delivery.result import SendResult

logger = logging.getLogger(__name__)

SUFFIX = ".jsonl"


@dataclass(frozen=True)
class Entry:
    """One reply: `attempt` is the Attempt's primary key."""

    attempt: int
    result: SendResult


class Journal:
    """One file for each process, which it keeps locked; a file without a lock is that of a process that died."""

    def __init__(self, folder: Path, worker: str) -> None:
        self._lock = threading.Lock()
        self._pending: set[int] = set()
        self._file = locked_file(folder, worker)

    def write(self, attempt: int, result: SendResult) -> None:
        """Survives the process from the moment this returns."""
        line = json.dumps({"attempt": attempt, **result.as_json()}) + "\n"
        with self._lock:
            self._pending.add(attempt)
            if self._file is not None:
                os.write(self._file, line.encode())

    def done(self, attempt: int) -> None:
        """The database has it."""
        with self._lock:
            self._pending.discard(attempt)
            if self._file is not None and not self._pending:
                os.ftruncate(self._file, 0)

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

    def entries(self) -> Iterator[Entry]:
        """Whatever was written whole; a process may die in the middle of a line."""
        for line in self.path.read_bytes().splitlines():
            try:
                values = json.loads(line)
                yield Entry(values["attempt"], SendResult.from_json(values))
            except (ValueError, KeyError, TypeError):
                logger.warning("journal %s: a line cannot be read and is left out", self.path.name)


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
