"""What is odd about a report is repaired or left out and said, and the rest is taken."""

import json
from typing import Any

import pytest

from notifications.intake.refusals import InvalidReport
from notifications.intake.repairs import MAX_WARNINGS
from notifications.intake.report import CompletionReport, read
from tests.reports import PC1, PC2, a_body, a_report


def said(report: CompletionReport) -> dict[str, str]:
    return {warning["field"]: warning["message"] for warning in report.warnings}


def test_a_report_without_oddities_has_no_warning() -> None:
    assert a_report().warnings == []


class TestLimits:
    @pytest.mark.parametrize(
        ("field", "limit"), [("name", 500), ("package", 300), ("version", 100), ("schedule", 300), ("user", 300)]
    )
    def test_a_text_over_the_limit_is_cut(self, field: str, limit: int) -> None:
        report = a_report(**{field: "ä" * (limit + 1)})
        assert getattr(report, field) == "ä" * (limit - 1) + "…"
        assert said(report) == {field: f"is longer than {limit} characters and was cut"}

    @pytest.mark.parametrize(("field", "limit"), [("source", 100), ("id", 200)])
    def test_two_long_ids_that_differ_at_their_ends_stay_two(self, field: str, limit: int) -> None:
        reports = [a_report(**{field: "x" * limit + end}) for end in "12"]
        assert [len(getattr(report, field)) for report in reports] == [limit, limit]
        assert getattr(reports[0], field) != getattr(reports[1], field)
        assert said(reports[0]) == {field: f"is longer than {limit} characters; its end was replaced by a hash"}

    def test_the_name_of_a_target_is_cut(self) -> None:
        report = a_report(targets=[PC1, PC2 | {"name": "x" * 301}])
        assert (report.targets or [])[1].name == "x" * 299 + "…"
        assert said(report) == {"targets[1].name": "is longer than 300 characters and was cut"}

    def test_many_warnings_are_counted_beyond_the_first(self) -> None:
        warnings = a_report(targets=[PC1 | {"name": "x" * 301}] * 20_000).warnings
        assert len(warnings) == MAX_WARNINGS + 1
        assert warnings[-1] == {"field": "report", "message": "has 19,980 more of these"}


class TestTimes:
    def test_an_end_before_the_start_is_left_out(self) -> None:
        report = a_report(started_at="2026-11-22T10:00:00Z", finished_at="2026-11-22T10:59:59+01:00")
        assert report.started_at
        assert report.finished_at is None
        assert said(report) == {"finished_at": "is before started_at and was left out"}

    def test_the_end_may_be_the_beginning(self) -> None:
        report = a_report(started_at="2026-11-22T10:00:00Z", finished_at="2026-11-22T11:00:00+01:00")
        assert (report.started_at == report.finished_at, report.warnings) == (True, [])

    def test_an_odd_time_is_read(self) -> None:
        report = a_report(finished_at="2026-11-22T11:04+0100")
        assert report.finished_at == a_report().finished_at
        assert list(said(report)) == ["finished_at"]

    def test_a_time_without_a_zone_is_left_out(self) -> None:
        report = a_report(started_at="2026-11-22T10:00:00")
        assert report.started_at is None
        assert list(said(report)) == ["started_at"]

    @pytest.mark.parametrize("seconds", [-1, -0.5, 1e10, 10**20])
    def test_a_duration_that_cannot_be_is_left_out(self, seconds: float) -> None:
        report = a_report(targets=[PC1 | {"seconds": seconds}])
        assert (report.targets or [])[0].seconds is None
        assert list(said(report)) == ["targets[0].seconds"]


class TestBlanks:
    @pytest.mark.parametrize("blank", [None, "", " \x00 ", "\x1b[0m"])
    def test_the_package_stands_in_for_a_blank_name(self, blank: Any) -> None:
        report = a_report(name=blank)
        assert report.name == "7-Zip"
        assert said(report) == {"name": "is blank; “7-Zip” was taken instead"}

    def test_the_id_stands_in_where_nothing_else_does(self) -> None:
        assert a_report(name=None, package=None, schedule="").name == "12345"

    @pytest.mark.parametrize("blank", [None, "", "\u2028"])
    def test_a_target_without_a_name_is_numbered(self, blank: Any) -> None:
        report = a_report(targets=[PC1, PC2 | {"name": blank}])
        assert (report.targets or [])[1].name == "Target 2"
        assert list(said(report)) == ["targets[1].name"]


class TestShape:
    def test_one_target_that_is_no_list_is_a_list_of_one(self) -> None:
        report = a_report(targets=PC2)
        assert [target.name for target in report.targets or []] == ["PC-002"]
        assert said(report) == {"targets": "is one object; it was taken as a list of one"}

    def test_null_among_the_targets_is_left_out(self) -> None:
        report = a_report(targets=[PC1, None, PC2])
        assert [target.name for target in report.targets or []] == ["PC-001", "PC-002"]
        assert said(report) == {"targets[1]": "is null and was left out"}

    def test_a_list_with_one_report_is_that_report(self) -> None:
        report = read(json.dumps([a_body()]).encode())
        assert (report.id, list(said(report))) == ("12345", ["report"])

    @pytest.mark.parametrize("content", [[], [None], [[a_body()]], [a_body(), a_body()], None, 1, "x", True])
    def test_anything_else_is_refused(self, content: Any) -> None:
        with pytest.raises(InvalidReport, match="report must be an object"):
            read(json.dumps(content).encode())

    @pytest.mark.parametrize("word", ["Failed", "FAILED", " failed\n", "\x1b[31mfailed\x1b[0m"])
    def test_an_outcome_is_read_in_any_case(self, word: str) -> None:
        report = a_report(outcome=word)
        assert report.outcome == "failed"
        assert said(report) == {"outcome": "was read as “failed”"}


@pytest.mark.parametrize(
    ("encoding", "name"),
    [("utf-8", "UTF-8"), ("utf-16-le", "UTF-16"), ("utf-16-be", "UTF-16"), ("utf-32-be", "UTF-32")],
)
def test_a_byte_order_mark_says_how_the_report_is_read(encoding: str, name: str) -> None:
    report = read(("\ufeff" + json.dumps(a_body(name="Büro"), ensure_ascii=False)).encode(encoding))
    assert report.name == "Büro"
    assert said(report) == {"report": f"begins with a byte order mark and was read as {name}"}


def test_a_repaired_report_is_the_same_as_one_that_was_right() -> None:
    odd = a_report(started_at="2026-11-22T10:00Z", url="https://tool/My Job", targets=PC2, name="\x1b[1mLab\x1b[0m")
    right = a_report(started_at="2026-11-22T10:00:00Z", url="https://tool/My%20Job", targets=[PC2], name="Lab")
    assert odd.digest == right.digest
