"""Backups: one archive, whole and checked, and nothing else is accepted as one."""

import io
import json
import os
import sqlite3
import stat
import tarfile
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from supervisor import archive
from supervisor.archive import BadArchive, Manifest


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with a database and keys."""
    folder = tmp_path / "data"
    folder.mkdir()
    with closing(sqlite3.connect(folder / "mailadmin.sqlite3")) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE django_migrations (id INTEGER PRIMARY KEY, app TEXT, name TEXT)")
        database.execute("INSERT INTO django_migrations VALUES (1, 'notifications', '0001_first')")
        database.execute("CREATE TABLE pairs (a INTEGER, b INTEGER)")
        database.commit()
    (folder / "keys.env").write_text("FERNET_KEYS=secret7\n")
    return folder


def create(data: Path) -> Path:
    return archive.create(data / "backups", data / "mailadmin.sqlite3", [data / "keys.env"], "0.1.0")


def test_an_archive_gives_back_what_went_in(data: Path, tmp_path: Path) -> None:
    made = create(data)
    manifest = archive.extract(made, tmp_path / "out")
    assert archive.NAME.fullmatch(made.name)
    assert (manifest.version, manifest.migrations) == ("0.1.0", ["notifications.0001_first"])
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["keys.env", "mailadmin.sqlite3"]
    assert (tmp_path / "out" / "keys.env").read_text() == "FERNET_KEYS=secret7\n"


def test_an_archive_is_for_its_owner_alone(data: Path, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        made = create(data)
        archive.extract(made, tmp_path / "out")
    finally:
        os.umask(before)
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert stat.S_IMODE(made.parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "out").iterdir()} == {0o600}
    assert list(made.parent.iterdir()) == [made]


def test_a_copy_is_of_one_moment_while_others_write(data: Path, tmp_path: Path) -> None:
    """Each transaction writes two rows: a copy that has one of them is torn."""
    stop = threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(data / "mailadmin.sqlite3", timeout=30)) as database:
            number = 0
            while not stop.is_set():
                number += 1
                with database:
                    database.execute("INSERT INTO pairs VALUES (?, 1)", (number,))
                    database.execute("INSERT INTO pairs VALUES (?, 2)", (number,))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(5):
            archive.copy_database(data / "mailadmin.sqlite3", tmp_path / f"copy{number}")
            with closing(sqlite3.connect(tmp_path / f"copy{number}")) as copy:
                torn = copy.execute("SELECT count(*) FROM (SELECT a FROM pairs GROUP BY a HAVING count(*) = 1)")
                assert torn.fetchone() == (0,)
    finally:
        stop.set()
        writer.join()


def test_a_damaged_database_makes_no_archive(data: Path) -> None:
    with closing(sqlite3.connect(data / "mailadmin.sqlite3")) as database:
        database.executemany("INSERT INTO pairs VALUES (?, ?)", [(number, number) for number in range(5000)])
        database.commit()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with (data / "mailadmin.sqlite3").open("r+b") as file:
        file.seek(4 * 4096)
        file.write(b"\xff" * 4096)
    with pytest.raises(BadArchive, match="damaged"):
        create(data)
    assert list((data / "backups").iterdir()) == []


def test_what_is_missing_makes_no_archive(data: Path) -> None:
    (data / "mailadmin.sqlite3").unlink()
    with pytest.raises(BadArchive, match="There is no database"):
        create(data)


def forged(target: Path, *members: tuple[str, bytes], **changes: Any) -> Path:
    """An archive that lists `members` rightly, but for `changes` in its manifest."""
    digests = {name: [len(content), archive.hashlib.sha256(content).hexdigest()] for name, content in members}
    manifest = {"format": 1, "version": "0.1.0", "made_at": "now", "migrations": [], "files": digests} | changes
    with tarfile.open(target, "w:gz") as packed:
        for name, content in (("manifest.json", json.dumps(manifest).encode()), *members):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            packed.addfile(member, io.BytesIO(content))
    return target


@pytest.mark.parametrize("name", ["../keys.env", "/etc/passwd", "backups/x", "lock", "restored.json", "keys.env/x"])
def test_an_archive_writes_nowhere_else(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadArchive, match="contains something that no backup has"):
        archive.extract(forged(tmp_path / "bad.tar.gz", (name, b"x")), tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE])
def test_an_archive_has_plain_files_only(tmp_path: Path, kind: bytes) -> None:
    with tarfile.open(tmp_path / "bad.tar.gz", "w:gz") as packed:
        text = json.dumps(
            {"format": 1, "version": "1", "made_at": "", "migrations": [], "files": {"keys.env": [1, ""]}}
        )
        first, second = tarfile.TarInfo("manifest.json"), tarfile.TarInfo("keys.env")
        first.size, second.type, second.linkname = len(text), kind, "/etc/passwd"
        packed.addfile(first, io.BytesIO(text.encode()))
        packed.addfile(second)
    with pytest.raises(BadArchive):
        archive.extract(tmp_path / "bad.tar.gz", tmp_path / "out")


@pytest.mark.parametrize(
    "changes",
    [
        {"files": {"mailadmin.sqlite3": [4, "0" * 64]}},
        {"files": {"mailadmin.sqlite3": [3, "0" * 64]}},
        {"files": {}},
        {"files": []},
        {"files": {"mailadmin.sqlite3": 4}},
        {"format": "x"},
        {"migrations": 3},
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(BadArchive):
        archive.extract(forged(tmp_path / "bad.tar.gz", ("mailadmin.sqlite3", b"data"), **changes), tmp_path / "out")


def test_a_database_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadArchive, match="damaged"):
        archive.extract(forged(tmp_path / "bad.tar.gz", ("mailadmin.sqlite3", b"data" * 300)), tmp_path / "out")


@pytest.mark.parametrize("content", [b"", b"no archive at all" * 100, b"\x1f\x8b" + b"\0" * 50])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.tar.gz").write_bytes(content)
    with pytest.raises(BadArchive, match="no whole backup"):
        archive.extract(tmp_path / "bad.tar.gz", tmp_path / "out")


def test_an_archive_that_lost_its_end_or_a_bit_is_refused(data: Path, tmp_path: Path) -> None:
    whole = create(data).read_bytes()
    for number, place in enumerate(range(20, len(whole) - 8, len(whole) // 25)):
        flipped = bytearray(whole)
        flipped[place] ^= 0x10
        for kind, content in (("cut", whole[:place]), ("flipped", bytes(flipped))):
            (tmp_path / "bad.tar.gz").write_bytes(content)
            out = tmp_path / f"{kind}{number}"
            with pytest.raises(BadArchive):
                archive.extract(tmp_path / "bad.tar.gz", out)


def test_a_manifest_nested_too_deep_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "bad.tar.gz", "w:gz") as packed:
        member = tarfile.TarInfo("manifest.json")
        member.size = 500_000
        packed.addfile(member, io.BytesIO(b"[" * member.size))
    with pytest.raises(BadArchive):
        archive.extract(tmp_path / "bad.tar.gz", tmp_path / "out")


class TestRotation:
    def made(self, folder: Path, *days: int) -> list[Path]:
        paths = [folder / f"mailadmin-202612{day:02}T020000Z.tar.gz" for day in days]
        for path in paths:
            path.touch()
        return paths

    def test_keeps_the_newest(self, tmp_path: Path) -> None:
        paths = self.made(tmp_path, 1, 2, 3, 4)
        assert archive.rotate(tmp_path, paths[3], 2) == paths[:2]
        assert sorted(tmp_path.iterdir()) == paths[2:]

    def test_keeps_the_new_one_after_the_clock_was_set_back(self, tmp_path: Path) -> None:
        paths = self.made(tmp_path, 1, 2, 3)
        archive.rotate(tmp_path, paths[0], 1)
        assert list(tmp_path.iterdir()) == [paths[0]]

    def test_leaves_other_files_alone(self, tmp_path: Path) -> None:
        new, old = self.made(tmp_path, 2, 1)
        for name in ("mailadmin.sqlite3", "mailadmin-before-upgrade.tar.gz", "mailadmin-20261130T020000Z.tar.gz.gpg"):
            (tmp_path / name).touch()
        archive.rotate(tmp_path, new, 1)
        assert len(list(tmp_path.iterdir())) == 4
        assert not old.exists()

    def test_keeps_all_while_there_are_few(self, tmp_path: Path) -> None:
        paths = self.made(tmp_path, 1, 2)
        assert archive.rotate(tmp_path, paths[1], 7) == []


def test_a_manifest_survives_its_form() -> None:
    manifest = Manifest("0.1.0", "now", ["a.b"], {"keys.env": (3, "abc")})
    assert Manifest.read(json.dumps(archive.asdict(manifest)).encode()) == manifest
