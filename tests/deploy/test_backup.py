"""What docs/running.md says of backup and restore, done."""

import os
import stat
import subprocess
from pathlib import Path

from tests.installation import Installation
from tests.keys import new_key
from tests.panel import PROJECT, Panel
from tests.peers.need import need
from tests.peers.postgres import Postgres
from tests.waiting import wait_until

KEY = new_key()
SAVE = (
    "from tests.base import use_smtp, a_completion;"
    "use_smtp(host='mail.contoso.test', port=25, user='ops', password='secret7'); a_completion()"
)
READ = (
    "from notifications.models import Completion, MailServerSettings;"
    "print(Completion.objects.count(), MailServerSettings.load().basic_password)"
)
BACKUP = PROJECT / "deploy" / "backup-sqlite.py"


def python(here: Installation, code: str) -> str:
    return here.manage(KEY, "shell", "--verbosity", "0", "--command", code).strip()


def copy(source: Path, target: Path, code: int = 0) -> str:
    done = subprocess.run([BACKUP, source, target], capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return done.stderr


def test_a_copy_made_while_the_panel_runs_is_whole(tmp_path: Path) -> None:
    restored = tmp_path / "restored"
    restored.mkdir(mode=0o700)
    with Panel() as panel:
        panel.shell(SAVE)
        wait_until(lambda: (panel.data / "database-mark.json").exists(), 30, "a worker's mark")
        copy(panel.data / "mailadmin.sqlite3", restored / "mailadmin.sqlite3")
        (restored / "keys.env").write_text((panel.data / "keys.env").read_text())
    assert stat.S_IMODE((restored / "mailadmin.sqlite3").stat().st_mode) == 0o600
    with Panel(restored) as again:
        assert again.shell(READ) == "1 secret7"
        told = again.manage("doctor", check=False)
        assert "the newest key opens all 1" in told
        assert "WRONG  queue:         on hold: this database was restored from a backup" in told


def test_an_older_copy_is_not_written_over(tmp_path: Path) -> None:
    here = Installation(tmp_path / "data")
    here.manage(KEY, "migrate", "--verbosity", "0")
    copy(tmp_path / "data" / "mailadmin.sqlite3", tmp_path / "copy")
    before = (tmp_path / "copy").read_bytes()
    said = copy(tmp_path / "data" / "mailadmin.sqlite3", tmp_path / "copy", code=1)
    assert said.startswith(f"Nothing was copied: {tmp_path / 'copy'} exists already")
    assert (tmp_path / "copy").read_bytes() == before


def test_what_cannot_be_copied_is_told_in_a_sentence(tmp_path: Path) -> None:
    there = tmp_path / "there.sqlite3"
    there.write_bytes(b"no database at all" * 100)
    for source, target in ((tmp_path / "absent", tmp_path / "copy"), (there, tmp_path / "copy")):
        assert len(copy(source, target, code=1).splitlines()) == 1
    assert "no good copy" in copy(there, tmp_path / "absent" / "copy", code=1)


def test_postgres_comes_back_from_its_dump(_postgres: Postgres, tmp_path: Path) -> None:  # noqa: PT019  # gives two
    need("postgres")
    old, new = _postgres.url(), _postgres.url()
    before = Installation(tmp_path / "here", old)
    before.manage(KEY, "migrate", "--verbosity", "0")
    python(before, SAVE)
    dump = tmp_path / "mailadmin.dump"
    run("pg_dump", "--format=custom", f"--file={dump}", old)
    run("pg_restore", "--clean", "--if-exists", "--no-owner", f"--dbname={new}", str(dump))
    assert python(Installation(tmp_path / "there", new), READ) == "1 secret7"


def test_an_older_dump_in_postgres_is_noticed(_postgres: Postgres, tmp_path: Path) -> None:  # noqa: PT019
    need("postgres")
    url, dump = _postgres.url(), tmp_path / "mailadmin.dump"
    here = Installation(tmp_path / "here", url)
    here.manage(KEY, "migrate", "--verbosity", "0")
    work = "from notifications.delivery.restore_check import keep_mark; keep_mark()"
    held = "from notifications.models import Restoration; print(Restoration.load().sign)"
    python(here, work)
    run("pg_dump", "--format=custom", f"--file={dump}", url)
    assert python(here, f"{work}; {held}") == ""
    for _ in range(2):
        # An hour later.
        mark = tmp_path / "here" / "database-mark.json"
        os.utime(mark, (0, 0))
        python(here, work)
        run("pg_restore", "--clean", "--if-exists", "--no-owner", f"--dbname={url}", str(dump))
        assert python(here, f"{work}; {held}") == "older"


def test_a_command_says_that_the_database_was_restored(tmp_path: Path) -> None:
    here = Installation(tmp_path / "data")
    # The backup may be of a version that had other tables.
    here.manage(KEY, "migrate", "notifications", "0010", "--verbosity", "0")
    assert "Email is on hold" in here.manage(KEY, "restored")
    held = "from notifications.models import Restoration; print(Restoration.load().is_pending)"
    assert python(here, held) == "True"


def run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
