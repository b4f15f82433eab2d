"""First failure, still failing, recovered."""

import json
import os
import subprocess
import sys

import pytest

from tests.base import a_notification
from tests.stories.conftest import Tool

pytestmark = pytest.mark.django_db


@pytest.fixture
def three_rules() -> None:
    a_notification(name="first", history=["first_failure"])
    a_notification(name="recovered", history=["recovered"])
    a_notification(name="still", history=["still_failing"])


@pytest.mark.usefixtures("three_rules")
class TestNightlyUpdates:
    def test_fail_four_times_and_then_work_again(self, tool: Tool) -> None:
        assert tool.reports("success") == []
        assert tool.reports("failed") == ["first"]
        assert tool.reports("failed") == ["still"]
        assert tool.reports("partial") == ["still"]
        assert tool.reports("failed") == ["still"]
        assert tool.reports("success") == ["recovered"]
        assert tool.reports("success") == []
        assert tool.reports("failed") == ["first"]

    def test_fail_at_the_very_first_time(self, tool: Tool) -> None:
        assert tool.reports_all("partial", "success") == [["first"], ["recovered"]]

    def test_are_cancelled_between_two_failures(self, tool: Tool) -> None:
        """Somebody pressing cancel says nothing about whether they work."""
        assert tool.reports_all("failed", "cancelled", "failed", "cancelled", "success", "cancelled", "success") == [
            *(["first"], [], ["still"], [], ["recovered"], [], []),
        ]

    def test_tell_of_their_end_in_another_order_than_they_ended(self, tool: Tool) -> None:
        """What counts is what the server heard: a clock of a tool may be years off."""
        times = ["2026-11-22T12:00:00Z", "2020-01-01T00:00:00Z", "2031-07-01T00:00:00Z", "2026-11-22T11:00:00Z"]
        told = [
            tool.reports(outcome, started_at=at, finished_at=at)
            for outcome, at in zip(("failed", "failed", "success", "failed"), times, strict=True)
        ]
        assert told == [["first"], ["still"], ["recovered"], ["first"]]

    def test_are_reported_twice_by_a_tool_that_got_no_answer(self, tool: Tool) -> None:
        assert tool.reports("failed", id="7") == ["first"]
        assert tool.reports("failed", id="7") == ["first"]
        assert tool.reports("failed", id="8") == ["still"]

    @pytest.mark.parametrize(
        "other", [{"source": "jenkins"}, {"package": "Firefox"}, {"schedule": "Weekly"}, {"package": None}]
    )
    def test_have_nothing_to_do_with_those_of_another_series(self, tool: Tool, other: dict[str, str]) -> None:
        assert tool.reports("failed") == ["first"]
        assert tool.reports("failed", **other) == ["first"]
        assert tool.reports("success", **other) == ["recovered"]
        assert tool.reports("failed") == ["still"]

    def test_of_a_new_version_go_on_with_the_same_series(self, tool: Tool) -> None:
        assert tool.reports("failed", version="24.07", name="7-Zip 24.07") == ["first"]
        assert tool.reports("success", version="24.08", name="7-Zip 24.08") == ["recovered"]


@pytest.mark.usefixtures("three_rules")
class TestJobsWithoutAPackage:
    """They are known by their names."""

    @pytest.mark.parametrize("common", [{}, {"schedule": "Nightly"}])
    def test_have_a_history_each(self, tool: Tool, common: dict[str, str]) -> None:
        def reports(name: str, outcome: str) -> list[str]:
            return tool.reports(outcome, package=None, name=name, **common)

        assert reports("Backup A", "failed") == ["first"]
        assert reports("Backup B", "success") == []
        assert reports("Backup A", "failed") == ["still"]
        assert reports("Backup C", "failed") == ["first"]
        assert reports("Backup A", "success") == ["recovered"]
        assert reports("Backup C", "success") == ["recovered"]

    def test_are_the_same_job_with_another_version(self, tool: Tool) -> None:
        told = [tool.reports(outcome, package="", name="A", version=outcome) for outcome in ("failed", "success")]
        assert told == [["first"], ["recovered"]]

    @pytest.mark.parametrize("other", [{"source": "jenkins"}, {"schedule": "Weekly"}, {"package": "A"}])
    def test_are_another_job_elsewhere(self, tool: Tool, other: dict[str, str]) -> None:
        assert tool.reports("failed", package=None, name="A") == ["first"]
        assert tool.reports("success", **{"package": None, "name": "A"} | other) == []


def test_a_schedule_and_a_deployment_of_one_name_are_two_series(tool: Tool) -> None:
    for kind in ("deployment", "schedule"):
        a_notification(name=f"first {kind}", kind=kind, history=["first_failure"])
    assert tool.reports(kind="deployment") == ["first deployment"]
    assert tool.reports(kind="schedule") == ["first schedule"]


def test_every_third_further_failure_is_told_until_it_recovers(tool: Tool) -> None:
    a_notification(name="third", history=["still_failing"], still_failing_every=3)
    silent = [[]] * 3
    assert tool.reports_all(*["failed"] * 8) == [*silent, ["third"], [], [], ["third"], []]
    assert tool.reports_all("success", *["failed"] * 4) == [[], *silent, ["third"]]


def test_several_words_of_the_history_mean_any_of_them(tool: Tool) -> None:
    a_notification(name="both", history=["first_failure", "recovered"])
    assert tool.reports_all("failed", "failed", "success", "success") == [["both"], [], ["both"], []]


def test_history_and_outcome_must_both_hold(tool: Tool) -> None:
    a_notification(name="wholly", history=["first_failure"], outcomes=["failed"])
    assert tool.reports_all("partial", "success", "failed") == [[], [], ["wholly"]]


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_those_that_arrive_together_are_each_one_further(database: str, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue("postgres_url") if database == "postgres" else ""
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment |= {"DATABASE_URL": url} if url else {}
    run = subprocess.run(
        [sys.executable, "-m", "tests.stories.together", "20"], env=environment, capture_output=True, timeout=120
    )
    assert run.returncode == 0, run.stderr.decode()
    assert sorted(json.loads(run.stdout)) == list(range(20))
