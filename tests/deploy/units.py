"""The systemd units of deploy/, read as systemd reads them, and their commands started without it."""

import os
import shlex
import sys
from pathlib import Path
from string import Template

from tests.peers.process import Process

PROJECT = Path(__file__).resolve().parents[2]
UNITS = PROJECT / "deploy" / "systemd"
HOME = "/opt/mailadmin"
PYTHON = f"{HOME}/.venv/bin/python"


def lines(name: str, key: str) -> list[str]:
    """All values of a key that may stand there several times."""
    text = (UNITS / name).read_text()
    return [line.partition("=")[2] for line in text.splitlines() if line.startswith(f"{key}=")]


def environment(name: str, file: dict[str, str]) -> dict[str, str]:
    """What the unit says, then what its EnvironmentFile says, which wins."""
    said = dict(pair.split("=", 1) for value in lines(name, "Environment") for pair in shlex.split(value))
    return {**said, **file}


def command(name: str, env: dict[str, str]) -> list[str]:
    (line,) = lines(name, "ExecStart")
    words = [Template(word).substitute(env) for word in shlex.split(line)]
    return [sys.executable if word == PYTHON else word for word in words]


def start(name: str, file: dict[str, str], log: Path) -> Process:
    """Whoever calls this stops it."""
    env = environment(name, file)
    # systemd hands on nothing of its own environment; sudo's PATH and HOME are as good as its own.
    clean = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
    arguments = [
        "env",
        "--ignore-environment",
        "--chdir",
        str(PROJECT),
        *(f"{k}={v}" for k, v in (clean | env).items()),
    ]
    return Process([*arguments, *command(name, env)], log)
