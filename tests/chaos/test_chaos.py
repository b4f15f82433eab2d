"""No accepted completion loses its email, whatever dies meanwhile; none comes twice but after an attempt that says so.

CHAOS_MAILS (200 by `make chaos`) sets the size; then each misfortune has a run of its own and docs/reliability.md is
written anew. The usual run has one of each kind in turn.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.chaos.figures import Figures, Table
from tests.chaos.stage import PATIENCE, Stage, peers_of, stage_on
from tests.waiting import wait_until

MAILS = int(os.environ.get("CHAOS_MAILS", "30"))
WHOLE = "CHAOS_MAILS" in os.environ
# Long enough that a kill finds emails on the wire.
SECONDS_A_MAIL = 0.05


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
    with stage_on(*peers_of(request), seconds_a_mail=SECONDS_A_MAIL) as stage:
        yield stage


@pytest.mark.parametrize("misfortune", RUNS)
def test_every_mail_arrives_and_none_twice_unless_ambiguous(stage: Stage, misfortune: str, figures: Figures) -> None:
    began = time.monotonic()
    play: Callable[[Stage], None] = RUNS[misfortune]
    play(stage)
    assert len(stage.messages) == MAILS
    wait_until(lambda: len(stage.arrived()) >= MAILS, PATIENCE, "every mail at the SMTP side", every=0.2)
    seconds = time.monotonic() - began
    stories = stage.settled()
    assert {story["state"] for story in stories} == {"sent"}
    arrived = stage.arrived()
    copies = arrived.total() - MAILS
    ambiguous = sum(attempt["outcome"] == "ambiguous" for story in stories for attempt in story["attempts"])
    figures.add(Table.DEATHS, stage.name, misfortune, MAILS, len(arrived), copies, ambiguous, round(seconds))
    assert len(arrived) == MAILS
    assert copies <= ambiguous
