"""A Celery worker as a process of its own on the database of the test that runs."""

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
def running(broker_url: str, hands: int = 2) -> Iterator[Process]:
    """A worker with `hands` processes, each with its own senders and housekeeping.

    Needs `transactional_db`: another process sees only what is committed. This process itself publishes nothing.
    """
    scratch = Scratch("worker")
    process = start(broker_url, scratch.path, hands)
    try:
        yield process
        assert process.is_running, f"the worker ended by itself:\n{process.tail()}"
    finally:
        process.stop()
        scratch.remove()


def start(broker_url: str, folder: Path, hands: int = 2) -> Process:
    """Whoever calls this stops it; `folder` is for its log."""
    options = ["--concurrency", str(hands), "--without-gossip", "--without-mingle"]
    return Process(
        [sys.executable, "-m", "celery", "--app", "mailadmin", "worker", "--loglevel", "INFO", *options],
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
