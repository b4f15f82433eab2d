"""What Microsoft and Google were seen to reply: the rows of microsoft_and_google.tsv, and how to play them."""

import csv
import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.graph.faults import Fault, Moment
from tests.graph.wire import Answer, Kind

FILE = Path(__file__).with_name("microsoft_and_google.tsv")
HTTP = re.compile(r"HTTP/(?P<status>\d{3})(?:;Retry-After=(?P<seconds>\S+))? (?P<body>.*)", re.S)
# The requests at which a reply is played, by the column `where`.
PLACES: dict[str, tuple[Kind, ...]] = {
    "token": (Kind.TOKEN,),
    "graph": (Kind.DRAFT, Kind.LOOK, Kind.FIND, Kind.SEND, Kind.SEND_MAIL),
    "draft": (Kind.DRAFT,),
    "look": (Kind.LOOK, Kind.FIND),
    "send": (Kind.SEND,),
    "sendMail": (Kind.SEND_MAIL,),
}


@dataclass(frozen=True)
class Case:
    """`classes` are those that are right: hold, retry, refuse, quota, ambiguous; `any` where nothing is sent."""

    id: str
    mode: str
    where: str
    classes: tuple[str, ...]
    reply: str

    @cached_property
    def answer(self) -> Answer:
        """Of an HTTP reply, whatever it says of its content."""
        found = HTTP.fullmatch(self.reply)
        assert found, self.reply
        body = found["body"].encode()
        kind = "text/html" if body.startswith(b"<") else "application/json"
        headers = {"Content-Type": kind, **({"Retry-After": found["seconds"]} if found["seconds"] else {})}
        return Answer(int(found["status"]), body, headers)

    @property
    def fault(self) -> Fault:
        return Fault(self.id, Moment.BEFORE, self.answer)

    @property
    def places(self) -> tuple[Kind, ...]:
        return PLACES[self.where]

    @property
    def parameters(self) -> dict[str, Any]:
        """Of the address that the sign-in page leads back to."""
        values: dict[str, Any] = json.loads(self.reply)
        return values


def cases(*places: str, mode: str = "") -> list[Case]:
    """Those at `places`, of `mode` alone if one is given."""
    with FILE.open(newline="") as rows:
        found = [
            Case(row["id"], row["mode"], row["where"], tuple(row["class"].split("|")), row["reply"])
            for row in csv.DictReader(rows, delimiter="\t", quoting=csv.QUOTE_NONE)
        ]
    return [case for case in found if case.where in places and mode in ("", case.mode)]
