"""A whole panel that mails to a server that counts, for misfortunes to happen to."""

import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.panel import Panel
from tests.peers.postgres import Postgres
from tests.peers.redis import Redis
from tests.smtp_sink import DOT, SmtpSink
from tests.waiting import wait_until

# A lease of 60 s, the queue check's 10 s, and a slow machine.
PATIENCE = 150
# So many emails are put into the queue by one transaction.
CHUNK = 500


@dataclass
class Stage:
    """A panel that mails to a sink, and its broker and database when those are not the panel's own."""

    panel: Panel
    sink: SmtpSink
    redis: Redis | None = None
    postgres: Postgres | None = None
    messages: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return "Postgres, Redis" if self.postgres else "SQLite, embedded broker"

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

    def report_until_accepted(self, count: int) -> int:
        """As a tool that tries again until it gets a 202; returns how often it was refused."""
        refused = 0
        for number in range(len(self.messages), len(self.messages) + count):
            while True:
                try:
                    self.messages += self.panel.report(number)["messages"]
                    break
                except (AssertionError, requests.RequestException):
                    refused += 1
                    wait_until(self.panel.is_ready, PATIENCE, "the panel", every=0.5)
        return refused

    def put(self, count: int) -> None:
        """Queue so many emails while sending is paused, without the API's time for each."""
        for start in range(0, count, CHUNK):
            self.panel.shell(
                "from django.db import transaction\nfrom notifications.models import Safety\nfrom tests import base\n"
                "Safety.objects.update(paused=True)\n"
                f"with transaction.atomic():\n    for _ in range({min(CHUNK, count - start)}): base.a_message()\n"
            )

    def release(self) -> None:
        self.panel.shell(
            "from notifications.models import Safety; from notifications.delivery import outbox; "
            "Safety.objects.update(paused=False); outbox.start_afresh()"
        )

    def kill_one_sender(self, chance: random.Random) -> None:
        """One process of the worker, which starts another in its place."""
        worker = self.panel.pid("worker")
        processes = Path(f"/proc/{worker}/task/{worker}/children").read_text().split()
        if processes:
            os.kill(int(chance.choice(processes)), signal.SIGKILL)

    def arrived(self) -> Counter[str]:
        """How often each Message-ID came."""
        return Counter(str(mail.parsed["Message-ID"]) for mail in list(self.sink.mails))

    def settled(self) -> list[dict[str, Any]]:
        """Each reported email's story when nothing is under way any more."""

        def over() -> bool:
            stories[:] = [self.panel.message(uuid) for uuid in self.messages]
            return all(story["state"] not in ("queued", "sending") for story in stories)

        stories: list[dict[str, Any]] = []
        wait_until(over, PATIENCE, "the last attempt's end", every=1)
        return stories


@contextmanager
def stage_on(
    postgres: Postgres | None, redis: Redis | None, *, seconds_a_mail: float = 0.0, **env: str
) -> Iterator[Stage]:
    """The same panel on either database; the second differs by environment alone."""
    if postgres and redis:
        env |= {"DATABASE_URL": postgres.url(), "BROKER_URL": redis.url}
    with ExitStack() as stack:
        sink = SmtpSink()
        if seconds_a_mail:
            sink.on(DOT, delay=seconds_a_mail)
        stack.enter_context(sink)
        panel = stack.enter_context(Panel(CAPTURE_INBOX="off", **env))
        panel.use(sink, total_timeout=30)
        panel.sign_in_tool()
        yield Stage(panel, sink, redis, postgres)


def peers_of(request: Any) -> tuple[Postgres | None, Redis | None]:
    """What a test's parameter asks for."""
    if not request.param.startswith("Postgres"):
        return None, None
    return request.getfixturevalue("_postgres"), request.getfixturevalue("redis_peer")
