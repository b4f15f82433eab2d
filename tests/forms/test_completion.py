"""A completion typed by hand becomes a report, or says which line is wrong."""

import pytest

from notifications.forms.completion import CompletionForm
from notifications.models import Outcome

REPORT = {"kind": "deployment", "name": "7-Zip to Lab", "source": "manual", "id": "1"}


def form_of(**values: str) -> CompletionForm:
    return CompletionForm(REPORT | values)


def target_error(targets: str) -> str:
    form = form_of(targets=targets)
    assert list(form.errors) == ["targets"]
    return " ".join(form.errors["targets"])


def test_reads_a_target_from_each_line() -> None:
    form = form_of(targets="  PC-001   SUCCESS \n\nPC-002\tfailed\texit  code 1603  ")

    assert form.is_valid(), form.errors
    assert [(target.name, target.outcome, target.detail) for target in form.report.targets or []] == [
        ("PC-001", Outcome.SUCCESS, None),
        ("PC-002", Outcome.FAILED, "exit  code 1603"),
    ]


def test_takes_an_outcome_without_targets() -> None:
    form = form_of(outcome="failed")

    assert form.is_valid(), form.errors
    assert form.report.settled_outcome == Outcome.FAILED


def test_lets_the_targets_decide() -> None:
    form = form_of(targets="A success\nB failed")

    assert form.is_valid(), form.errors
    assert form.report.settled_outcome == Outcome.PARTIAL


def test_asks_for_an_outcome_when_there_are_no_targets() -> None:
    assert list(form_of().errors) == ["outcome"]


def test_names_the_line_with_an_unknown_outcome() -> None:
    assert target_error("A success\n\nB exploded").startswith("Line 3: the outcome must be")


def test_names_the_line_without_an_outcome() -> None:
    assert target_error("PC-001").startswith("Line 1: the outcome must be")


def test_cuts_too_long_a_name_of_a_target() -> None:
    form = form_of(targets=f"A success\n{'x' * 301} failed")

    assert form.is_valid(), form.errors
    assert [warning["field"] for warning in form.report.warnings] == ["targets[1].name"]


def test_names_every_wrong_line() -> None:
    told = target_error("A success\nB exploded\nC")
    assert ("Line 2: the outcome" in told, "Line 3: the outcome" in told) == (True, True)


def test_names_the_first_ten_of_many_wrong_lines() -> None:
    assert len(form_of(targets="A exploded\n" * 500).errors["targets"]) == 11


def test_refuses_more_targets_than_a_report_may_have() -> None:
    assert "20000" in target_error("A success\n" * 20_001)


@pytest.mark.parametrize("name", ["kind", "name", "source", "id"])
def test_needs(name: str) -> None:
    assert name in form_of(**{name: " ", "outcome": "failed"}).errors


def test_names_an_unknown_outcome() -> None:
    assert "outcome" in form_of(outcome="exploded").errors


@pytest.mark.parametrize(("name", "value"), [("name", "x" * 501), ("source", "x" * 101), ("id", "x" * 201)])
def test_shortens_what_is_too_long_and_says_so(name: str, value: str) -> None:
    form = form_of(**{"outcome": "failed", name: value})

    assert form.is_valid(), form.errors
    assert [warning["field"] for warning in form.report.warnings] == [name]


def test_takes_what_was_copied_from_a_terminal() -> None:
    form = form_of(package="a\0b", name="\x1b[1m7-Zip\x1b[0m", targets="PC-001 \x1b[31mfailed\x1b[0m exit code 1603")

    assert form.is_valid(), form.errors
    assert (form.report.package, form.report.name, form.report.outcome) == ("a b", "7-Zip", None)
    assert form.report.settled_outcome == Outcome.FAILED
