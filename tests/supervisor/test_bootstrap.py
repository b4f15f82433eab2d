import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor import bootstrap

UP = ["manage.py", "up"]


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """No settings at all, and a folder to stand in; what is set meanwhile is undone."""
    before = os.umask(0o022)
    os.umask(before)
    for name in ("MAILADMIN_DATA", "MAILADMIN_HOST", "MAILADMIN_PORT", "SECRET_KEY", "FERNET_KEYS"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setattr(bootstrap, "ENV_FILE", tmp_path / ".env")
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    os.umask(before)


def test_data_is_kept_in_the_folder_at_hand_by_default(bare: Path) -> None:
    assert bootstrap.prepare(UP) == bare / "data"


def test_folder_and_keys_are_private(bare: Path) -> None:
    data = bootstrap.prepare([*UP, "--data", "deep/down"])
    assert data == bare / "deep" / "down"
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert stat.S_IMODE((data / "keys.env").stat().st_mode) == 0o600


def test_keys_are_made_once(bare: Path) -> None:
    first = (bootstrap.prepare(UP) / "keys.env").read_text()
    assert (bootstrap.prepare(UP) / "keys.env").read_text() == first


def test_no_keys_are_made_when_the_environment_has_them(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "a")
    monkeypatch.setenv("FERNET_KEYS", "b")
    assert list(bootstrap.prepare(UP).iterdir()) == []


@pytest.mark.parametrize("argv", [[*UP, "--port", "9000", "--host", "::1"], [*UP, "--port=9000", "--host=::1"]])
def test_what_up_is_told_reaches_the_settings(bare: Path, argv: list[str]) -> None:
    bootstrap.prepare(argv)
    assert (os.environ["MAILADMIN_PORT"], os.environ["MAILADMIN_HOST"]) == ("9000", "::1")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_port_0_is_a_free_one(bare: Path, host: str) -> None:
    bootstrap.prepare([*UP, "--port", "0", "--host", host])
    assert int(os.environ["MAILADMIN_PORT"]) > 0


def test_port_0_of_a_host_that_cannot_be_had_is_left_to_the_command_to_explain(bare: Path) -> None:
    bootstrap.prepare([*UP, "--port", "0", "--host", "192.0.2.1"])
    assert os.environ["MAILADMIN_PORT"] == "0"


def test_other_commands_options_are_not_ours(bare: Path) -> None:
    bootstrap.prepare(["manage.py", "shell", "--data", "elsewhere"])
    assert os.environ["MAILADMIN_DATA"] == str(bare / "data")


@pytest.mark.parametrize("argv", [[*UP, "--port", "http"], [*UP, "--port"], [*UP, "--help"]])
def test_a_wrong_value_is_left_to_the_command_to_explain(bare: Path, argv: list[str]) -> None:
    bootstrap.prepare(argv)
    assert "MAILADMIN_PORT" not in os.environ


def test_a_file_may_name_the_data_folder(bare: Path) -> None:
    (bare / ".env").write_text("MAILADMIN_DATA=from-file\n")
    assert bootstrap.prepare(UP) == bare / "from-file"


def test_the_environment_wins_over_the_file(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (bare / ".env").write_text("MAILADMIN_DATA=from-file\n")
    monkeypatch.setenv("MAILADMIN_DATA", "from-environment")
    assert bootstrap.prepare(UP) == bare / "from-environment"


def test_needs_no_django() -> None:
    rooms = "supervisor.panel, supervisor.lock, supervisor.programs, supervisor.supervisor"
    code = f"import sys, {rooms}; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
