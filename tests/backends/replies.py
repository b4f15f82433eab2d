"""Replies of real servers, from public reports and vendors' pages, with what the engine may do about each."""

from dataclasses import dataclass
from pathlib import Path

from notifications.backends.base import Fault, Reply, Stage
from notifications.backends.smtp_replies import reply_from

STAGES = {
    "greeting": Stage.GREETING,
    "ehlo": Stage.EHLO,
    "auth": Stage.AUTH,
    "mail": Stage.MAIL_FROM,
    "rcpt": Stage.RCPT,
    "final": Stage.END_OF_DATA,
}
CLASSES = {
    Fault.TRANSIENT: "retry",
    Fault.THROTTLED: "retry",
    Fault.QUOTA: "quota",
    Fault.PERMANENT: "refuse",
    Fault.RECIPIENT: "refuse",
    Fault.UNCLEAR: "unclear",
}


@dataclass(frozen=True)
class Recorded:
    """`wire` is the reply line by line; `allowed` are the classes that are right."""

    where: str
    wire: str
    allowed: frozenset[str]

    @property
    def stage(self) -> Stage:
        return STAGES[self.where]

    @property
    def reply(self) -> Reply:
        lines = self.wire.split("\r\n")
        code = lines[0][:3]
        return reply_from(int(code), "\n".join(line[4:] if line.startswith(code) else line for line in lines))

    def __str__(self) -> str:
        return f"{self.where}: {self.wire[:60]}"


def recorded() -> list[Recorded]:
    rows = [line.split("\t") for line in Path(__file__).with_suffix(".tsv").read_text().splitlines()[1:]]
    return [
        Recorded(where, text.replace("\\n", "\r\n"), frozenset(allowed.split("|"))) for where, text, allowed in rows
    ]


def class_of(fault: Fault) -> str:
    return "hold" if fault.holds else CLASSES[fault]
