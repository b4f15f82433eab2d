"""How long 1,000 notifications with every condition set take against a completion with 1,000 targets.

Not a test: it asserts no time. `python -m tests.bench.matching`, on the database of the tests' settings (SQLite, or
DATABASE_URL's), which it makes and deletes.
"""

import os
import sys
import time
from collections.abc import Iterator
from datetime import time as clock
from typing import Any

import django
from django.db import connection, reset_queries
from django.test.utils import setup_databases, teardown_databases

from tests.bench.page import Table, write

RULES, TARGETS, ROUNDS = 1000, 1000, 10
WORDS = f"""{RULES:,} notifications with every condition set against a completion with {TARGETS:,} targets. In processor
time, since other programs may run, with the reading of the notifications and the targets. Cold: nothing compiled or
folded before; warm: the quickest of the next {ROUNDS - 1}."""
COLUMNS = ("Case", "Fire", "Queries", "Cold", "Warm")


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        write([Table("Matching", WORDS, COLUMNS, list(measure_all()))])
    finally:
        teardown_databases(databases, verbosity=0)


def measure_all() -> Iterator[list[object]]:
    from notifications.models import Completion
    from tests.base import a_completion

    targets = {f"PC-{number:04}.corp.example.com": "failed" if number % 3 else "success" for number in range(TARGETS)}
    completion = a_completion(targets, user="CORP\\deploy-svc", schedule="Nightly updates", failures_before=3)
    Completion.objects.filter(pk=completion.pk).update(started_at=completion.started_at - clock_hours(2))
    completion.refresh_from_db()
    for title, target_glob in (
        ("one in ten has its target", "pc-{0:03}0*"),
        ("each has its target", "pc-{0:04}*"),
        ("a target with ? and stars", "*c-{0:04}.c?rp*com"),
        ("no target", "srv-{0:04}*"),
        ("hardest: near all names", "pc-*.corp*x{0}*com"),
    ):
        make_rules(target_glob)
        yield measure(f"all conditions hold, {title}", completion)
    make_rules("pc-{0:04}*", source_glob="jenkins*")
    yield measure("the source says no", completion)


def make_rules(target_glob: str, **columns: Any) -> None:
    from notifications.models import Notification

    Notification.objects.all().delete()
    Notification.objects.bulk_create(
        Notification(**(every_condition(number) | {"target_glob": target_glob.format(number)} | columns))
        for number in range(RULES)
    )


def every_condition(number: int) -> dict[str, Any]:
    return {
        "name": f"Rule {number:04}",
        "to": ["ops@example.com"],
        "text_template": "{{ name }} " * 200,
        "outcomes": ["failed", "partial"],
        "history": ["still_failing"],
        "still_failing_every": 3,
        "min_failed_percent": 1 + number % 60,
        "min_failed_targets": 1 + number % 600,
        "longer_than_minutes": 1 + number % 60,
        "name_glob": f"*7-zip*lab {'?' * (number % 2)}*",
        "package_glob": "7-*",
        "version_glob": f"*2?.{number % 5}*" if number % 5 == 0 else "24.*",
        "schedule_glob": f"night*{'updates'[number % 7 :]}",
        "source_glob": "pd?",
        "user_glob": f"corp*{'deploy-svc'[number % 10 :]}",
        "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
        "hours_from": clock(0, number % 60),
        "hours_until": clock(0, number % 60),
        "time_zone": ("Europe/Berlin", "America/New_York", "Asia/Tokyo")[number % 3],
        "outside_hours": "drop",
    }


def clock_hours(hours: int) -> Any:
    from datetime import timedelta

    return timedelta(hours=hours)


def measure(title: str, completion: Any) -> list[object]:
    """In CPU time, since other programs may be running. Cold: nothing compiled, folded or reckoned before."""
    from notifications.matching import globs, hours, matching_notifications

    for cache in (globs.compiled, globs.pieces_of, hours.opening):
        cache.cache_clear()
    connection.force_debug_cursor = True
    reset_queries()
    seconds, fired = [], 0
    for _ in range(ROUNDS):
        begin = time.process_time()
        fired = len(matching_notifications(completion))
        seconds.append(time.process_time() - begin)
    queries = len(connection.queries) // ROUNDS
    row = [title, fired, queries, f"{seconds[0] * 1000:.0f} ms", f"{min(seconds[1:]) * 1000:.0f} ms"]
    sys.stdout.write(f"{row}\n")
    return list(row)


if __name__ == "__main__":
    main()
