"""What was measured, as a page of the documentation."""

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.chaos.figures import cores, sections_in

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
TITLE = "# How fast it is\n\n`make bench` writes this page. No test asserts a time.\n"


@dataclass
class Table:
    """`words` say what was done, how it was measured, and what the columns mean."""

    heading: str
    words: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]

    def __str__(self) -> str:
        lines = [self.columns, ["---"] * len(self.columns), *self.rows]
        table = "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
        when = f"Measured on {datetime.now(UTC):%Y-%m-%d} with Python {platform.python_version()}, {cores()}."
        return f"\n{self.words}\n\n{table}\n\n{when}\n"


def write(tables: Sequence[Table]) -> None:
    """What was not measured this time stays as it is on the page."""
    sections = sections_in(PAGE.read_text()) if PAGE.exists() else {}
    sections |= {table.heading: str(table) for table in tables}
    PAGE.write_text(TITLE + "".join(f"\n## {heading}\n{text}" for heading, text in sections.items()))
