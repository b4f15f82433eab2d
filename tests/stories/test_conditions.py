"""How bad, how long, and what it is called."""

import pytest

from tests.base import a_notification
from tests.stories.conftest import Tool

pytestmark = pytest.mark.django_db


class TestThirtyPercent:
    def test_of_ten_targets_are_three(self, tool: Tool) -> None:
        a_notification(name="30 %", min_failed_percent=30)
        assert [tool.fails_on(failed, of=10) for failed in (1, 2, 3, 4, 10)] == [[], [], *[["30 %"]] * 3]

    def test_is_not_reached_by_a_hair(self, tool: Tool) -> None:
        a_notification(name="30 %", min_failed_percent=30)
        assert tool.fails_on(29, of=97) == []
        assert tool.fails_on(30, of=97) == ["30 %"]

    def test_counts_partly_failed_and_leaves_cancelled_among_the_targets(self, tool: Tool) -> None:
        a_notification(name="50 %", min_failed_percent=50)
        targets = [
            {"name": f"PC-{number}", "outcome": outcome} for number, outcome in enumerate(("partial", "cancelled"))
        ]
        assert tool.reports("partial", targets=targets) == ["50 %"]
        assert tool.reports("partial", targets=[*targets, targets[1]]) == []

    def test_of_no_targets_is_nothing(self, tool: Tool) -> None:
        a_notification(name="1 %", min_failed_percent=1)
        assert tool.reports("failed", targets=[]) == []

    def test_or_five_targets_means_that_either_is_enough(self, tool: Tool) -> None:
        a_notification(name="either", min_failed_percent=30, min_failed_targets=5)
        assert tool.fails_on(5, of=1000) == ["either"]
        assert tool.fails_on(1, of=2) == ["either"]
        assert tool.fails_on(4, of=1000) == []


def test_two_failed_targets_are_told_and_one_is_not(tool: Tool) -> None:
    a_notification(name="two", min_failed_targets=2)
    assert [tool.fails_on(failed, of=50) for failed in (0, 1, 2, 3)] == [[], [], ["two"], ["two"]]


def test_longer_than_twenty_minutes_is_a_second_more(tool: Tool) -> None:
    a_notification(name="slow", longer_than_minutes=20)
    assert tool.takes(minutes=19) == []
    assert tool.takes(minutes=20) == []
    assert tool.takes(minutes=20, seconds=1) == ["slow"]
    assert tool.takes(days=3) == ["slow"]


@pytest.mark.parametrize("unknown", ["started_at", "finished_at"])
def test_what_does_not_say_how_long_it_took_is_not_long(tool: Tool, unknown: str) -> None:
    a_notification(name="slow", longer_than_minutes=1)
    assert tool.reports(**{unknown: None}) == []


@pytest.mark.parametrize(
    ("field", "glob", "told", "not_told"),
    [
        ("name", "*to lab", "7-Zip to Lab", "7-Zip to Office"),
        ("package", "7-*", "7-ZIP", "Firefox"),
        ("version", "24.0?", "24.08", "24.08.1"),
        ("schedule", "nightly*", "Nightly updates", "Weekly updates"),
        ("source", "jenkins-??", "jenkins-02", "jenkins"),
        ("user", r"corp\*", r"CORP\deploy-svc", r"LAB\deploy-svc"),
    ],
)
def test_a_filter_on_a_field_looks_at_that_field(tool: Tool, field: str, glob: str, told: str, not_told: str) -> None:
    a_notification(name="rule", **{f"{field}_glob": glob})
    assert tool.reports(**{field: told}) == ["rule"]
    assert tool.reports(**{field: not_told}) == []


@pytest.mark.parametrize("field", ["package", "version", "schedule", "user"])
def test_a_filter_on_a_field_that_is_not_told_does_not_hold(tool: Tool, field: str) -> None:
    a_notification(name="rule", **{f"{field}_glob": "?*"})
    assert tool.reports(**{field: None}) == []


class TestTargetFilter:
    @pytest.mark.parametrize("glob", ["pc-*", "*-007", "PC-00?", "*c-0?7", "?c*0*", "*", "pc-007"])
    def test_holds_when_one_is_named_so(self, tool: Tool, glob: str) -> None:
        a_notification(name="rule", target_glob=glob)
        assert tool.reports(targets=targets("SRV-1", "Laptop", "PC-007")) == ["rule"]

    @pytest.mark.parametrize("glob", ["pc-1*", "*-07", "pc", "c-007", "PC-0?", "*srv-1*pc*", "?srv-1", "srv-1?"])
    def test_does_not_hold_across_two_names_or_for_part_of_one(self, tool: Tool, glob: str) -> None:
        a_notification(name="rule", target_glob=glob)
        assert tool.reports(targets=targets("SRV-1", "Laptop", "PC-007")) == []

    @pytest.mark.parametrize("glob", ["*", "?*"])
    def test_does_not_hold_without_targets(self, tool: Tool, glob: str) -> None:
        a_notification(name="rule", target_glob=glob)
        assert tool.reports(targets=[]) == []


def targets(*names: str) -> list[dict[str, str]]:
    return [{"name": name, "outcome": "failed"} for name in names]
