"""Anything may stand in the broker's list: the worker stays, and email and hints go on."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import redis
from django.conf import settings

from tests import base, worker
from tests.malformed import elements, message
from tests.panel import Panel
from tests.smtp_sink import SmtpSink

QUEUE = "celery"
HINT = json.dumps(message()).encode()


def is_taken(client: "redis.Redis") -> Callable[[], bool]:
    """Whether a worker consumed all that is in the list, and confirmed it."""
    return lambda: client.llen(QUEUE) == 0 and client.hlen("unacked") == 0


@pytest.mark.django_db(transaction=True)
def test_a_worker_outlives_malformed_elements_in_redis(redis_url: str) -> None:
    client = redis.Redis.from_url(redis_url)
    with SmtpSink() as sink:
        base.use_smtp(sink)
        with worker.running(redis_url, hands=1) as process:
            for number, (_, content) in enumerate(elements()):
                client.lpush(QUEUE, content)
                if number % 40 == 0:
                    base.wait_until(is_taken(client), 60, "an empty list")
            client.lpush(QUEUE, HINT)
            base.a_message("ops@peer.test")
            sink.wait_for(1, seconds=60)
            base.wait_until(is_taken(client), 60, "an empty list")
            assert process.is_running
            assert "Unrecoverable error" not in process.log.read_text(errors="replace")


def test_a_panels_worker_outlives_malformed_elements() -> None:
    with SmtpSink() as sink, Panel(CAPTURE_INBOX="off") as panel:
        panel.use(sink)
        panel.sign_in_tool()
        before, client = panel.pid("worker"), panel.broker()
        for _, content in elements():
            client.lpush(QUEUE, content)
        panel.report(1)
        sink.wait_for(1, seconds=60)
        base.wait_until(is_taken(client), 60, "an empty list")
        assert panel.pid("worker") == before


@pytest.mark.django_db(transaction=True)
def test_a_worker_outlives_a_list_that_is_none_and_broken_notes_about_unconfirmed_tasks(redis_url: str) -> None:
    client = redis.Redis.from_url(redis_url)
    with worker.running(redis_url, hands=1) as process:
        client.lpush(QUEUE, HINT)
        base.wait_until(is_taken(client), 60, "an empty list")
        for put in (
            lambda: client.set(QUEUE, "x"),
            lambda: client.hset(QUEUE, "a", "b"),
            lambda: client.sadd(QUEUE, "a"),
        ):
            put()
            base.wait_until(lambda: not client.exists(QUEUE), 30, "the end of the foreign key")
        client.hset("unacked", "tag", "garbage")
        client.zadd("unacked_index", {"tag": 1})
        client.lpush(QUEUE, HINT)
        base.wait_until(lambda: client.llen(QUEUE) == 0, 30, "an empty list")
        assert process.is_running


@pytest.mark.django_db(transaction=True)
def test_a_worker_outlives_malformed_files() -> None:
    """The broker where there is none, which gives a worker one message a second: some of each kind."""
    folder: Path = settings.DATA_DIR / "run" / "queue"
    folder.mkdir(parents=True, exist_ok=True)
    with worker.running("filesystem://", hands=1) as process:
        every = list(elements())
        for number, (_, content) in enumerate((*every[:12], *every[12::12], ("a hint", HINT))):
            (folder / f"{number}.new").write_bytes(content)
            (folder / f"{number}.new").rename(folder / f"{number:04}_x.{QUEUE}.msg")
        base.wait_until(lambda: not list(folder.glob("*.msg")), 120, "an empty folder", every=0.5)
        assert process.is_running
