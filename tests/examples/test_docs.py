"""What docs/reporting.md shows is what the files say, and the files are what is run."""

import re

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
