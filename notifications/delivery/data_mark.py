"""A file in the data folder that remembers which database this machine works with, and how far it has come.

A database that has fewer marks than the file is an older copy of it. The file keeps its own inode too: one that does
not match was copied, with the folder around it.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

FILE = "database-mark.json"


@dataclass(frozen=True)
class DataMark:
    """What the file says. `written_at`: in seconds since 1970, by the clock as it was then."""

    identity: str
    marks: int
    is_original: bool
    written_at: float


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One process of this machine at a time. Raises OSError where the folder cannot be opened."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def read(folder: Path) -> DataMark | None:
    """None where there is no file, or one that this program did not write."""
    try:
        with (folder / FILE).open() as file:
            status, values = os.fstat(file.fileno()), json.load(file)
        return DataMark(
            str(values["identity"]), int(values["marks"]), values["inode"] == status.st_ino, status.st_mtime
        )
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def write(folder: Path, identity: str, marks: int) -> None:
    """Whole or not at all, also when the power fails."""
    fresh = folder / f"{FILE}.new"
    # A new file, so that its inode is one that no copy has.
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump({"identity": identity, "marks": marks, "inode": os.fstat(file.fileno()).st_ino}, file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(folder / FILE)
