"""Reports that other products lost, on a panel that runs: from HTTP, as a tool sends them, to the email."""

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.panel import Panel
from tests.smtp_sink import Received, SmtpSink
from tests.waiting import wait_until

_numbers = itertools.count(1)


class Tool:
    """Reports with a token, and waits for the email."""

    def __init__(self, panel: Panel, sink: SmtpSink) -> None:
        self.panel, self.sink = panel, sink
        self.url = f"{panel.url}/api/v1/completions"

    def body(self, **fields: Any) -> dict[str, Any]:
        number = next(_numbers)
        return {"kind": "deployment", "source": "tests", "id": f"known {number}", "outcome": "failed"} | fields

    def post(self, body: Any, **options: Any) -> requests.Response:
        data = body if not isinstance(body, dict) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} | options.pop("headers", {})
        return self.panel.http.post(options.pop("url", self.url), data=data, headers=headers, timeout=60, **options)

    def report(self, body: Any, **options: Any) -> tuple[dict[str, Any], Received]:
        """The answer, and the email."""
        before = len(self.sink.mails)
        response = self.post(body, **options)
        assert response.status_code == 202, response.text
        wait_until(lambda: len(self.sink.mails) > before, 60, "the email")
        answer: dict[str, Any] = response.json()
        return answer, self.sink.mails[-1]

    def warned(self, **fields: Any) -> dict[str, str]:
        answer, _ = self.report(self.body(**{"name": "Lab"} | fields))
        return {warning["field"]: warning["message"] for warning in answer["warnings"]}


@pytest.fixture(scope="module")
def tool() -> Iterator[Tool]:
    with SmtpSink() as sink, Panel() as panel:
        panel.use(sink)
        panel.sign_in_tool()
        yield Tool(panel, sink)


def text_of(mail: Received) -> str:
    return str(mail.parsed.get_body(("plain",)).get_content())  # type: ignore[union-attr]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_a_file_that_begins_with_a_byte_order_mark(tool: Tool, encoding: str) -> None:
    text = "\ufeff" + json.dumps(tool.body(name="Büro"), ensure_ascii=False)
    answer, mail = tool.report(text.encode(encoding))
    assert "byte order mark" in answer["warnings"][0]["message"]
    assert mail.parsed["Subject"] == "Failed: Büro"


def test_a_body_in_chunks(tool: Tool) -> None:
    raw = json.dumps(tool.body(name="In chunks")).encode()
    _, mail = tool.report(iter([raw[:10], raw[10:]]))
    assert mail.parsed["Subject"] == "Failed: In chunks"


def test_jobs_without_a_package_that_fail_and_succeed_in_turn(tool: Tool) -> None:
    told = []
    for name, outcome in (("A", "failed"), ("B", "success"), ("A", "failed"), ("C", "failed"), ("A", "success")):
        _, mail = tool.report(tool.body(name=f"Backup {name}", outcome=outcome))
        told.append([word for word in ("2nd failure", "in a row", "Recovered") if word in text_of(mail)])
    assert told == [[], [], ["2nd failure", "in a row"], [], ["Recovered"]]


def test_an_end_one_second_before_the_start(tool: Tool) -> None:
    warned = tool.warned(started_at="2026-11-22T10:00:01Z", finished_at="2026-11-22T10:00:00Z")
    assert list(warned) == ["finished_at"]


def test_a_link_with_a_blank(tool: Tool) -> None:
    answer, mail = tool.report(tool.body(name="Lab", url="https://tool.test/job/My Job/12/"))
    assert [warning["field"] for warning in answer["warnings"]] == ["url"]
    assert "https://tool.test/job/My%20Job/12/" in text_of(mail)


def test_a_link_that_nobody_can_follow(tool: Tool) -> None:
    assert list(tool.warned(url="javascript:alert(1)")) == ["url"]


@pytest.mark.parametrize(
    ("fields", "warned"),
    [
        ({"started_at": "2026-11-22T10:00Z"}, ["started_at"]),
        ({"started_at": "2026-11-22T11:00:00+0100"}, ["started_at"]),
        ({"started_at": "2026-11-22T10:00:00.1234567Z"}, []),
        ({"package": None, "user": None, "url": None, "targets": None}, []),
        ({"name": None}, ["name"]),
        ({"targets": {"name": "PC-001", "outcome": "failed"}}, ["targets"]),
        ({"targets": [None, {"name": "PC-001", "outcome": "failed"}]}, ["targets[0]"]),
    ],
)
def test_small_deviations_of_clients(tool: Tool, fields: dict[str, Any], warned: list[str]) -> None:
    assert list(tool.warned(**fields)) == warned


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_lower_case_scheme_a_quoted_charset_and_a_final_slash(tool: Tool, slash: str) -> None:
    scheme, _, token = str(tool.panel.http.headers["Authorization"]).partition(" ")
    headers = {"Authorization": f"{scheme.lower()} {token}", "Content-Type": 'application/json; charset="utf-8"'}
    answer, _ = tool.report(tool.body(name="Lab"), headers=headers, url=tool.url + slash)
    assert answer["warnings"] == []


def test_a_name_of_501_characters(tool: Tool) -> None:
    assert list(tool.warned(name="x" * 501)) == ["name"]


def test_twenty_thousand_targets(tool: Tool) -> None:
    targets = [{"name": f"PC-{number:05}", "outcome": "failed"} for number in range(20_000)]
    _, mail = tool.report(tool.body(name="Everywhere", targets=targets))
    assert "20,000" in text_of(mail)
    assert len(mail.content) < 200_000


def test_colors_in_the_output_of_a_tool(tool: Tool) -> None:
    target = {"name": "web", "outcome": "failed", "detail": "\x1b[31mfatal: unreachable\x1b[0m\x1b[K"}
    answer, mail = tool.report(tool.body(name="\x1b[1mdeploy\x1b[0m web", targets=[target]))
    assert answer["warnings"] == []
    assert mail.parsed["Subject"].startswith("Failed: deploy web")
    assert "fatal: unreachable\n" in text_of(mail).replace("\r", "")


def test_what_identifies_nothing_is_refused(tool: Tool) -> None:
    for fields in ({"id": None}, {"id": ""}, {"source": " "}, {"kind": "rollout"}, {"outcome": "ok"}):
        response = tool.post(tool.body(**{"name": "Lab"} | fields))
        assert (response.status_code, response.json()["error"]["code"]) == (422, "invalid_report")
