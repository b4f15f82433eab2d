"""A backup's files take the place of the present ones, which are kept; or nothing changes."""

from pathlib import Path

import pytest

from supervisor import replace as replacing
from supervisor.archive import Manifest
from supervisor.replace import replace

OLD = {"mailadmin.sqlite3": "old", "mailadmin.sqlite3-wal": "journal", "keys.env": "old keys", "inbox-port": "1"}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    (folder / "journal").mkdir(parents=True)
    (folder / "journal" / "dead.jsonl").write_text("reply")
    (folder / "backups").mkdir()
    (folder / "before-restore-20260101T000000Z").mkdir()
    (folder / "lock").touch()
    for name, text in OLD.items():
        (folder / name).write_text(text)
    return folder


def fresh(data: Path, **files: str) -> tuple[Path, Manifest]:
    folder = data / ".restore-x" / "files"
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    return folder, Manifest("0.1.0", "yesterday", [], {path.name: (0, "") for path in folder.iterdir()})


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_old_data_are_kept_aside(data: Path) -> None:
    aside = replace(data, data / "mailadmin.sqlite3", *fresh(data, mailadmin_sqlite3="new", keys_env="new keys"))
    assert names(aside) == {*OLD, "journal"}
    assert (aside / "mailadmin.sqlite3").read_text() == "old"
    assert (data / "mailadmin.sqlite3").read_text() == "new"
    assert (data / "keys.env").read_text() == "new keys"
    expected = {"mailadmin.sqlite3", "keys.env", "restored.json", "lock", "backups", aside.name}
    assert names(data) == expected | {".restore-x", "before-restore-20260101T000000Z"}


def test_keys_that_the_backup_lacks_stay(data: Path) -> None:
    replace(data, data / "mailadmin.sqlite3", *fresh(data, mailadmin_sqlite3="new"))
    assert (data / "keys.env").read_text() == "old keys"


def test_a_database_elsewhere_goes_where_it_belongs(data: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "other" / "panel.db"
    elsewhere.parent.mkdir()
    elsewhere.write_text("old")
    elsewhere.with_name("panel.db-wal").write_text("journal")
    aside = replace(data, elsewhere, *fresh(data, mailadmin_sqlite3="new"))
    assert elsewhere.read_text() == "new"
    assert names(elsewhere.parent) == {"panel.db"}
    assert {"panel.db", "panel.db-wal"} <= names(aside)


def test_a_failure_in_the_middle_changes_nothing(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, manifest = fresh(data, mailadmin_sqlite3="new", keys_env="new keys")
    before = {path.name: path.read_text() for path in data.iterdir() if path.is_file()}
    move = replacing.move

    def fail(source: Path, target: Path, moves: list[tuple[Path, Path]]) -> None:
        if source.parent == folder and source.name == "mailadmin.sqlite3":
            raise OSError("no room")
        move(source, target, moves)

    monkeypatch.setattr(replacing, "move", fail)
    with pytest.raises(OSError, match="no room"):
        replace(data, data / "mailadmin.sqlite3", folder, manifest)
    assert {path.name: path.read_text() for path in data.iterdir() if path.is_file()} == before
    assert (data / "journal" / "dead.jsonl").exists()
