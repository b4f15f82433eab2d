"""What docs/reporting.md shows is what the files say, and the files are what is run; api.md lists every error."""

import json
import re

import pytest

from notifications.intake.report import EXAMPLE, read
from tests.panel import PROJECT

SHOWN = re.compile(r"<!-- (examples/\S+) -->\n```\w+\n(.*?)\n```\n", re.S)
PAGE = (PROJECT / "docs" / "reporting.md").read_text()


def test_each_example_in_the_page_is_its_file() -> None:
    shown = SHOWN.findall(PAGE)
    assert len(shown) >= 4
    assert [name for name, text in shown if (PROJECT / name).read_text().rstrip() != text] == []


def test_every_example_is_named_in_the_page() -> None:
    files = [path for path in (PROJECT / "examples").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert [path.name for path in files if path.name not in PAGE] == []


@pytest.mark.parametrize("page", ["README.md", "docs/api.md"])
def test_each_page_reports_the_same_example(page: str) -> None:
    """Another content under the same ID would be refused: who tries both pages would think that one is wrong."""
    (shown,) = re.findall(r"-d '(\{\"kind\".*?\})'\n", (PROJECT / page).read_text(), re.S)
    assert read(shown.encode()).digest == read(json.dumps(EXAMPLE).encode()).digest


def test_every_error_of_the_api_is_listed_with_its_status() -> None:
    errors = (PROJECT / "docs" / "api.md").read_text().partition("## Errors")[2]
    listed = {
        (status.strip(), code)
        for statuses, codes in re.findall(r"^\| ([\d, ]+) \| (.+?) \|", errors, re.M)
        for status, code in pairs(statuses.split(","), re.findall(r"`(\w+)`", codes))
    }
    source = "".join(path.read_text() for path in (PROJECT / "notifications" / "api").glob("*.py"))
    assert listed == set(re.findall(r"ApiError\((\d+), \"(\w+)\"", source))


def pairs(statuses: list[str], codes: list[str]) -> list[tuple[str, str]]:
    """A row has one status for all its codes, or one for each."""
    return list(zip(statuses * len(codes) if len(statuses) == 1 else statuses, codes, strict=True))
