"""A Celery worker, or beat, as a process of its own on the database of the test that runs."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from tests.databases import database_url
from tests.panel import PROJECT
from tests.peers.process import Process, Scratch


@contextmanager
def running(broker_url: str, role: str = "worker", hands: int = 2) -> Iterator[Process]:
    """A `worker`, which looks for due mail as soon as it is ready, or `beat`, which makes it look again and again.

    Needs `transactional_db`: another process sees only what is committed. This process itself publishes nothing.
    """
    scratch = Scratch(role)
    process = start(broker_url, scratch.path, role, hands)
    try:
        yield process
        assert process.is_running, f"Celery's {role} ended by itself:\n{process.tail()}"
    finally:
        process.stop()
        scratch.remove()


def start(broker_url: str, folder: Path, role: str = "worker", hands: int = 2) -> Process:
    """Whoever calls this stops it; `folder` is for its log."""
    options = ["--concurrency", str(hands), "--without-gossip", "--without-mingle"] if role == "worker" else []
    schedule = ["--schedule", str(folder / "schedule")] if role == "beat" else []
    return Process(
        [sys.executable, "-m", "celery", "--app", "mailadmin", role, "--loglevel", "INFO", *options, *schedule],
        folder / "log",
        env=_environment(broker_url),
    )


def _environment(broker_url: str) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "mailadmin.settings",
        "MAILADMIN_DATA": str(settings.DATA_DIR),
        "MAILADMIN_PROVIDERS_FILE": settings.PROVIDERS_FILE,
        "DATABASE_URL": database_url(),
        "BROKER_URL": broker_url,
        "PYTHONPATH": os.pathsep.join([str(PROJECT), os.environ.get("PYTHONPATH", "")]),
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
    }
