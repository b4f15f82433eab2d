"""What the runs measured, as a page of the documentation: a table for each kind of proof."""

import platform
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
TITLE = """# Reliability: what happens to email when things break

Every accepted completion gets its email: that is the promise, and this page shows how it was tried. `make chaos` runs
everything here and writes the figures; `make chaos ARGS="-k ..."` runs one part, with the words named in each section.
A run needs the peers that `make peers` installs, and root for the full disk.
"""
DEATHS = """The whole panel runs, and harm is done while four tools at once report completions over the API. The
emails go to an SMTP server that counts. "Copies" are emails that came a second time, each with the same Message-ID;
"ambiguous" are the attempts that the panel shows as such under Reports > Deliveries: the worker died between sending
an email and noting the reply, so nobody can know, and the email is sent again rather than lost. The time is from the
first report to the last email. Reproduce: `make chaos ARGS="-k misfortune"`."""
STORM = """So many emails wait in the queue. While four processes of a worker send them as fast as they can, one after
the other is killed with `kill -9` at random moments, each fifth time the worker with all its processes. "Longest wait"
is the longest time between an attempt that died with its worker and the next attempt for the same email, in seconds;
the goal is 75. "A second" counts from the release of the queue to the last email, with all the restarts of the workers.
Reproduce: `make chaos ARGS="-k storm"`."""
SURROUNDINGS = """What the panel stands on fails while tools report: each report is repeated until it is answered with
202, as a good tool does, and "refused" counts the answers in between (503 with a reason). Then it comes back, and
nobody restarts anything unless the table says so. Reproduce: `make chaos ARGS="-k surroundings"`."""
FIRE = """Worker processes send to a Graph of the tests' own that keeps drafts and Sent Items. 5 % of all requests,
those for tokens and for the pieces of large attachments too, meet a fault: the connection cut before, within or after
what was asked for, 503 or 504 before or after it, 429, or success with a Retry-After. A draft that was sent still
looks like one for three seconds, and would go out again if it were sent. Meanwhile one process of a worker after the
other is killed with `kill -9` at random moments, each fourth time a worker with all its processes. Where drafts may
be made, one mail in a hundred has more than 3 MB attached. The minutes between retries and a dead worker's lease are
not waited for. "Copies" counts what a recipient got again; each belongs to a mail with at least as many ambiguous
attempts. A draft is left where it could not be deleted, or its id not noted; it is never sent."""
SWITCHES = """While mails flow through three workers, the active mode changes between Basic SMTP and Microsoft Graph,
with a new version of the settings each time. Each attempt names the mode and the version that the server which took
the mail saw. "Versions" is how many of them sent something."""


class Table(Enum):
    """Heading, words, columns, and how many of them tell one row from another."""

    DEATHS = (
        "Processes that die",
        DEATHS,
        ("Database and broker", "Misfortune", "Reported", "Arrived", "Copies", "Ambiguous", "Seconds"),
        2,
    )
    STORM = (
        "Workers killed while 20,000 emails wait",
        STORM,
        ("Database and broker", "Emails", "Kills", "Arrived", "Copies", "Copies a kill", "Ambiguous", "Longest wait")
        + ("Seconds", "A second"),
        1,
    )
    SURROUNDINGS = (
        "Database, disk, clock, keys, restore",
        SURROUNDINGS,
        ("Database and broker", "What happened", "Reported", "Refused", "Arrived", "Copies", "Seconds"),
        2,
    )
    FIRE = (
        "Microsoft Graph under fire",
        FIRE,
        ("Permissions", "Mails", "Sendings", "Lost", "Copies", "Ambiguous", "Kills", "Drafts left", "Attempts")
        + ("Faults", "Seconds"),
        1,
    )
    SWITCHES = (
        "A hundred switches of the mode",
        SWITCHES,
        ("Switches", "Mails", "By SMTP", "By Graph", "Versions", "Lost", "Copies", "Seconds"),
        1,
    )

    def __init__(self, heading: str, words: str, columns: tuple[str, ...], keys: int) -> None:
        self.heading, self.words, self.columns, self._keys = heading, words, columns, keys

    def key(self, row: str) -> tuple[str, ...]:
        return tuple(row.split(" | ")[: self._keys])


@dataclass
class Figures:
    rows: dict[Table, list[str]] = field(default_factory=dict)

    def add(self, table: Table, *cells: object) -> None:
        assert len(cells) == len(table.columns)
        self.rows.setdefault(table, []).append("| " + " | ".join(map(str, cells)) + " |")

    def write(self) -> None:
        """The rows that were measured; what was not stays as it is on the page."""
        sections = sections_in(PAGE.read_text()) if PAGE.exists() else {}
        for table, measured in self.rows.items():
            rows = {table.key(row): row for row in [*rows_in(sections.get(table.heading, "")), *measured]}
            sections[table.heading] = section(table, sorted(rows.values(), reverse=True))
        there = [f"\n## {table.heading}\n{sections[table.heading]}" for table in Table if table.heading in sections]
        PAGE.write_text(TITLE + "".join(there))


def sections_in(page: str) -> dict[str, str]:
    parts = re.split(r"^\n?## (.+)\n", page, flags=re.MULTILINE)[1:]
    return {heading: text.rstrip() + "\n" for heading, text in zip(parts[::2], parts[1::2], strict=True)}


def rows_in(text: str) -> list[str]:
    """Without the two lines of the head."""
    return [line for line in text.splitlines() if line.startswith("|")][2:]


def section(table: Table, rows: list[str]) -> str:
    head = "| " + " | ".join(table.columns) + " |\n" + "|---" * len(table.columns) + "|\n"
    when = f"Measured on {datetime.now(UTC):%Y-%m-%d} with Python {platform.python_version()}, {cores()}."
    return f"\n{table.words}\n\n{head}" + "\n".join(rows) + f"\n\n{when}\n"


def cores() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return f"{sum(line.startswith('processor') for line in lines)} processors"
