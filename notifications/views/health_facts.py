"""What System > Health tells beside the parts: versions, workers, figures of the queue. Nothing here is secret."""

import platform
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import celery
import django
from django.conf import settings
from django.db import connection
from django.db.models import Max, Min
from django.utils import timezone

from notifications.health import Part
from notifications.models import Attempt, Message
from supervisor.version import VERSION

HOUR = timedelta(hours=1)
ATTEMPTS_LOOKED_AT = 2_000
MOST_SKEW = 5.0
DATABASES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
BROKERS = {
    "redis": "Redis or Valkey",
    "rediss": "Redis or Valkey, with TLS",
    "redis+socket": "Redis or Valkey on a socket of this machine",
    "amqp": "AMQP (RabbitMQ)",
    "amqps": "AMQP (RabbitMQ), with TLS",
    "filesystem": "files in the data folder",
    "memory": "memory of one process",
    "": "none: the worker looks by itself",
}


@dataclass(frozen=True)
class Seen:
    """A worker process and its last try; busy while it has one under way."""

    name: str
    last: datetime
    tries: int
    is_busy: bool


def software() -> list[tuple[str, str]]:
    return [
        ("mailadmin", VERSION),
        ("Python", platform.python_version()),
        ("Django", django.get_version()),
        ("Celery", celery.__version__),
        ("Database", f"{DATABASES.get(connection.vendor, connection.vendor)} {database_version()}"),
        ("Broker", broker_kind()),
        ("Time zone", settings.TIME_ZONE),
    ]


def database_version() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sqlite_version()" if connection.vendor == "sqlite" else "SHOW server_version")
        return str(cursor.fetchone()[0])


def broker_kind() -> str:
    """By the address's scheme alone: the rest may hold a password."""
    scheme = str(settings.CELERY_BROKER_URL).partition("://")[0]
    return BROKERS.get(scheme, scheme)


def server_clock_part() -> list[Part]:
    """How far this machine's clock is from the database server's; a file has no clock of its own."""
    if connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        before = timezone.now()
        cursor.execute("SELECT clock_timestamp()")
        theirs = cursor.fetchone()[0]
    middle = before + (timezone.now() - before) / 2
    seconds = abs((theirs - middle).total_seconds())
    ok = seconds <= MOST_SKEW
    text = "agrees with this machine's" if ok else f"{seconds:.0f} s apart from this machine's"
    return [Part("server_clock", ok, text, {"seconds": seconds})]


def workers_seen(now: datetime) -> list[Seen]:
    """By their tries of the last hour; one that had nothing to send is not among them."""
    newest = Attempt.objects.filter(started_at__gte=now - HOUR).order_by("-started_at")
    rows = newest.values_list("worker", "started_at", "finished_at")[:ATTEMPTS_LOOKED_AT]
    found: dict[str, Seen] = {}
    for name, started, finished in rows:
        known = found.get(name, Seen(name, started, 0, is_busy=False))
        found[name] = Seen(name, known.last, known.tries + 1, is_busy=known.is_busy or finished is None)
    return list(found.values())


def queue(now: datetime) -> dict[str, Any]:
    queued = Message.objects.filter(state=Message.State.QUEUED)
    return {
        "due": Message.due(now).count(),
        "later": queued.filter(next_attempt_at__gt=now).count(),
        "sending": Message.objects.filter(state=Message.State.SENDING).count(),
        "next": queued.filter(next_attempt_at__gt=now).aggregate(at=Min("next_attempt_at"))["at"],
        "last": Message.objects.aggregate(at=Max("finished_at"))["at"],
    }


def retention(now: datetime) -> dict[str, Any]:
    limit = now - timedelta(days=settings.RETENTION_DAYS)
    return {"days": settings.RETENTION_DAYS, "over": Message.objects.filter(finished_at__lt=limit).count()}
