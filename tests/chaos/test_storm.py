"""Workers are killed at full speed while the queue is long. Only `make chaos` runs this.

CHAOS_STORM sets the size, CHAOS_SEED another course of events.
"""

import json
import os
import random
import time
from collections.abc import Iterator

import pytest

from tests.chaos.figures import Figures, Table
from tests.chaos.stage import Stage, peers_of, stage_on
from tests.waiting import wait_until

EMAILS = int(os.environ.get("CHAOS_STORM", "20000"))
SEED = int(os.environ.get("CHAOS_SEED", "4"))
KILLS = 20
# Each fifth kill takes the worker with all its processes; the supervisor waits longer each time before it starts it.
WHOLE_WORKER = 5
PATIENCE = 900
LONGEST_WAIT = 75
# What the lost attempts waited for the next one.
WAITS = """
import json
from collections import Counter
from notifications.models import Attempt, Message
lost = Attempt.objects.filter(lost_worker=True).select_related("message")
waits = []
for each in lost:
    after = each.message.attempts.filter(number=each.number + 1).first()
    waits.append((after.started_at - each.started_at).total_seconds() if after else 1e9)
print(json.dumps([waits, Counter(Message.objects.values_list("state", flat=True))]))
"""


@pytest.fixture(params=["SQLite, embedded broker", "Postgres, Redis"])
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    with stage_on(*peers_of(request)) as stage:
        yield stage


def test_storm_of_kills_loses_nothing_and_keeps_nobody_waiting(stage: Stage, figures: Figures) -> None:
    chance = random.Random(SEED)
    stage.put(EMAILS)
    stage.release()
    began = time.monotonic()
    kills = 0
    while kills < KILLS and len(stage.sink.mails) < EMAILS:
        reached = len(stage.sink.mails)
        wait_until(lambda: len(stage.sink.mails) > reached, PATIENCE, "the next email", every=0.02)  # noqa: B023
        time.sleep(chance.uniform(0.05, 1.5))
        kills += 1
        if kills % WHOLE_WORKER:
            stage.kill_one_sender(chance)
        else:
            stage.panel.kill_child("worker")
    wait_until(lambda: len(stage.sink.mails) >= EMAILS, PATIENCE, "every email at the SMTP side", every=0.5)
    wait_until(lambda: len(stage.arrived()) >= EMAILS, PATIENCE, "every email at the SMTP side", every=5)
    seconds = time.monotonic() - began
    wait_until(lambda: set(looked_up(stage)[1]) == {"sent"}, PATIENCE, "every email's record", every=5)
    waits, _ = looked_up(stage)
    arrived = stage.arrived()
    copies = arrived.total() - len(arrived)
    figures.add(
        *(Table.STORM, stage.name, EMAILS, kills, len(arrived), copies, round(copies / kills, 2), len(waits)),
        *(round(max(waits, default=0)), round(seconds), round(EMAILS / seconds)),
    )
    assert len(arrived) == EMAILS
    assert copies <= len(waits)
    assert copies <= kills / 4
    assert max(waits, default=0) <= LONGEST_WAIT


def looked_up(stage: Stage) -> tuple[list[float], dict[str, int]]:
    """The waits in seconds, and how many emails are in which state."""
    waits, states = json.loads(stage.panel.shell(WAITS))
    return waits, states
