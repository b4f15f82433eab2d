import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.intake.refusals import InvalidReport
from notifications.intake.report import read
from notifications.models import Completion, Outcome, TargetResult
from tests.reports import PC1, PC2, a_body, a_report


def refusals(**fields: Any) -> dict[str, str]:
    with pytest.raises(InvalidReport) as caught:
        a_report(**fields)
    return {refusal.field: refusal.message for refusal in caught.value.refusals}


def target(**fields: Any) -> list[dict[str, Any]]:
    return [PC1 | fields]


class TestFields:
    def test_the_whole_example_is_understood(self) -> None:
        report = a_report()
        assert report.id == "12345"
        assert report.user == "CORP\\deploy-svc"
        assert report.targets is not None
        assert report.targets[0].seconds == 12.5

    @pytest.mark.parametrize("name", ["kind", "source", "id", "name"])
    def test_needed_fields_are_named_when_missing(self, name: str) -> None:
        assert refusals(**{name: ...}) == {name: "is missing"}

    @pytest.mark.parametrize(
        "name", ["package", "version", "schedule", "outcome", "started_at", "finished_at", "user", "url"]
    )
    def test_the_others_may_be_null_or_left_out(self, name: str) -> None:
        assert getattr(a_report(**{name: None}), name) is None
        assert getattr(a_report(**{name: ...}), name) is None

    def test_an_unknown_field_is_named(self) -> None:
        assert list(refusals(sevrity="high")) == ["sevrity"]
        assert list(refusals(targets=target(nmae="PC-001"))) == ["targets[0].nmae"]

    def test_an_unknown_field_that_is_like_a_known_one_brings_it_to_mind(self) -> None:
        known = "is not a field that is known here"
        assert refusals(started="2026-11-22T10:00:00Z") == {"started": f"{known}; did you mean “started_at”?"}
        assert refusals(targets=target(details="x")) == {"targets[0].details": f"{known}; did you mean “detail”?"}
        assert refusals(colour="red") == {"colour": known}

    @pytest.mark.parametrize(
        ("fields", "field"),
        [
            ({"id": 12345}, "id"),
            ({"id": None}, "id"),
            ({"source": ""}, "source"),
            ({"started_at": 1763800000}, "started_at"),
            ({"name": ["x"]}, "name"),
            ({"kind": "rollout"}, "kind"),
            ({"kind": 1}, "kind"),
            ({"outcome": "ok"}, "outcome"),
            ({"outcome": ""}, "outcome"),
            ({"targets": "PC-001"}, "targets"),
            ({"targets": ["PC-001"]}, "targets[0]"),
            ({"targets": target(seconds="12")}, "targets[0].seconds"),
            ({"targets": target(seconds=True)}, "targets[0].seconds"),
            ({"targets": target(outcome=None)}, "targets[0].outcome"),
        ],
    )
    def test_types_are_not_guessed(self, fields: dict[str, Any], field: str) -> None:
        assert list(refusals(**fields)) == [field]

    def test_a_report_that_is_no_object_is_refused(self) -> None:
        with pytest.raises(InvalidReport, match="report must be an object"):
            read(b"[]")

    @pytest.mark.parametrize(
        ("name", "column"),
        [("source", "source"), ("id", "external_id"), ("name", "name"), ("package", "package"), ("version", "version")],
    )
    def test_what_fits_is_what_the_column_holds(self, name: str, column: str) -> None:
        limit = Completion._meta.get_field(column).max_length
        report = a_report(**{name: "ä" * limit})
        assert (getattr(report, name), report.warnings) == ("ä" * limit, [])

    def test_a_targets_name_has_its_columns_limit(self) -> None:
        limit = TargetResult._meta.get_field("name").max_length
        report = a_report(targets=target(name="x" * limit))
        assert report.warnings == []

    def test_twenty_thousand_targets_fit_and_one_more_does_not(self) -> None:
        assert len(a_report(targets=[PC1] * 20_000).targets or []) == 20_000
        assert refusals(targets=[PC1] * 20_001) == {"targets": "has more than 20000 entries"}

    def test_the_reasons_are_few_however_many_fields_are_wrong(self) -> None:
        assert len(refusals(**{f"x{number}": 1 for number in range(80)})) == 20
        assert len(refusals(targets=[{}] * 20_000)) == 2


class TestOutcome:
    @pytest.mark.parametrize(
        ("outcomes", "expected"),
        [
            (["success", "success"], Outcome.SUCCESS),
            (["failed"], Outcome.FAILED),
            (["cancelled", "cancelled"], Outcome.CANCELLED),
            (["success", "failed"], Outcome.PARTIAL),
            (["success", "cancelled"], Outcome.PARTIAL),
            (["partial"], Outcome.PARTIAL),
        ],
    )
    def test_follows_from_the_targets(self, outcomes: list[str], expected: Outcome) -> None:
        targets = [{"name": f"PC-{number}", "outcome": outcome} for number, outcome in enumerate(outcomes)]
        assert a_report(outcome=..., targets=targets).settled_outcome == expected

    def test_what_was_said_counts_more_than_the_targets(self) -> None:
        assert a_report(outcome="cancelled", targets=[PC1]).settled_outcome == Outcome.CANCELLED

    @pytest.mark.parametrize("targets", [..., None, []])
    def test_must_be_said_without_targets(self, targets: Any) -> None:
        assert "targets" in refusals(outcome=..., targets=targets)["outcome"]
        assert a_report(outcome="success", targets=targets).settled_outcome == Outcome.SUCCESS


class TestText:
    @pytest.mark.parametrize("odd", ["\x00", "\r\n", "\u2028", "\u2029", "\x85", "\x0b", "\x1b[31m"[0], "\x7f"])
    def test_an_odd_character_becomes_one_space(self, odd: str) -> None:
        assert a_report(name=f"7-Zip{odd}{odd}24.08{odd}").name == "7-Zip 24.08"
        assert (a_report(targets=target(name=f"PC{odd}1")).targets or [])[0].name == "PC 1"

    def test_an_id_of_nothing_else_is_blank(self) -> None:
        assert refusals(id=" \x00\u2028 ") == {"id": "must not be blank"}
        assert a_report(package=" \x00 ").package is None

    def test_a_detail_keeps_its_lines(self) -> None:
        detail = (a_report(targets=target(detail="one\r\n\ttwo\x00\x1b[0m\u2028three\n")).targets or [])[0].detail
        assert detail == "one\n\ttwo \nthree"

    @given(st.text(min_size=1, max_size=60))
    def test_no_text_breaks_a_line(self, text: str) -> None:
        try:
            name = a_report(name=text).name
        except InvalidReport:
            return
        assert name.splitlines() == [name]
        assert name == name.strip()


class TestDigest:
    def test_is_the_same_however_it_was_written(self) -> None:
        body = a_body(started_at="2026-11-22T11:00:00+01:00", schedule=..., package=" 7-Zip\x00", outcome="partial")
        shuffled = dict(reversed(body.items()))
        same = read(json.dumps(shuffled | {"outcome": None}).encode())
        assert read(json.dumps(a_body(outcome="partial")).encode()).digest == same.digest

    def test_no_targets_in_any_spelling_are_the_same(self) -> None:
        assert len({a_report(targets=targets).digest for targets in (..., None, [])}) == 1

    @pytest.mark.parametrize("field", ["name", "package", "version", "schedule", "user", "kind", "url", "outcome"])
    def test_tells_each_field_apart(self, field: str) -> None:
        other = {"kind": "schedule", "url": "https://tool/2", "outcome": "success"}.get(field, "other")
        assert a_report(**{field: other}).digest != a_report().digest

    def test_tells_the_targets_apart(self) -> None:
        reports = [a_report(targets=targets) for targets in ([PC1, PC2], [PC2, PC1], [PC1], target(detail="x"))]
        assert len({report.digest for report in reports}) == 4
