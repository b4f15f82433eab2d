"""A database that takes nothing: what tools, monitors, people and `doctor` see, and that all of it recovers."""

import contextlib
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import requests

from tests.panel import Panel
from tests.peers.need import need
from tests.peers.postgres import Postgres
from tests.waiting import wait_until

REPORT = {
    "kind": "deployment",
    "source": "tests",
    "name": "7-Zip",
    "outcome": "failed",
    "targets": [{"name": "PC-001", "outcome": "failed"}],
}
SIGN_IN = (
    "from django.contrib.auth.models import User; from tests.base import PASSWORD;"
    "User.objects.create_superuser('ada', 'ada@contoso.test', PASSWORD)"
)


def report(panel: Panel, number: str) -> requests.Response:
    return panel.http.post(f"{panel.url}/api/v1/completions", json=REPORT | {"id": number}, timeout=40)


def readiness(panel: Panel) -> tuple[int, str]:
    """The answer of /readyz, and what it says about the database."""
    answer = panel.http.get(f"{panel.url}/readyz", timeout=40)
    return answer.status_code, answer.json()["database"]["text"]


def signed_in(panel: Panel) -> requests.Session:
    """A browser with an administrator's session."""
    panel.shell(SIGN_IN)
    browser = requests.Session()
    browser.trust_env = False
    address = f"{panel.url}/sign-in/"
    browser.get(address, timeout=30)
    form = {
        "username": "ada",
        "password": "correct horse battery staple",
        "csrfmiddlewaretoken": browser.cookies["csrftoken"],
    }
    assert browser.post(address, data=form, timeout=30).url.endswith("/dashboard/")
    return browser


def is_refused_everywhere(panel: Panel, cause: str) -> None:
    """Tools get a 503 with the cause, and so do monitors and `doctor`."""
    refused = report(panel, "refused")
    assert refused.status_code == 503, refused.text
    assert cause.lower() in refused.text.lower()
    assert refused.headers["Retry-After"]
    status, text = readiness(panel)
    assert status == 503
    assert cause.lower() in text.lower()
    done = panel.command("doctor")
    assert done.returncode == 1
    assert cause.lower() in next(line for line in done.stdout.splitlines() if "database:" in line).lower()
    assert "Traceback" not in done.stderr


def recovers(panel: Panel) -> None:
    assert report(panel, "again").status_code == 202
    assert readiness(panel)[1] == "answers and takes reports"


@contextlib.contextmanager
def a_small_disk(folder: Path) -> Iterator[Path]:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(file: Path) -> None:
    with file.open("wb") as filler, contextlib.suppress(OSError):
        while True:
            os.write(filler.fileno(), bytes(4096))


def test_a_full_disk_is_named_and_recovers(tmp_path: Path) -> None:
    need("mounts")
    with a_small_disk(tmp_path) as folder, Panel(folder) as panel:
        panel.sign_in_tool()
        browser = signed_in(panel)
        filler = folder / "filler"
        fill(filler)
        is_refused_everywhere(panel, "disk is full")
        assert browser.get(f"{panel.url}/dashboard/", timeout=40).status_code == 200
        filler.unlink()
        recovers(panel)


def test_a_read_only_file_is_named_and_recovers() -> None:
    need("mounts")
    with Panel(bound=True) as panel:
        panel.sign_in_tool()
        browser = signed_in(panel)
        database = panel.data / "mailadmin.sqlite3"
        database.chmod(0o400)
        is_refused_everywhere(panel, "read-only")
        for page in ("dashboard", "deliveries", "health", "mail-server", "safety"):
            answer = browser.get(f"{panel.url}/{page}/", timeout=40)
            assert answer.status_code == 200, f"{page}: {answer.text}"
        database.chmod(0o600)
        recovers(panel)


def test_a_lock_that_is_kept_is_named_and_recovers() -> None:
    with Panel() as panel:
        panel.sign_in_tool()
        browser = signed_in(panel)
        other = sqlite3.connect(panel.data / "mailadmin.sqlite3", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        is_refused_everywhere(panel, "keeps the database locked")
        assert browser.get(f"{panel.url}/dashboard/", timeout=4).status_code == 200
        other.execute("ROLLBACK")
        other.close()
        recovers(panel)


def test_a_damaged_file_stops_the_start_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "mailadmin.sqlite3").write_bytes(b"no database at all" * 1000)
    panel = Panel(tmp_path)
    done = panel.command("up", "--port", str(panel.port))
    assert done.returncode == 1
    assert done.stderr.strip() == (
        "manage.py up failed. The database file is damaged. Stop the panel and restore the latest backup."
    )


class TestPostgres:
    def test_that_went_away_is_named_and_recovers(self, own_postgres: Postgres) -> None:
        with Panel(DATABASE_URL=own_postgres.url()) as panel:
            panel.sign_in_tool()
            browser = signed_in(panel)
            own_postgres.stop()
            is_refused_everywhere(panel, "PostgreSQL does not answer")
            page = browser.get(f"{panel.url}/dashboard/", timeout=40)
            assert page.status_code == 503
            assert "PostgreSQL does not answer" in page.text
            assert "goes on" not in page.text
            own_postgres.start()
            wait_until(lambda: readiness(panel)[1] == "answers and takes reports", 30, "a database that answers")
            assert browser.get(f"{panel.url}/dashboard/", timeout=40).status_code == 200
            recovers(panel)

    def test_that_turned_read_only_is_named_and_recovers(self, own_postgres: Postgres) -> None:
        url = own_postgres.url()
        with Panel(DATABASE_URL=url) as panel:
            panel.sign_in_tool()
            browser = signed_in(panel)
            become_read_only(url, "on")
            is_refused_everywhere(panel, "PostgreSQL is read-only")
            assert browser.get(f"{panel.url}/dashboard/", timeout=40).status_code == 200
            become_read_only(url, "off")
            recovers(panel)

    def test_without_a_connection_left_is_named_and_recovers(self, own_postgres: Postgres) -> None:
        url = own_postgres.url()
        with Panel(DATABASE_URL=url) as panel:
            panel.sign_in_tool()
            taken = take_all_connections(url)
            is_refused_everywhere(panel, "no connection left")
            for connection in taken:
                connection.close()
            recovers(panel)


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """One that a test may stop."""
    need("postgres")
    with Postgres() as peer:
        yield peer


def become_read_only(url: str, value: str) -> None:
    """As for whoever connects from now on; those who are connected are sent away."""
    name = url.rpartition("/")[2]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = {value}")
        end_all_connections(connection)


def end_all_connections(connection: "psycopg.Connection[tuple[object, ...]]") -> None:
    connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = %s",
        ["client backend"],
    )


def take_all_connections(url: str) -> "list[psycopg.Connection[tuple[object, ...]]]":
    """Until the server refuses one, whatever the panel gives back meanwhile."""
    taken = [psycopg.connect(url, autocommit=True)]
    while True:
        end_all_connections(taken[0]) if len(taken) == 1 else None
        try:
            taken.append(psycopg.connect(url, autocommit=True))
        except psycopg.OperationalError:
            return taken
