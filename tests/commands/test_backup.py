"""`manage.py backup` and `manage.py restore` of an installation on SQLite, each in a process of its own."""

import gzip
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from supervisor import archive
from tests.installation import Installation
from tests.keys import new_key
from tests.panel import PROJECT, Panel
from tests.smtp_sink import SmtpSink
from tests.waiting import wait_until

KEY = new_key()
QUEUED = "from tests.base import a_message; m = a_message(); print(m.uuid)"
STATES = (
    "from notifications.models import Message; print(*Message.objects.order_by('id').values_list('state', flat=True))"
)


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    installation = Installation(tmp_path / "data")
    installation.manage(KEY, "migrate", "--verbosity", "0")
    return installation


def fails(here: Installation, *arguments: str) -> str:
    """One sentence, and the exit code of a failure."""
    process = here.start(KEY, *arguments)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 1, errors
    lines = errors.strip().splitlines()
    assert len(lines) == 1, errors
    return str(lines[0])


def made(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.tar.gz"))


def test_the_whole_story(tmp_path: Path) -> None:
    """Mail goes on while the backup is made; the restored panel sends nothing before an administrator decides."""
    with SmtpSink() as sink, Panel(CAPTURE_INBOX="off") as panel:
        panel.use(sink)
        panel.sign_in_tool()
        panel.shell("from notifications.models import Safety; Safety.load().change({'paused': True})")
        panel.report(1)
        assert "checked" in panel.manage("backup", "--to", str(tmp_path / "kept"))
        (backup,) = made(tmp_path / "kept")
        assert stat.S_IMODE(backup.stat().st_mode) == 0o600
        refused = panel.command("restore", str(backup))
        assert refused.returncode == 1
        assert f"Nothing was restored: the panel runs ({panel.url}). Stop it first." in refused.stderr
        panel.shell("from notifications.models import Safety; Safety.load().change({'paused': False})")
        wait_until(lambda: len(sink.mails) == 1, 60, "the email")
        panel.report(2)
        wait_until(lambda: len(sink.mails) == 2, 60, "the email")
        panel.stop()

        told = panel.manage("restore", str(backup))
        (aside,) = panel.data.glob("before-restore-*")
        assert f"kept in {aside}" in told
        assert (aside / "mailadmin.sqlite3").exists()
        panel.start()
        assert held(panel) == {"ok": False, "restored": True}
        # Known by its source and id: no second email.
        again = panel.report(1)
        panel.report(2, finished_at="2026-01-01T00:00:00Z")
        panel.shell("from notifications.models import Safety; Safety.load().change({'paused': False})")
        assert panel.shell("from notifications.delivery.sender import send_due; print(send_due())") == "0"
        assert len(sink.mails) == 2
        assert panel.shell(STATES) == "queued queued"
        assert len(again["messages"]) == 1
        decide = (
            "from notifications.delivery.restore_decision import *; print(decide(Decision(Choice.DISCARD), by=None))"
        )
        assert panel.shell(decide) == "(0, 2)"
        panel.report(3)
        wait_until(lambda: len(sink.mails) == 3, 60, "the email about a new job")
        assert "restore_noticed" in panel.shell(
            "from notifications.models import AuditEvent; print(*AuditEvent.objects.values_list('action', flat=True))"
        )


def held(panel: Panel) -> dict[str, Any]:
    response = requests.get(f"{panel.url}/readyz", timeout=30)
    assert response.status_code == 503
    queue = response.json()["queue"]
    return {"ok": queue["ok"], "restored": queue.get("restored")}


def test_a_backup_goes_into_the_data_folder_and_old_ones_go(here: Installation, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "backups"
    folder.mkdir()
    for day in (1, 2, 3):
        (folder / f"mailadmin-202601{day:02}T020000Z.tar.gz").touch()
    assert "2 older deleted" in here.manage(KEY, "backup", "--keep", "2")
    assert len(made(folder)) == 2
    assert made(folder)[0].name == "mailadmin-20260103T020000Z.tar.gz"
    actions = "from notifications.models import AuditEvent; print(AuditEvent.objects.latest('id').subject)"
    assert here.manage(KEY, "shell", "--verbosity", "0", "--command", actions).strip() == made(folder)[1].name


def test_keys_that_are_elsewhere_are_named(here: Installation, tmp_path: Path) -> None:
    assert "back up the place that sets FERNET_KEYS" in here.manage(KEY, "backup")
    assert archive.extract(made(tmp_path / "data" / "backups")[0], tmp_path / "out").files.keys() == {
        "mailadmin.sqlite3"
    }


def test_keys_are_left_out_on_request(here: Installation, tmp_path: Path) -> None:
    (tmp_path / "data" / "keys.env").write_text("SECRET_KEY=x\nFERNET_KEYS=y\n")
    here.manage(KEY, "backup", "--without-keys")
    assert "keys.env" not in archive.extract(made(tmp_path / "data" / "backups")[0], tmp_path / "out").files


@pytest.mark.parametrize("keep", ["0", "-3"])
def test_no_backup_at_all_is_no_number_to_keep(here: Installation, keep: str) -> None:
    assert "--keep must be 1 or more" in fails(here, "backup", f"--keep={keep}")


def test_a_folder_that_cannot_be_used_is_told_in_a_sentence(here: Installation, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "No backup was made." in fails(here, "backup", "--to", str(tmp_path / "file"))


def test_postgres_is_told_its_own_way(here: Installation) -> None:
    here.env["DATABASE_URL"] = "postgres://nobody@127.0.0.1:1/none"
    assert "use pg_dump" in fails(here, "backup")
    assert "use pg_restore and manage.py restored" in fails(here, "restore", "x.tar.gz")


def changed(source: Path, target: Path, **changes: Any) -> Path:
    """The same archive with another manifest."""
    folder = target.with_suffix(".files")
    manifest = archive.extract(source, folder)
    archive.pack(folder, archive.Manifest(**{**archive.asdict(manifest), **changes}), target)
    return target


def test_a_newer_backup_is_refused(here: Installation, tmp_path: Path) -> None:
    here.manage(KEY, "backup")
    (backup,) = made(tmp_path / "data" / "backups")
    newer = [{"version": "9.0.0"}, {"format": 2}, {"migrations": ["notifications.9999_later"]}]
    for number, changes in enumerate(newer):
        file = changed(backup, tmp_path / f"newer{number}.tar.gz", **changes)
        assert "newer than this" in fails(here, "restore", str(file))
    assert not list((tmp_path / "data").glob("before-restore-*"))
    assert not list((tmp_path / "data").glob(".restore-*"))


@pytest.mark.parametrize("content", [b"", b"text", gzip.compress(b"no tar")])
def test_what_is_no_backup_is_refused(here: Installation, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.tar.gz").write_bytes(content)
    assert "is no whole backup" in fails(here, "restore", str(tmp_path / "bad.tar.gz"))
    assert "there is no such file" in fails(here, "restore", str(tmp_path / "absent.tar.gz"))


def test_a_worker_without_a_supervisor_is_noticed(here: Installation, tmp_path: Path) -> None:
    here.manage(KEY, "backup")
    (backup,) = made(tmp_path / "data" / "backups")
    code = (
        "import sys; from notifications.delivery.process import this_process; this_process().journal; "
        "print('ready', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "manage.py", "shell", "--verbosity", "0", "--command", code],
        env={**here.env, "FERNET_KEYS": KEY},
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as worker:
        assert worker.stdout
        assert worker.stdout.readline() == "ready\n"
        assert "a worker runs" in fails(here, "restore", str(backup))
        worker.communicate("")
