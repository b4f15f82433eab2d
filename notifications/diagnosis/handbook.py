"""The table as docs/troubleshooting.md.

`python -m notifications.diagnosis.handbook > docs/troubleshooting.md` writes it anew.
"""

import sys

from notifications.diagnosis.entry import Entry
from notifications.diagnosis.explain import AREAS

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
    words = cell(" ".join(filter(None, entry.examples[0]))) or "(nothing)"
    return f"`{words if len(words) <= 120 else words[:119] + '…'}`"


def cell(text: str) -> str:
    return (
        text.replace("|", "\\|").replace("`", "'") if "`" in text and text.count("`") % 2 else text.replace("|", "\\|")
    )


if __name__ == "__main__":
    sys.stdout.write(handbook())
