"""No accepted completion loses its mail, whatever dies meanwhile; none comes twice but after an attempt that says so.

CHAOS_MAILS (200 by `make chaos`) sets the size; then each misfortune has a run of its own and docs/chaos.md is
written anew. The usual run has one of each kind in turn.
"""

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.chaos.figures import Figures, Table
from tests.panel import Panel
from tests.peers.redis import Redis
from tests.smtp_sink import DOT, SmtpSink
from tests.waiting import wait_until

MAILS = int(os.environ.get("CHAOS_MAILS", "30"))
WHOLE = "CHAOS_MAILS" in os.environ
# Long enough that a kill finds mails on the wire.
SECONDS_A_MAIL = 0.05
# A lease of 20 s, the sweep's 10 s, Celery's 15 s for what a dead worker had reserved, and a slow machine.
PATIENCE = 150


@dataclass
class Stage:
    """A panel that mails to a sink, and its broker when that is not the panel's own."""

    panel: Panel
    sink: SmtpSink
    redis: Redis | None
    messages: list[str] = field(default_factory=list)

    def report(self, count: int) -> None:
        """From several tools at once."""
        first = len(self.messages)
        with ThreadPoolExecutor(4) as tools:
            for answer in tools.map(self.panel.report, range(first, first + count)):
                self.messages += answer["messages"]

    def report_meanwhile(self, count: int) -> threading.Thread:
        thread = threading.Thread(target=self.report, args=(count,))
        thread.start()
        return thread


def kill_the_worker(stage: Stage) -> None:
    reporting = stage.report_meanwhile(MAILS)
    for share in (5, 2):
        stage.sink.wait_for(MAILS // share, PATIENCE)
        stage.panel.kill_child("worker")
    reporting.join()


def kill_the_broker(stage: Stage) -> None:
    reporting = stage.report_meanwhile(MAILS)
    stage.sink.wait_for(MAILS // 5, PATIENCE)
    if stage.redis:
        stage.redis.kill()
        stage.redis.start()
    else:
        stage.panel.kill_child("broker")
    reporting.join()


def empty_the_broker(stage: Stage) -> None:
    reporting = stage.report_meanwhile(MAILS)
    for share in (5, 3, 2):
        stage.sink.wait_for(MAILS // share, PATIENCE)
        stage.panel.broker().flushall()
    reporting.join()
    stage.panel.broker().flushall()


def stop_the_broker(stage: Stage) -> None:
    """Gone, or there and silent, while everything is reported."""
    with stopped(stage):
        stage.report(MAILS)


@contextmanager
def stopped(stage: Stage) -> Iterator[None]:
    if stage.redis is None:
        with stage.panel.frozen("broker"):
            yield
    else:
        stage.redis.stop()
        try:
            yield
        finally:
            stage.redis.start()


def one_of_each(stage: Stage) -> None:
    reporting = stage.report_meanwhile(MAILS // 2)
    stage.sink.wait_for(MAILS // 6, PATIENCE)
    stage.panel.kill_child("worker")
    reporting.join()
    with stopped(stage):
        stage.report(MAILS - MAILS // 2)
    stage.panel.broker().flushall()
    stage.panel.kill_child("worker")
    if stage.redis:
        stage.redis.kill()
        stage.redis.start()
    else:
        stage.panel.kill_child("broker")


MISFORTUNES = {
    "kill -9 of the worker, twice": kill_the_worker,
    "kill -9 of the broker": kill_the_broker,
    "FLUSHALL, four times": empty_the_broker,
    "a stopped broker while all is reported": stop_the_broker,
}
RUNS = MISFORTUNES if WHOLE else {"one of each in turn": one_of_each}


@pytest.fixture(params=["SQLite, embedded broker", "Postgres, Redis"])
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """The same panel twice; the second differs by environment alone."""
    env, peer = {}, None
    if request.param.startswith("Postgres"):
        peer = request.getfixturevalue("redis_peer")
        env = {"DATABASE_URL": request.getfixturevalue("postgres_url"), "BROKER_URL": peer.url}
    with ExitStack() as stack:
        sink = stack.enter_context(SmtpSink().on(DOT, delay=SECONDS_A_MAIL))
        panel = stack.enter_context(Panel(CAPTURE_INBOX="off", **env))
        panel.use(sink, total_timeout=5)
        panel.sign_in_tool()
        yield Stage(panel, sink, peer)


@pytest.mark.parametrize("misfortune", RUNS)
def test_every_mail_arrives_and_none_twice_unless_ambiguous(
    stage: Stage, misfortune: str, figures: Figures, request: pytest.FixtureRequest
) -> None:
    began = time.monotonic()
    play: Callable[[Stage], None] = RUNS[misfortune]
    play(stage)
    assert len(stage.messages) == MAILS
    wait_until(lambda: len(arrived(stage)) >= MAILS, PATIENCE, "every mail at the SMTP side", every=0.2)
    seconds = time.monotonic() - began
    stories = settled(stage)
    assert {story["state"] for story in stories} == {"sent"}
    copies = sum(arrived(stage).values()) - MAILS
    ambiguous = sum(attempt["outcome"] == "ambiguous" for story in stories for attempt in story["attempts"])
    where = request.node.callspec.params["stage"]
    figures.add(Table.DEATHS, where, misfortune, MAILS, len(arrived(stage)), copies, ambiguous, round(seconds))
    assert len(arrived(stage)) == MAILS
    assert copies <= ambiguous


def arrived(stage: Stage) -> Counter[str]:
    """How often each Message-ID came."""
    return Counter(str(mail.parsed["Message-ID"]) for mail in list(stage.sink.mails))


def settled(stage: Stage) -> list[dict[str, Any]]:
    """Each mail's story when nothing is under way any more."""

    def over() -> bool:
        stories[:] = [stage.panel.message(uuid) for uuid in stage.messages]
        return all(story["state"] not in ("queued", "sending") for story in stories)

    stories: list[dict[str, Any]] = []
    wait_until(over, PATIENCE, "the last attempt's end", every=1)
    return stories
