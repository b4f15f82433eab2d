"""Puts a backup's files in the place of the present ones, which are kept aside."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from supervisor.archive import DATABASE, KEYS, Manifest

ASIDE = "before-restore-"
BACKUPS = "backups"
# What the worker looks for: notifications.delivery.restore_check.
RESTORED = "restored.json"
JOURNALS = ("-wal", "-shm", "-journal")


def replace(data: Path, database: Path, fresh: Path, manifest: Manifest) -> Path:
    """Move all of the data folder aside, and the files in `fresh` into place; the folder that has the old ones.

    `database` may be elsewhere. After an OSError everything is where it was.
    """
    aside = data / f"{ASIDE}{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    aside.mkdir(mode=0o700)
    kept = {aside.name, fresh.name, fresh.parent.name, "lock", BACKUPS}
    old = [path for path in data.iterdir() if path.name not in kept and not path.name.startswith(ASIDE)]
    old += [path for path in with_journals(database) if path.exists() and path not in old]
    with undone_if_it_fails() as moves:
        for path in old:
            move(path, aside / path.name, moves)
        for path in sorted(fresh.iterdir()):
            move(path, database if path.name == DATABASE else data / path.name, moves)
        if KEYS not in manifest.files and (aside / KEYS).exists():
            shutil.copy2(aside / KEYS, data / KEYS)
        (data / RESTORED).write_text(json.dumps({"made_at": manifest.made_at, "version": manifest.version}))
    for folder in {data, database.parent}:
        sync(folder)
    return aside


def with_journals(database: Path) -> list[Path]:
    """A journal of the old database would be read as one of the new."""
    return [database, *(database.with_name(database.name + ending) for ending in JOURNALS)]


def move(source: Path, target: Path, moves: list[tuple[Path, Path]]) -> None:
    shutil.move(source, target)
    moves.append((source, target))


@contextmanager
def undone_if_it_fails() -> Iterator[list[tuple[Path, Path]]]:
    moves: list[tuple[Path, Path]] = []
    try:
        yield moves
    except OSError:
        for source, target in reversed(moves):
            shutil.move(target, source)
        raise


def sync(folder: Path) -> None:
    """So that the new names survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
