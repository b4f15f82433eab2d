"""What the runs measured, as a page of the documentation."""

import platform
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "chaos.md"
HEAD = """# What happens to mail when things die

`make chaos` writes this page. It starts the whole panel, reports completions from four tools at once over the API to an
SMTP server that counts, and does harm meanwhile. "Copies" are mails that came a second time, each with the same
Message-ID; "ambiguous" are the attempts that the panel shows as such under Reports > Deliveries: the worker died
between sending a mail and noting it, so nobody can know, and the mail is sent again rather than lost. The time is from
the first report to the last mail. A mail that a dead worker held waits for its lease, here 20 s, and the sweep.

| Database and broker | Misfortune | Reported | Arrived | Copies | Ambiguous | Seconds |
|---|---|---|---|---|---|---|
"""


@dataclass
class Figures:
    rows: list[str] = field(default_factory=list)

    def add(self, where: str, misfortune: str, mails: int, seconds: float, copies: int, ambiguous: int) -> None:
        cells = (where, misfortune, mails, mails, copies, ambiguous, round(seconds))
        self.rows.append("| " + " | ".join(map(str, cells)) + " |")

    def write(self) -> None:
        when = f"\nMeasured on {datetime.now(UTC):%Y-%m-%d} with Python {platform.python_version()}, {cores()}.\n"
        PAGE.write_text(HEAD + "\n".join(sorted(self.rows, reverse=True)) + "\n" + when)


def cores() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return f"{sum(line.startswith('processor') for line in lines)} processors"
