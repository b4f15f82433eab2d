"""A tool that reports a string of the corpus in every text field, and what became of it."""

import json
from dataclasses import dataclass, field
from email.message import EmailMessage
from functools import cached_property
from typing import Any

from django.test import Client

from notifications.models import ApiToken
from tests.reading import readable, without_sequences
from tests.smtp_sink import Received

URL = "/api/v1/completions"
LENGTHS = {"source": 100, "id": 200, "name": 500, "package": 300, "version": 100, "schedule": 300, "user": 300}


@dataclass
class Told:
    """What one string became: the report as it was taken, the completion's id, and the mail that arrived."""

    text: str
    report: dict[str, Any]
    id: str = ""
    mail: Received | None = None
    refused: set[str] = field(default_factory=set)
    warned: set[str] = field(default_factory=set)

    @cached_property
    def parsed(self) -> EmailMessage:
        assert self.mail
        return self.mail.parsed

    def body(self, kind: str) -> str:
        part = self.parsed.get_body((kind,))
        assert isinstance(part, EmailMessage)
        return str(part.get_content())

    def attached(self, kind: str) -> bytes:
        (content,) = (
            part.get_payload(decode=True) for part in self.parsed.iter_attachments() if part.get_content_type() == kind
        )
        assert isinstance(content, bytes)
        return content


class Tool:
    """Reports with a token."""

    def __init__(self) -> None:
        secret = ApiToken.issue("tool", ["report"])[1]
        self._number = 0
        self._client = Client(headers={"Authorization": f"Bearer {secret}"})

    def post(self, body: bytes) -> tuple[int, dict[str, Any]]:
        response = self._client.post(URL, body, content_type="application/json")
        return response.status_code, response.json()

    def tell(self, text: str) -> Told:
        """Fields that are refused for this string are told again without it."""
        self._number += 1
        told = Told(text, report_of(text, self._number))
        status, answer = self.post(json.dumps(told.report).encode())
        if status == 422:
            told.refused = {each["field"] for each in answer["error"]["fields"]}
            told.report |= {name: plain_report()[name] for name in top_level(told.refused)}
            status, answer = self.post(json.dumps(told.report).encode())
        assert status == 202, (text, answer)
        told.id = answer["id"]
        told.warned = {warning["field"] for warning in answer["warnings"]}
        told.report = as_taken(told.report)
        return told

    def tell_plainly(self) -> Told:
        self._number += 1
        told = Told("plain", plain_report() | {"id": f"Plain {self._number}"})
        told.id = self.post(json.dumps(told.report).encode())[1]["id"]
        return told


def plain_report() -> dict[str, Any]:
    plain: dict[str, Any] = {name: f"Plain {name}" for name in LENGTHS}
    targets = [{"name": "PC-1", "outcome": "failed", "detail": "why"}, {"name": "PC-2", "outcome": "success"}]
    return plain | {"kind": "deployment", "url": "https://tool.test/", "outcome": "failed", "targets": targets}


def report_of(text: str, number: int) -> dict[str, Any]:
    """With `text` in every field that takes text, as much of it as the field takes; only the id has more behind it."""
    fields = {name: text[:length] for name, length in LENGTHS.items()}
    fields["id"] = f"{text[:190]} {number}"
    target = {"name": text[:300], "outcome": "failed", "detail": text}
    targets = [target, {"name": "PC-2", "outcome": "success"}]
    return plain_report() | fields | {"url": f"https://tool.test/?q={text}", "targets": targets}


def as_taken(report: dict[str, Any]) -> dict[str, Any]:
    """With what a terminal would print of each text, and what stands in for blank names."""
    taken = {name: without_sequences(value) if isinstance(value, str) else value for name, value in report.items()}
    taken["targets"] = [{name: without_sequences(value) for name, value in each.items()} for each in report["targets"]]
    if not readable(taken["name"]):
        taken["name"] = taken["id"]
    if not readable(taken["targets"][0]["name"]):
        taken["targets"][0]["name"] = "Target 1"
    return taken


def top_level(fields: set[str]) -> set[str]:
    return {name.partition("[")[0] for name in fields}
