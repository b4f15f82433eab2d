"""An environment or a data folder that cannot be used: every program ends with one sentence, and no traceback."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.keys import new_key
from tests.panel import BOUND, FOREIGN, PROJECT, Panel
from tests.peers.need import need

UP, DOCTOR, MIGRATE = ("manage.py", "up", "--port", "0"), ("manage.py", "doctor"), ("manage.py", "migrate")
WEB = ("-m", "gunicorn", "--config", "mailadmin/gunicorn_conf.py")
WORKER = ("-m", "celery", "--app", "mailadmin", "worker")
GOOD = f"SECRET_KEY={new_key()}\nFERNET_KEYS={new_key()}\n"


def run(data: Path, *program: str, prefix: tuple[str, ...] = (), **env: str) -> str:
    """What it says on standard error when it ends with 1."""
    clean = {name: value for name, value in Panel().env.items() if name not in FOREIGN}
    env = {**clean, "MAILADMIN_DATA": str(data), "MAILADMIN_PORT": "0", **env}
    command = [*prefix, sys.executable, *program]
    done = subprocess.run(command, cwd=PROJECT, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr.strip()


@pytest.mark.parametrize("program", [UP, DOCTOR, MIGRATE, WEB, WORKER], ids=lambda program: " ".join(program[:3]))
def test_keys_without_fernet_keys_stop_every_program(tmp_path: Path, program: tuple[str, ...]) -> None:
    keys = tmp_path / "keys.env"
    keys.write_text(f"SECRET_KEY={new_key()}\n")
    said = run(tmp_path, *program)
    assert said.startswith(f"FERNET_KEYS is missing in {keys}. Put its line back from a backup")
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        (f"FERNET_KEYS={new_key()}\n", "SECRET_KEY is missing in"),
        ("", "SECRET_KEY is missing in"),
        (f"{GOOD}FERNET_KEYS={new_key()}\n", "sets FERNET_KEYS twice, in lines 2 and 3"),
        ("SECRET_KEY\n", "line 1 is not NAME=value"),
    ],
)
def test_keys_that_are_incomplete_or_broken_stop_a_command(tmp_path: Path, keys: str, sentence: str) -> None:
    (tmp_path / "keys.env").write_text(keys)
    said = run(tmp_path, *DOCTOR)
    assert sentence in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("SECRET_KEY", "short", "SECRET_KEY is shorter than 32 characters"),
        ("FERNET_KEYS", "short", "A key in FERNET_KEYS is shorter than 32 characters"),
        ("FERNET_KEYS", f"{new_key()},", "FERNET_KEYS is missing or has an empty key"),
        ("PUBLIC_URL", "https://panel.example.com/mailadmin", "Write https://panel.example.com"),
        ("PUBLIC_URL", "panel.example.com", "Write https://panel.example.com"),
        ("ALLOWED_HOSTS", "https://panel.example.com", "ALLOWED_HOSTS contains 'https://panel.example.com'"),
        ("DATABASE_URL", "db.example.com", "DATABASE_URL must read postgres://"),
        ("TRUST_PROXY_HEADERS", "ture", "TRUST_PROXY_HEADERS must be on or off."),
        ("MAILADMIN_PORT", "99999", "MAILADMIN_PORT must be a whole number from 0 to 65535."),
        ("LOG_LEVEL", "LOUD", "LOG_LEVEL must be one of DEBUG"),
    ],
)
def test_a_variable_that_cannot_be_used_stops_the_start(tmp_path: Path, name: str, value: str, sentence: str) -> None:
    (tmp_path / "keys.env").write_text(GOOD)
    said = run(tmp_path, "manage.py", "up", **{"MAILADMIN_PORT": "0", name: value})
    assert sentence in said
    assert len(said.splitlines()) == 1


def test_a_command_lists_weak_keys_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "keys.env").write_text(GOOD)
    assert "SECRET_KEY is shorter" in run(tmp_path, "manage.py", "check", SECRET_KEY="short")


class TestADataFolder:
    def test_that_is_a_file_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "data").write_text("")
        said = run(tmp_path / "data", *DOCTOR)
        assert said == (
            f"The data folder {tmp_path / 'data'} cannot be used: there is a file where a folder is needed. "
            "Choose another folder with MAILADMIN_DATA."
        )

    def test_without_rights_is_refused(self, tmp_path: Path) -> None:
        need("mounts")
        data = tmp_path / "data"
        data.mkdir(mode=0o000)
        said = run(data, *DOCTOR, prefix=BOUND)
        assert f"{data} gives its owner too few rights. Run: chmod u+rwX {data}" in said

    def test_below_a_folder_without_rights_is_refused(self, tmp_path: Path) -> None:
        need("mounts")
        (tmp_path / "closed").mkdir(mode=0o000)
        said = run(tmp_path / "closed" / "data", *UP, prefix=BOUND)
        assert f"{tmp_path / 'closed'} gives its owner too few rights." in said

    def test_of_another_user_is_refused(self, tmp_path: Path) -> None:
        need("mounts")
        data = tmp_path / "data"
        data.mkdir(mode=0o700)
        (data / "keys.env").write_text(GOOD)
        for path in (data / "keys.env", data):
            path.chmod(0o700)
            subprocess.run(["chown", "nobody", path], check=True)
        said = run(data, *DOCTOR, prefix=BOUND)
        assert f"{data} belongs to nobody, and this runs as root. Run it as nobody" in said

    def test_with_a_file_of_another_user_is_refused(self, tmp_path: Path) -> None:
        """As after a command that somebody ran as root."""
        need("mounts")
        (tmp_path / "keys.env").write_text(GOOD)
        lock = tmp_path / "lock"
        lock.touch(0o600)
        subprocess.run(["chown", "nobody", lock], check=True)
        said = run(tmp_path, *UP, prefix=BOUND)
        assert f"{lock} belongs to nobody, and this runs as root." in said

    @pytest.mark.parametrize("program", [UP, DOCTOR], ids=["up", "doctor"])
    def test_on_a_read_only_disk_is_refused(self, tmp_path: Path, program: tuple[str, ...]) -> None:
        need("mounts")
        mount = 'mount -t tmpfs -o ro tmpfs "$0" && exec "$@"'
        prefix = ("unshare", "--mount", "sh", "-c", mount, str(tmp_path))
        said = run(tmp_path / "data", *program, prefix=prefix)
        assert said == (
            f"The data folder {tmp_path / 'data'} cannot be used: its disk is mounted read-only. "
            "Mount it for writing, or choose another folder with MAILADMIN_DATA."
        )

    def test_that_turned_read_only_stops_the_start(self, tmp_path: Path) -> None:
        need("mounts")
        (tmp_path / "keys.env").write_text(GOOD)
        mount = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'
        prefix = ("unshare", "--mount", "sh", "-c", mount, str(tmp_path))
        said = run(tmp_path, *UP, prefix=prefix)
        assert "cannot be used: its disk is mounted read-only." in said
        assert len(said.splitlines()) == 1
