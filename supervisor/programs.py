"""The panel's own processes: what each is started with."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from supervisor.child import Program

PROJECT = Path(__file__).resolve().parent.parent
# Longer than the longest send that the panel's own limits allow by default.
WORKER_STOP_LIMIT = 110.0

# Celery's lecture to root is about pickled messages; ours are JSON.
NO_ADVICE = "ignore:You're running the worker with superuser privileges"


def web(env: Mapping[str, str]) -> Program:
    return python("web", env, "gunicorn", "--config", str(PROJECT / "mailadmin" / "gunicorn_conf.py"), stop_limit=15)


def worker(env: Mapping[str, str]) -> Program:
    concurrency = env.get("CELERY_CONCURRENCY", "4")
    options = ("--concurrency", concurrency, "--without-gossip", "--without-mingle", "--without-heartbeat")
    ours = {**env, "RELAXED_DURABILITY": "on", "PYTHONWARNINGS": NO_ADVICE}
    return python("worker", ours, *celery("worker"), *options, stop_limit=WORKER_STOP_LIMIT)


def capture(env: Mapping[str, str], port: int) -> Program:
    command = (sys.executable, str(PROJECT / "manage.py"), "capture_inbox")
    return Program("inbox", command, env={**env, "CAPTURE_INBOX_PORT": str(port)}, stop_limit=5)


def celery(role: str) -> tuple[str, ...]:
    # Without Django's checks, which load every page only to find what the web server finds as well.
    return ("celery", "--quiet", "--skip-checks", "--app", "mailadmin", role)


def python(name: str, env: Mapping[str, str], module: str, *options: str, stop_limit: float) -> Program:
    return Program(name, (sys.executable, "-m", module, *options), env=env, stop_limit=stop_limit)


def environment(**ours: str) -> dict[str, str]:
    """The supervisor's own, with lines that come at once; the children run from any folder."""
    path = os.pathsep.join(filter(None, (str(PROJECT), os.environ.get("PYTHONPATH"))))
    return {**os.environ, **ours, "PYTHONUNBUFFERED": "1", "PYTHONPATH": path}
