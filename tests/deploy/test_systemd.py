"""What systemd itself says of the units."""

import shutil
import subprocess
from pathlib import Path

import pytest

from supervisor import programs
from tests.deploy.units import HOME, PROJECT, UNITS, lines
from tests.peers.need import need

SERVICES = sorted(path.name for path in UNITS.glob("*.service"))
# systemd's own scale: 0 shut tight, 100 wide open.
MOST_EXPOSED = 20


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    need("systemd")
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False)


def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    for unit in UNITS.iterdir():
        # It wants every program and every document to be where the unit says.
        text = unit.read_text().replace(HOME, str(PROJECT))
        (tmp_path / unit.name).write_text(text)
    found = analyze("verify", *(str(tmp_path / name) for name in [*SERVICES, "mailadmin.target"]))
    about_ours = [line for line in found.stderr.splitlines() if "mailadmin" in line]
    assert about_ours == []
    assert found.returncode == 0, found.stderr


def test_systemd_would_find_a_wrong_line(tmp_path: Path) -> None:
    unit = tmp_path / "mailadmin-worker.service"
    text = (UNITS / unit.name).read_text().replace(HOME, str(PROJECT))
    unit.write_text(text.replace("ProtectHome=yes", "ProtectHome=maybe"))
    assert "protect home" in analyze("verify", str(unit)).stderr.lower()


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_may_do_little(name: str) -> None:
    found = analyze("security", "--offline=yes", f"--threshold={MOST_EXPOSED}", str(UNITS / name))
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize("name", SERVICES)
def test_the_hardening_is_the_same_everywhere(name: str) -> None:
    text = (UNITS / name).read_text().partition("# It may write")[2].partition("\n[Install]")[0].strip()
    first = (UNITS / SERVICES[0]).read_text().partition("# It may write")[2].partition("\n[Install]")[0].strip()
    assert text == first


@pytest.mark.parametrize("role", ["web", "worker"])
def test_a_unit_starts_what_the_supervisor_starts(role: str) -> None:
    program: programs.Program = getattr(programs, role)({})
    (command,) = lines(f"mailadmin-{role}.service", "ExecStart")
    ours = " ".join(program.command[1:]).replace(f"{programs.PROJECT}/", "")
    assert command.partition(" ")[2].replace("${CELERY_CONCURRENCY}", "4") == ours


def test_a_worker_has_time_to_finish_its_mails() -> None:
    (seconds,) = lines("mailadmin-worker.service", "TimeoutStopSec")
    assert float(seconds) > programs.WORKER_STOP_LIMIT


def test_the_account_is_made_by_a_line_that_systemd_reads(tmp_path: Path) -> None:
    need("systemd")
    program = shutil.which("systemd-sysusers")
    assert program
    file = UNITS / "mailadmin.sysusers.conf"
    done = subprocess.run([program, "--dry-run", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "mailadmin" in done.stdout + done.stderr
