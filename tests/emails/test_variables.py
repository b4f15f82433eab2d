import re
from pathlib import Path
from typing import Any

import pytest

from notifications.emails.language import check, render
from notifications.emails.samples import samples
from notifications.emails.summary import Summary
from notifications.emails.values import Item, lines, percent, template_values
from notifications.emails.variables import TARGET, VARIABLES, Kind, Variable
from notifications.models import TargetResult
from tests.emails.props import completion, notification, targets

DOCUMENTATION = (Path(__file__).parents[2] / "docs" / "notifications.md").read_text()
OF_INSTALLATION = {"panel_url"}


def values(rows: list[TargetResult] | None = None, **told: Any) -> dict[str, Any]:
    return template_values(notification(), Summary(completion(**told), rows or []))


def test_each_variable_has_a_value_and_each_value_a_variable() -> None:
    assert set(values()) == {variable.name for variable in VARIABLES}


def test_each_member_of_a_target_has_a_value() -> None:
    assert set(values(targets("failed"))["targets"][0]) == {member.name for member in TARGET}


@pytest.mark.parametrize("variable", VARIABLES, ids=lambda variable: variable.name)
def test_a_sample_is_what_the_variable_reads_as(variable: Variable) -> None:
    sample = samples()["failed"]
    made = template_values(notification(), Summary(sample.completion, sample.targets))
    source = f"{{{{ {variable.name}|join }}}}" if variable.kind is Kind.LIST else f"{{{{ {variable.name} }}}}"
    assert check("text", source) == []
    if variable.name not in OF_INSTALLATION:
        whole, cut, _ = variable.sample.partition("…")
        read = render("text", source, made)
        assert read.startswith(whole) if cut else read == whole


@pytest.mark.parametrize("member", TARGET, ids=lambda member: member.name)
def test_a_sample_of_a_member_is_what_it_reads_as(member: Variable) -> None:
    made = values([*samples()["failed"].targets])
    source = f"{{% with first=failures|first %}}{{{{ first.{member.name} }}}}{{% endwith %}}"
    assert render("text", source, made) == member.sample


@pytest.mark.parametrize("name", samples())
def test_every_sample_fills_every_variable(name: str) -> None:
    sample = samples()[name]
    source = "".join(f"{{{{ {each.name} }}}}" for each in VARIABLES if each.kind is not Kind.LIST)
    assert render("text", source, template_values(notification(), Summary(sample.completion, sample.targets)))


def test_every_variable_is_documented_with_its_meaning() -> None:
    documented = re.findall(r"^\| `([\w.]+)` \| (.+?) \|", DOCUMENTATION, re.M)
    wanted = [(each.name, each.meaning) for each in VARIABLES]
    assert documented == [*wanted, *((f"target.{each.name}", each.meaning) for each in TARGET)]


def test_values_are_plain() -> None:
    def plain(value: Any) -> bool:
        if isinstance(value, list):
            return all(isinstance(item, Item) and all(map(plain, item.values())) for item in value)
        return isinstance(value, str | int)

    assert all(map(plain, values(targets("failed", "success")).values()))


def test_failures_come_first_and_a_hundred_are_the_most() -> None:
    made = values(targets(*["success"] * 150, "failed", "partial"))
    assert [str(item) for item in made["targets"]][:3] == ["PC-150", "PC-151", "PC-000"]
    assert [str(item) for item in made["failures"]] == ["PC-150", "PC-151"]
    assert (len(made["targets"]), made["more_targets"], made["failed"]) == (100, 52, 2)


def test_values_are_cleaned_of_what_no_mail_can_carry() -> None:
    made = values(targets("failed", name="a\x00b", detail="one\r\ntwo\x0b\udcff"), name="x\r\nBcc: y")
    assert made["name"] == "x Bcc: y"
    assert made["targets"][0] == {"name": "a b", "outcome": "Failed", "detail": "one\ntwo  ", "duration": ""}


def test_a_link_that_no_browser_would_follow_is_no_value() -> None:
    assert values(url="javascript:alert(1)")["url"] == ""


def test_a_long_detail_is_cut() -> None:
    assert len(lines("x" * 5000, 1000)) == 1000


@pytest.mark.parametrize(
    ("part", "whole", "says"), [(0, 0, 0), (0, 9, 0), (1, 1000, 1), (999, 1000, 99), (5, 5, 100), (1, 3, 33)]
)
def test_a_percentage_is_none_and_all_only_when_it_is(part: int, whole: int, says: int) -> None:
    assert percent(part, whole) == says
