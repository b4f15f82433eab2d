"""`.env.example` is the list of what can be set from outside."""

import os
import re
from io import StringIO
from pathlib import Path

import environ
import pytest

PROJECT = Path(__file__).resolve().parent.parent
READ = re.compile(r"""env(?:iron)?(?:\.\w+)?[([]\s*"([A-Z][A-Z_]+)["\]]""")
SET = re.compile(r"^# ([A-Z][A-Z_]+)=(.*)$", re.MULTILINE)
OURS = {"MAILADMIN_POOL_PARENT", "PYTHONPATH", "DJANGO_SETTINGS_MODULE"}


def named() -> dict[str, str]:
    return dict(SET.findall((PROJECT / ".env.example").read_text()))


def test_names_every_variable_that_is_read() -> None:
    sources = [path for room in ("mailadmin", "notifications", "supervisor") for path in (PROJECT / room).rglob("*.py")]
    read = {name for path in sources for name in READ.findall(path.read_text())} - OURS
    assert "DATABASE_URL" in read
    assert read == named().keys()


def test_each_default_can_be_uncommented_as_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in named():
        # Set and taken away, so that both the reading and the clean-up start from nothing.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    lines = (f"{name}={default}" for name, default in named().items())
    environ.Env.read_env(StringIO("\n".join(lines)))
    assert {name: os.environ.get(name) for name in named()} == named()
