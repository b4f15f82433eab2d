"""The table as docs/troubleshooting.md.

`python -m notifications.diagnosis.handbook > docs/troubleshooting.md` writes it anew.
"""

import sys

from notifications.diagnosis.entry import Entry
from notifications.diagnosis.explain import AREAS

SHOWN = 120
HEAD = """# Troubleshooting: why a mail did not go out

What mailadmin says about a failure, by where it comes from. The page of a delivery, and Send Test Email, show the same
words beside the server's own. Written from `notifications/diagnosis/`; change it there.
"""


def handbook() -> str:
    return "\n".join([HEAD, *(section(area, entries) for area, entries in AREAS.items())])


def section(area: str, entries: tuple[Entry, ...]) -> str:
    return f"## {area}\n\n| Seen | What it means | What to do |\n|---|---|---|\n{''.join(map(row, entries))}"


def row(entry: Entry) -> str:
    told = entry.explanation
    guide = f" ([guide]({told.guide}))" if told.guide else ""
    return f"| {seen(entry)} | **{cell(told.title)}.** {cell(told.cause)} | {cell(told.fix)}{guide} |\n"


def seen(entry: Entry) -> str:
    """The first example stands for all."""
    words = " ".join(filter(None, entry.examples[0])) or "(nothing)"
    shown = words if len(words) <= SHOWN else f"{words[: SHOWN - 1]}…"
    return f"`{cell(shown)}`"


def cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(handbook())
