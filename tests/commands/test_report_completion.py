"""The same road as the API's, from a file."""

import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from notifications.models import Completion, Message
from tests.base import a_notification
from tests.databases import database_url, locked_by_somebody
from tests.reports import a_body

pytestmark = pytest.mark.django_db


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "report.json"


def report(file: Path, body: Any) -> dict[str, Any]:
    file.write_bytes(body if isinstance(body, bytes) else json.dumps(body).encode())
    out = StringIO()
    call_command("report_completion", str(file), stdout=out)
    answer: dict[str, Any] = json.loads(out.getvalue())
    return answer


def test_a_report_is_stored_and_answered_like_the_apis(file: Path) -> None:
    a_notification()
    answer = report(file, a_body())
    messages = [str(Message.objects.get().uuid)]
    assert answer == {"id": str(Completion.objects.get().uuid), "messages": messages, "warnings": []}


def test_the_same_again_gets_the_same_answer(file: Path) -> None:
    assert report(file, a_body()) == report(file, a_body())


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "not valid JSON"),
        (b'{"id": "1", "id": "2"}', "twice"),
        ([], "report must be an object"),
        (a_body(outcome="ok", sevrity=1), "outcome must be .*; sevrity is not a field"),
        (a_body(id=None), "id must be a string"),
    ],
)
def test_what_does_not_fit_is_named_and_not_stored(file: Path, body: Any, reason: str) -> None:
    with pytest.raises(CommandError, match=reason):
        report(file, body)
    assert not Completion.objects.exists()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_file_of_powershell_is_read(file: Path, encoding: str) -> None:
    answer = report(file, json.dumps(a_body()).encode(encoding))
    assert [warning["field"] for warning in answer["warnings"]] == ["report"]


def test_an_odd_part_is_repaired_and_said(file: Path) -> None:
    answer = report(file, a_body(finished_at="2026-11-22T09:00:00Z", targets=a_body()["targets"][0]))
    assert [warning["field"] for warning in answer["warnings"]] == ["finished_at", "targets"]
    assert Completion.objects.get().warnings == answer["warnings"]


def test_another_report_under_the_same_id_is_refused(file: Path) -> None:
    report(file, a_body())
    with pytest.raises(CommandError, match="reported before"):
        report(file, a_body(name="Something else"))


def test_a_file_that_is_not_there_is_named(file: Path) -> None:
    with pytest.raises(CommandError, match=r"report\.json cannot be read: No such file"):
        call_command("report_completion", str(file))


def test_a_file_beyond_the_limit_is_refused(file: Path) -> None:
    with pytest.raises(CommandError, match="8 MiB"):
        report(file, b" " * (settings.API_BODY_LIMIT + 1))


@pytest.mark.django_db(transaction=True)
def test_a_locked_database_is_told_and_keeps_nothing(file: Path) -> None:
    with locked_by_somebody("notifications_completion"), pytest.raises(CommandError, match="Nothing was stored"):
        report(file, a_body())
    assert not Completion.objects.exists()


@pytest.mark.django_db(transaction=True)
class TestAsAProgram:
    def run(self, body: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", "report_completion", "-"],
            cwd=settings.BASE_DIR,
            env=os.environ
            | {"DJANGO_SETTINGS_MODULE": "mailadmin.settings", "BROKER_URL": "memory://"}
            | {"DATABASE_URL": database_url()},
            input=json.dumps(body),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def test_it_reads_standard_input_and_prints_the_answer(self) -> None:
        ended = self.run(a_body())
        assert (ended.returncode, ended.stderr) == (0, "")
        assert json.loads(ended.stdout)["id"] == str(Completion.objects.get().uuid)

    def test_a_refusal_ends_with_1_and_one_line(self) -> None:
        ended = self.run(a_body(kind="rollout"))
        assert (ended.returncode, ended.stdout) == (1, "")
        assert ended.stderr == "CommandError: The report does not fit: kind must be 'deployment' or 'schedule'.\n"
