"""What an older release left behind, after the migrations."""

import hashlib
import json
import sqlite3
from pathlib import Path

import psycopg
import pytest

from tests.installation import Installation
from tests.keys import new_key

BEFORE = "0002_before_the_first_release"
COMPLETION = """INSERT INTO notifications_completion (uuid, kind, source, external_id, name, package, version, schedule,
    outcome, "user", url, received_at, reported_by, digest, series_id, failures_before)
    VALUES ('{uuid}', 'deployment', 'pdq', '{number}', '{name}', '', '', '', '{outcome}', '', '',
    '2026-11-22 10:00:00', '', '', 1, {before})"""
# The name, the outcome, and how many failures the release before counted in front of it.
OLD = (("A", "failed", 0), ("B", "success", 1), ("A", "cancelled", 0), ("A", "partial", 0), ("C", "failed", 1))
AFTER = """
from notifications.intake.accept import accept
from notifications.models import Completion
from tests.reports import a_report
print(list(Completion.objects.order_by('pk').values_list('name', 'failures_before')))
jobs = [('A', None), ('B', None), ('C', None), ('other name', '7-Zip')]
reports = [a_report(id=name, name=name, package=package) for name, package in jobs]
print([accept(report).completion.failures_before for report in reports])
"""


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_jobs_without_a_package_get_a_history_each_and_the_others_keep_theirs(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("postgres_url") if database == "postgres" else ""
    here, key = Installation(tmp_path / "data", url), new_key()
    here.manage(key, "migrate", "notifications", BEFORE, "--verbosity", "0")
    with psycopg.connect(url) if url else sqlite3.connect(tmp_path / "data" / "mailadmin.sqlite3") as connection:
        for statement in statements():
            connection.execute(statement)
    here.manage(key, "migrate", "--verbosity", "0")
    told = here.manage(key, "shell", "--verbosity", "0", "--command", AFTER).splitlines()
    assert told == ["[('A', 0), ('B', 0), ('A', 1), ('A', 1), ('C', 0)]", "[2, 0, 1, 3]"]


def statements() -> list[str]:
    """Two series, as the release before keyed them, and completions without a package in the first."""
    packaged = hashlib.sha256(json.dumps(["pdq", "deployment", "7-Zip", ""]).encode()).hexdigest()
    series = [
        f"INSERT INTO notifications_series (key, failures_in_a_row) VALUES ('{key}', {failures})"
        for key, failures in (("shared", 2), (packaged, 3))
    ]
    completions = [
        COMPLETION.format(uuid=f"{number:032x}", number=number, name=name, outcome=outcome, before=before)
        for number, (name, outcome, before) in enumerate(OLD)
    ]
    return [*series, *completions]
