"""What a template may say: the one list for the language, the editor and the documentation."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    MOMENT = "moment"  # reads as text; the filters date and time give it another form
    ITEM = "item"  # has members
    LIST = "list"  # of items with these members


@dataclass(frozen=True)
class Variable:
    """`sample` is what it reads as in the failed sample."""

    name: str
    meaning: str
    sample: str
    kind: Kind = Kind.TEXT
    members: tuple["Variable", ...] = ()


TARGET = (
    Variable("name", "The target's name", "PC-007"),
    Variable("outcome", "Success, Partly failed, Failed or Cancelled", "Failed"),
    Variable(
        "detail",
        "What the tool said about it; may have several lines",
        "Exit code 1603: fatal error during installation",
    ),
    Variable("duration", "How long it took", "12.5 s"),
)
VARIABLES = (
    Variable("outcome", "Success, Partly failed, Failed or Cancelled", "Failed"),
    Variable("name", "What ran, as its tool names it", "7-Zip 24.08 to Lab"),
    Variable("kind", "Deployment or Schedule", "Deployment"),
    Variable("package", "The package", "7-Zip"),
    Variable("version", "The package's version", "24.08"),
    Variable("schedule", "The schedule that started it", "Nightly updates"),
    Variable("source", "The tool that reported it", "PDQ Deploy"),
    Variable("id", "The tool's own number for it", "12345"),
    Variable("user", "Who started it", r"CORP\deploy-svc"),
    Variable("url", "Where the tool shows it", "https://tool.example.com/12345"),
    Variable("panel_url", "The whole report in this panel", "http://panel/completions/…/"),
    Variable("started", "When it began", "22 Nov 2026, 10:00:00 UTC", Kind.MOMENT),
    Variable("finished", "When it ended", "22 Nov 2026, 10:12:00 UTC", Kind.MOMENT),
    Variable("duration", "How long it took", "12 min"),
    Variable("duration_seconds", "The same as a number, for comparisons", "720", Kind.NUMBER),
    Variable("usual_duration", "The median of the last ten alike; empty while there are few", "4 min"),
    Variable("usual_seconds", "The same as a number", "240", Kind.NUMBER),
    Variable("total", "How many targets there were", "12", Kind.NUMBER),
    Variable("failed", "How many failed, wholly or in part", "3", Kind.NUMBER),
    Variable("succeeded", "How many succeeded", "8", Kind.NUMBER),
    Variable("cancelled", "How many were cancelled", "1", Kind.NUMBER),
    Variable("failed_percent", "The share of those that failed", "25", Kind.NUMBER),
    Variable("counts", "The counts in words", "3 of 12 targets failed"),
    Variable("failures_before", "How many times in a row it had failed before", "2", Kind.NUMBER),
    Variable("history", "What that means in words; empty when there is nothing to say", "3rd failure in a row"),
    Variable("notification", "The name of this notification", "Failures to operations"),
    Variable(
        "targets",
        "The targets, failures first; a hundred at most",
        "PC-007, PC-003, PC-011, PC-012, …",
        Kind.LIST,
        TARGET,
    ),
    Variable("failures", "The targets that failed; a hundred at most", "PC-007, PC-003, PC-011", Kind.LIST, TARGET),
    Variable("more_targets", "How many targets the list leaves out", "0", Kind.NUMBER),
)
