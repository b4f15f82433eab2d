"""A storm of completions on a whole panel: what is taken, what is mailed, and what its pages are like meanwhile.

`python -m tests.bench.storm`; STORM is how many completions, STORM_TOOLS how many tools report at once.
"""

import contextlib
import json
import os
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.bench.page import Table, write
from tests.panel import Panel
from tests.peers.postgres import Postgres
from tests.peers.redis import Redis
from tests.smtp_sink import SmtpSink
from tests.waiting import wait_until

COMPLETIONS = int(os.environ.get("STORM", "10000"))
TOOLS = int(os.environ.get("STORM_TOOLS", "4"))
PAGES = ("/deliveries/", "/completions/", "/notifications/")
TARGETS = [{"name": f"PC-{number:03}", "outcome": "failed" if number == 2 else "success"} for number in range(5)]
WORDS = f"""{COMPLETIONS:,} completions with five targets each come in over the API, from {TOOLS} tools at once, as fast
as they are taken. Four notifications collect digests (each minute, each two minutes for failures alone, hourly, daily),
one mails at most five times in two minutes, and a hundred more look at each completion and say no. All of it, and the
tools, share the processors. "Most mails" is over all notifications and windows: a digest's, or the one "x more" of a
throttle. "Counted" is how many completions those mails tell of together, by their own words, with the hourly and the
daily one told by their entries, since their time has not come. Pages are asked for one after the other while the storm
lasts, in half-second pauses, 50 rows each. Memory is that of all the panel's processes, shared pages counted once.
"Load before" is what else the machine had to do: programs that wanted a processor, in the minute before."""
COLUMNS = (
    "Database, broker",
    "Completions a second",
    "Answer, median",
    "Answer, p95",
    "Mails",
    "Most mails",
    "Counted",
)
COLUMNS += tuple(f"{page} p95" for page in PAGES) + ("Memory before", "at most", "Load before")
RULES = [
    {"name": "Each minute", "digest": "minutes", "digest_minutes": 1},
    {"name": "Failures", "digest": "minutes", "digest_minutes": 2, "outcomes": ["failed", "partial"]},
    {"name": "Hourly", "digest": "hourly"},
    {"name": "Daily", "digest": "daily", "digest_at": "23:59"},
    {"name": "Throttled", "throttle_count": 5, "throttle_minutes": 2},
]
SIGN_IN = """
from django.test import Client
from tests import base
client = Client()
client.force_login(base.administrator())
print(client.cookies["sessionid"].value)
"""
# By notification: what its mails tell of, what waits, and the most mails that one window of it has.
COUNT = """
import json
from django.db.models import Count
from notifications.models import Completion, DigestEntry, Message, Notification
told = {}
for rule in Notification.objects.exclude(name__startswith="Silent"):
    entries = DigestEntry.objects.filter(notification=rule)
    windows = entries.exclude(message=None).values("reason", "due_at").annotate(mails=Count("message", distinct=True))
    told[rule.name] = {
        "alone": rule.messages.filter(kind="notification").count(),
        "told": entries.exclude(told_at=None).count(),
        "waiting": entries.filter(told_at=None).count(),
        "most": max((window["mails"] for window in windows), default=0),
        "windows": len(windows),
        "mails": rule.messages.filter(kind="digest").count(),
        "subjects": list(rule.messages.filter(kind="digest").values_list("subject", flat=True)),
    }
waiting = Message.objects.filter(state__in=Message.OPEN).count()
print(json.dumps({"completions": Completion.objects.count(), "rules": told, "open": waiting}))
"""


@dataclass
class Weather:
    """What was measured while it stormed; seconds and bytes."""

    answers: list[float] = field(default_factory=list)
    pages: dict[str, list[float]] = field(default_factory=dict)
    memory: list[int] = field(default_factory=list)
    seconds: float = 0


def main() -> None:
    rows = [run("SQLite, embedded", {})]
    with contextlib.suppress(AssertionError, FileNotFoundError), Postgres() as postgres, Redis() as redis:
        rows.append(run("Postgres, Redis", {"DATABASE_URL": postgres.url(), "BROKER_URL": redis.url}))
    write([Table("A storm", WORDS, COLUMNS, rows)])


def run(where: str, env: dict[str, str]) -> list[object]:
    load = os.getloadavg()[0]
    with SmtpSink() as sink, Panel(CAPTURE_INBOX="off", **env) as panel:
        panel.shell(f"from tests import base; base.use_smtp(host={sink.host!r}, port={sink.port}, pace='unlimited')")
        panel.sign_in_tool()
        make_rules(panel)
        weather = storm(panel)
        counts = settled(panel)
    check(counts)
    row = [*row_of(where, weather, counts), f"{load:.1f}"]
    sys.stdout.write(f"{row}\n{json.dumps(counts)[:3000]}\n")
    return row


def make_rules(panel: Panel) -> None:
    silent = [{"name": f"Silent {number}", "target_glob": f"srv-{number}*"} for number in range(100)]
    for rule in [*RULES, *silent]:
        response = panel.http.post(
            f"{panel.url}/api/v1/notifications", json={"to": ["ops@peer.test"]} | rule, timeout=30
        )
        assert response.status_code == 201, response.text


def storm(panel: Panel) -> Weather:
    weather, over = Weather(), threading.Event()
    session = panel.shell(SIGN_IN).splitlines()[-1]
    weather.memory.append(memory_of(panel))
    watchers = [
        threading.Thread(target=look_at_pages, args=(panel, session, weather, over)),
        threading.Thread(target=look_at_memory, args=(panel, weather, over)),
    ]
    for watcher in watchers:
        watcher.start()
    began = time.monotonic()
    with ThreadPoolExecutor(TOOLS) as tools:
        for seconds in tools.map(lambda tool: list(report(panel, tool)), range(TOOLS)):
            weather.answers += seconds
    weather.seconds = time.monotonic() - began
    over.set()
    for watcher in watchers:
        watcher.join()
    return weather


def report(panel: Panel, tool: int) -> Iterator[float]:
    """Each tool its own connection; how long each answer took."""
    http = requests.Session()
    http.trust_env = False
    http.headers.update(panel.http.headers)
    for number in range(tool, COMPLETIONS, TOOLS):
        body = {"kind": "deployment", "source": f"tool {tool}", "id": str(number), "name": f"Deployment {number}"}
        body |= {"package": f"Package {number % 50}", "outcome": "failed" if number % 5 == 0 else "success"}
        began = time.monotonic()
        response = http.post(f"{panel.url}/api/v1/completions", json=body | {"targets": TARGETS}, timeout=60)
        yield time.monotonic() - began
        assert response.status_code == 202, response.text


def look_at_pages(panel: Panel, session: str, weather: Weather, over: threading.Event) -> None:
    http = requests.Session()
    http.trust_env = False
    http.cookies.set("sessionid", session)
    while not over.wait(0.5):
        for page in PAGES:
            response = http.get(f"{panel.url}{page}", timeout=60, allow_redirects=False)
            assert response.status_code == 200, page
            weather.pages.setdefault(page, []).append(response.elapsed.total_seconds())


def look_at_memory(panel: Panel, weather: Weather, over: threading.Event) -> None:
    while not over.wait(1):
        weather.memory.append(memory_of(panel))


def memory_of(panel: Panel) -> int:
    """Of the panel's process and all below it."""
    parents = dict(processes())
    family = {panel.process.pid}
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(map(proportional, family))


def processes() -> Iterator[tuple[int, int]]:
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            yield int(status.parent.name), int(status.read_text().rpartition(")")[2].split()[1])


def proportional(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def settled(panel: Panel) -> dict[str, Any]:
    """The counts when every window but the hour's and the day's was told of."""
    counts: dict[str, Any] = {}

    def over() -> bool:
        counts.update(json.loads(panel.shell(COUNT).splitlines()[-1]))
        short = ("Each minute", "Failures", "Throttled")
        return not counts["open"] and not any(counts["rules"][name]["waiting"] for name in short)

    wait_until(over, 400, "the last digest", every=5)
    return counts


def check(counts: dict[str, Any]) -> None:
    """Nothing lost, nothing told twice."""
    rules = counts["rules"]
    assert counts["completions"] == COMPLETIONS
    owed = dict.fromkeys(rules, COMPLETIONS) | {"Failures": COMPLETIONS // 5}
    assert Counter({name: told["alone"] + told["told"] + told["waiting"] for name, told in rules.items()}) == owed
    for told in rules.values():
        assert told["most"] <= 1
        assert told["mails"] == told["windows"]
        assert sum(int(subject.split()[0].replace(",", "")) for subject in told["subjects"]) == told["told"]


def row_of(where: str, weather: Weather, counts: dict[str, Any]) -> list[object]:
    rules = counts["rules"].values()
    return [
        where,
        f"{COMPLETIONS / weather.seconds:.0f}",
        f"{statistics.median(weather.answers) * 1000:.0f} ms",
        f"{p95(weather.answers) * 1000:.0f} ms",
        sum(told["alone"] + told["mails"] for told in rules),
        max(told["most"] for told in rules),
        f"{sum(told['alone'] + told['told'] + told['waiting'] for told in rules):,}",
        *(f"{p95(weather.pages[page]) * 1000:.0f} ms" for page in PAGES),
        f"{weather.memory[0] / 1024**2:.0f} MB",
        f"{max(weather.memory) / 1024**2:.0f} MB",
    ]


def p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1] if len(values) > 1 else values[0]


if __name__ == "__main__":
    main()
