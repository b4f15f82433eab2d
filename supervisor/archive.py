"""A backup: one compressed archive with the SQLite database, the keys, and a manifest that says what must be in it."""

import gzip
import hashlib
import json
import os
import re
import shutil
import sqlite3
import tarfile
import tempfile
import time
import zlib
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

FORMAT = 1
MANIFEST, DATABASE, KEYS, INBOX_PORT = "manifest.json", "mailadmin.sqlite3", "keys.env", "inbox-port"
CONTENTS = (DATABASE, KEYS, INBOX_PORT)
NAME = re.compile(r"mailadmin-\d{8}T\d{6}Z\.tar\.gz")
WORK_PREFIX = ".backup-"
LONGEST_MANIFEST = 1024 * 1024
CHUNK = 1024 * 1024
UNREADABLE = (
    tarfile.TarError,
    gzip.BadGzipFile,
    zlib.error,
    EOFError,
    ValueError,
    KeyError,
    TypeError,
    RecursionError,
)
DAY = 24 * 60 * 60


class BadArchive(Exception):
    """The message is a sentence that says why it cannot be used."""


@dataclass(frozen=True)
class Manifest:
    """`migrations` as `app.name`; `files`: size and SHA-256 of each, by name."""

    version: str
    made_at: str
    migrations: list[str]
    files: dict[str, tuple[int, str]]
    format: int = field(default=FORMAT)

    @classmethod
    def read(cls, text: bytes) -> "Manifest":
        """Raises ValueError, KeyError or TypeError for what `write` did not make; more than it knows is left out."""
        values = json.loads(text)
        files = {str(name): (int(size), str(digest)) for name, (size, digest) in dict(values["files"]).items()}
        migrations = [str(name) for name in values["migrations"]]
        return cls(str(values["version"]), str(values["made_at"]), migrations, files, int(values["format"]))


def create(folder: Path, database: Path, others: Iterable[Path], version: str) -> Path:
    """Write a checked archive into `folder`, for its owner alone. Raises BadArchive, OSError or sqlite3.Error."""
    made_at = datetime.now(UTC)
    target = folder / f"mailadmin-{made_at:%Y%m%dT%H%M%SZ}.tar.gz"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    forget_leftovers(folder)
    with tempfile.TemporaryDirectory(prefix=WORK_PREFIX, dir=folder) as name:
        work, whole = Path(name) / "files", Path(name) / target.name
        work.mkdir()
        copy_database(database, work / DATABASE)
        for other in others:
            shutil.copyfile(other, work / other.name)
        manifest = Manifest(
            version, made_at.isoformat(timespec="seconds"), migrations_in(work / DATABASE), listed(work)
        )
        pack(work, manifest, whole)
        extract(whole, Path(name) / "checked")
        if target.exists():
            raise BadArchive(f"{target} exists already.")
        whole.rename(target)
    return target


def copy_database(source: Path, target: Path) -> None:
    """As it is at one moment, while others write to it. Raises BadArchive when the copy is damaged."""
    if not source.is_file():
        raise BadArchive(f"There is no database {source}.")
    with closing(sqlite3.connect(source, timeout=60)) as ours, closing(sqlite3.connect(target)) as copy:
        # In one step: between two steps a writer would make it begin again.
        ours.backup(copy)
        # One file, without a journal beside it.
        copy.execute("PRAGMA journal_mode=DELETE")
    check_database(target)


def check_database(file: Path) -> None:
    try:
        with closing(sqlite3.connect(file)) as database:
            (found,) = database.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        found = str(error)
    if found != "ok":
        raise BadArchive(f"The database is damaged: {found}.")


def migrations_in(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as database:
        return [
            f"{app}.{name}" for app, name in database.execute("SELECT app, name FROM django_migrations ORDER BY id")
        ]


def listed(folder: Path) -> dict[str, tuple[int, str]]:
    return {path.name: (path.stat().st_size, digest_of(path)) for path in sorted(folder.iterdir())}


def digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def pack(work: Path, manifest: Manifest, target: Path) -> None:
    # First, so that it is read before what it describes.
    (work / MANIFEST).write_text(json.dumps(asdict(manifest), indent=1))
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        with tarfile.open(fileobj=file, mode="w:gz", compresslevel=6) as archive:
            for name in (MANIFEST, *manifest.files):
                archive.add(work / name, arcname=name, filter=anonymous)
        file.flush()
        os.fsync(file.fileno())


def anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member


def extract(archive: Path, folder: Path) -> Manifest:
    """Unpack into `folder`, which must not exist. Raises BadArchive unless all is as the manifest says."""
    folder.mkdir(mode=0o700)
    try:
        with gzip.open(archive) as plain:
            with tarfile.open(fileobj=plain, mode="r|") as packed:
                manifest = unpack(packed, folder)
            # Its checksum stands at the end.
            while plain.read(CHUNK):
                pass
    except UNREADABLE as error:
        raise BadArchive(f"{archive} is no whole backup of mailadmin ({error or type(error).__name__}).") from error
    if listed(folder) != manifest.files or DATABASE not in manifest.files:
        raise BadArchive(f"{archive} is damaged: its files are not what its manifest says.")
    check_database(folder / DATABASE)
    return manifest


def unpack(packed: tarfile.TarFile, folder: Path) -> Manifest:
    """Names and sizes are the manifest's; nothing else of the archive decides where and what is written."""
    first = packed.next()
    content = packed.extractfile(first) if first and first.isreg() else None
    if first is None or content is None or first.name != MANIFEST:
        raise ValueError("it has no manifest")
    manifest = Manifest.read(content.read(LONGEST_MANIFEST))
    # Iterating would begin with the first again.
    while member := packed.next():
        content = packed.extractfile(member) if member.isreg() else None
        if content is None or member.name not in manifest.files or member.name not in CONTENTS:
            raise ValueError("it contains something that no backup has")
        write(content, folder / member.name, manifest.files[member.name][0])
    return manifest


def write(content: IO[bytes], target: Path, size: int) -> None:
    """Raises ValueError for more than `size` bytes."""
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        while chunk := content.read(CHUNK):
            size -= len(chunk)
            if size < 0:
                raise ValueError("a file is larger than its manifest says")
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())


def rotate(folder: Path, newest: Path, keep: int) -> list[Path]:
    """Delete all but the `keep` newest archives, `newest` among those kept whatever the clock says."""
    others = sorted(path for path in folder.iterdir() if NAME.fullmatch(path.name) and path != newest)
    gone = others[: max(0, len(others) - (keep - 1))]
    for path in gone:
        path.unlink()
    return gone


def forget_leftovers(folder: Path) -> None:
    """Of a backup that was killed."""
    for path in folder.glob(f"{WORK_PREFIX}*"):
        if path.is_dir() and time.time() - path.stat().st_mtime > DAY:
            shutil.rmtree(path, ignore_errors=True)
