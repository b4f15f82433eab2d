"""A PostgreSQL of the tests' own."""

import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Self

import psycopg

from tests.peers.process import LOOPBACK, Process, Scratch, free_ports, run
from tests.waiting import wait_until

_numbers = itertools.count(1)


def programs() -> Path | None:
    """The folder of the newest installed version's programs; Debian keeps them off PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    return found[-1].parent if found else None


class Postgres:
    """One cluster for the session; each `url()` is a new, empty database in it."""

    def __init__(self) -> None:
        folder = programs()
        assert folder, "PostgreSQL is not installed"
        self._programs = folder
        self._scratch = Scratch("postgres")
        self._data = self._scratch.path / "data"
        self._user = "postgres" if os.geteuid() == 0 else ""
        (self.port,) = free_ports(1)

    def url(self) -> str:
        name = f"mailadmin_{next(_numbers)}"
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self._address(name)

    def start(self) -> None:
        arguments = [self._programs / "postgres", "-D", self._data, "-p", str(self.port), "-h", LOOPBACK]
        # No test cuts the power, so nothing need reach the disk.
        options = ["-k", self._data, "-c", "fsync=off", "-c", "max_connections=100"]
        self._process = Process([*arguments, *options], self._scratch.path / "log", self._user)
        self._process.wait_for(self.port)
        # It listens before it answers.
        wait_until(self._answers, 20, "PostgreSQL's first answer")

    def __enter__(self) -> Self:
        self._data.mkdir()
        if self._user:
            shutil.chown(self._data, self._user, self._user)
        options = ["--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8"]
        run(self._programs / "initdb", "-D", self._data, *options, user=self._user)
        self.start()
        return self

    def stop(self) -> None:
        # SIGTERM would wait for every open connection.
        self._process.stop(signal.SIGINT)

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._scratch.remove()

    def _answers(self) -> bool:
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(self._address("postgres")).close()
            return True
        return False

    def _address(self, database: str) -> str:
        return f"postgres://postgres@{LOOPBACK}:{self.port}/{database}"


def run_on_postgres(command: list[str]) -> int:
    """Run `command` with DATABASE_URL of a new server, and return its exit code."""
    with Postgres() as server:
        return subprocess.run(command, env={**os.environ, "DATABASE_URL": server.url()}, check=False).returncode


if __name__ == "__main__":
    sys.exit(run_on_postgres(sys.argv[1:]))
