"""Every string of the corpus in every text field of a report: taken over the API, mailed, and shown on the pages."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client

from notifications.delivery.sender import send_due
from notifications.models import Pace
from tests.base import a_notification, administrator, use_smtp
from tests.corpus import HALF_PAIRS, OCTETS, strings
from tests.injected import LENGTHS, Told, Tool, plain_report
from tests.reading import Seen, decoded, raw_headers, readable, squeezed, start_of, without_sequences
from tests.smtp_sink import SmtpSink

pytestmark = pytest.mark.django_db
SENDER = '"Deploy, now" <sender@contoso.test>'
HEADERS = ["From", "Date", "Message-ID", "Subject", "To", "Auto-Submitted", "X-Auto-Response-Suppress"]
HEADERS += ["X-Mailadmin-Kind", "X-Mailadmin-Completion", "MIME-Version", "Content-Type"]
PARTS = ["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/csv", "text/html"]
FOREIGN = {"iframe", "object", "embed", "base", "video", "math", "template", "custom-x", "animate", "source"}
# Images, links to files, and style sheets within.
OURS = (1, 2, 0)
DETAIL_PAGES = 5
COUNTS = " (1 of 2 targets failed)"


@pytest.fixture(scope="module")
def database(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The whole module in one transaction, which is undone."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def plain_and_told(database: None) -> tuple[Told, list[Told]]:
    """A harmless report that fails the second time in a row, and one for each string; all of them mailed."""
    a_notification(name="Tell all", to=["Ops <ops@peer.test>"], attach_csv=True, attach_html=True)
    tool = Tool()
    told = [tool.tell_plainly(), tool.tell_plainly(), *map(tool.tell, strings())]
    with SmtpSink() as sink:
        use_smtp(sink, sender=SENDER, pace=Pace.UNLIMITED)
        while send_due():
            pass
    mails = {dict(raw_headers(mail.content))["X-Mailadmin-Completion"]: mail for mail in sink.mails}
    assert len(sink.mails) == len(mails) == len(told)
    for each in told:
        each.mail = mails[each.id]
    return told[1], told[2:]


@pytest.fixture
def plain(plain_and_told: tuple[Told, list[Told]]) -> Told:
    return plain_and_told[0]


@pytest.fixture
def told(plain_and_told: tuple[Told, list[Told]]) -> list[Told]:
    return plain_and_told[1]


@pytest.fixture(scope="module")
def ada(database: None) -> User:
    return administrator()


@pytest.fixture
def panel(ada: User) -> Client:
    client = Client()
    client.force_login(ada)
    return client


def test_only_a_blank_source_is_refused(told: list[Told]) -> None:
    for each in told:
        assert each.refused == (set() if readable(without_sequences(each.text)) else {"source"})


def test_blank_names_and_odd_links_are_replaced_and_said(told: list[Told]) -> None:
    for each in told:
        blank = set() if readable(without_sequences(each.text)) else {"name", "targets[0].name"}
        assert each.warned - {"url"} == blank
    assert {"url" in each.warned for each in told} == {True, False}


@pytest.mark.parametrize("literal", [*(half.encode() for half in HALF_PAIRS), *OCTETS])
def test_what_is_no_text_is_refused(database: None, literal: bytes) -> None:
    for name in (*LENGTHS, "url"):
        body = json.dumps(plain_report() | {name: "HERE"}).encode().replace(b'"HERE"', literal)
        status, answer = Tool().post(body)
        assert (status, answer["error"]["code"]) == (400, "invalid_json")


def test_each_mail_has_the_headers_meant_and_no_other(told: list[Told], plain: Told) -> None:
    for each in told:
        assert each.mail
        headers = raw_headers(each.mail.content)
        assert [name for name, _ in headers] == HEADERS
        values = dict(headers)
        assert values["X-Mailadmin-Completion"] == each.id
        assert each.mail.recipients == ("ops@peer.test",)
        for name in ("From", "To", "Auto-Submitted", "X-Auto-Response-Suppress", "X-Mailadmin-Kind", "MIME-Version"):
            assert values[name] == dict(raw_headers(plain.mail.content))[name]  # type: ignore[union-attr]  # it was mailed


def test_the_subject_has_the_name_as_it_was_reported(told: list[Told]) -> None:
    for each in told:
        subject = decoded(dict(raw_headers(each.mail.content))["Subject"])  # type: ignore[union-attr]  # it was mailed
        assert subject.startswith("Failed: ")
        assert subject.endswith(COUNTS)
        said, name = subject.removeprefix("Failed: ").removesuffix(COUNTS), readable(each.report["name"])
        assert said == name or (said.endswith("…") and name.startswith(said[:-1]) and len(subject) > 190)


def test_each_mail_has_the_parts_meant_and_no_other(told: list[Told]) -> None:
    for each in told:
        parts = list(each.parsed.walk())
        assert [part.get_content_type() for part in parts] == PARTS
        assert [part.defects for part in parts if part.defects] == []
        assert each.mail
        assert each.mail.content.isascii()
        assert max(map(len, each.mail.content.split(b"\r\n"))) <= 998
        assert not set(each.mail.content.replace(b"\r\n", b"")) & set(b"\r\n\0")


def test_what_was_reported_can_be_read_in_the_text(told: list[Told]) -> None:
    for each in told:
        text = squeezed(each.body("plain"))
        for said in values_in_mail(each):
            assert said in text


def test_what_was_reported_can_be_read_in_the_html_and_builds_nothing(told: list[Told], plain: Told) -> None:
    model = Seen(plain.body("html"))
    for each in told:
        seen = Seen(each.body("html"))
        assert seen.is_built_like(model), each.text
        assert all(link.startswith((settings.PUBLIC_URL, "https://tool.test/")) for link in seen.links)
        for said in values_in_mail(each):
            assert said in seen.text


def values_in_mail(told: Told) -> Iterator[str]:
    report, target = told.report, told.report["targets"][0]
    facts = ("package", "version", "schedule", "user", "source")
    yield from (start_of(report[name], 200 if name != "version" else 100) for name in facts if name != "version")
    yield start_of(report["name"], 200)
    yield start_of(f"{report['package']} {report['version']}", 200)
    yield start_of(target["name"], 80)
    yield start_of(target["detail"].strip(), 160)


def test_no_cell_of_the_sheet_is_a_formula(told: list[Told]) -> None:
    for each in told:
        text = each.attached("text/csv").decode("utf-8-sig")
        head, row, other = csv.reader(io.StringIO(text, newline=""), strict=True)
        assert (head, other) == (["Target", "Outcome", "Detail", "Seconds"], ["PC-2", "Success", "", ""])
        assert [row[1], row[3]] == ["Failed", ""]
        for cell, said in ((row[0], each.report["targets"][0]["name"]), (row[2], each.report["targets"][0]["detail"])):
            assert readable(said).replace("'", "") == squeezed(cell).replace("'", "")
        # As Excel reads it where the comma is a decimal sign.
        for separator in ",;":
            cells = [cell for line in csv.reader(io.StringIO(text, newline=""), delimiter=separator) for cell in line]
            assert [cell for cell in cells if cell.lstrip().startswith(tuple("=+-@＝＋－＠"))] == []


def test_the_attached_page_is_built_like_any_other(told: list[Told], plain: Told) -> None:
    model = Seen(plain.attached("text/html").decode())
    # Line ends of a detail are breaks of a line.
    model.tags["br"] = 100
    for each in told:
        seen = Seen(each.attached("text/html").decode())
        assert seen.is_built_like(model), each.text
        assert not seen.links


def test_each_page_of_a_completion_is_built_like_any_other(panel: Client, told: list[Told], plain: Told) -> None:
    model = Seen(page(panel, f"/completions/{plain.id}/"))
    assert not plain.warned
    # The card with what was repaired.
    model.tags += Counter({"section": 1, "header": 1, "div": 2, "h2": 1, "p": 1, "dl": 1, "dt": 3, "dd": 3})
    for each in told[::DETAIL_PAGES]:
        seen = Seen(page(panel, f"/completions/{each.id}/"))
        assert seen.is_built_like(model), each.text
        for name in LENGTHS:
            assert squeezed(readable_on_page(each.report[name])) in seen.text
        assert squeezed(readable_on_page(each.report["targets"][0]["detail"])) in seen.text


def readable_on_page(text: str) -> str:
    """A page may keep what turns the writing: each value stands in an element of its own."""
    return "".join(" " if ord(char) < 32 or 127 <= ord(char) < 160 or char in "\u2028\u2029" else char for char in text)


@pytest.mark.parametrize("path", ["/completions/", "/deliveries/", "/notifications/", "/audit/"])
def test_the_lists_have_no_element_of_anybody_else(panel: Client, told: list[Told], path: str) -> None:
    attributes = Seen(page(panel, "/completions/new/")).attributes | Seen(page(panel, path)).attributes
    assert not attributes & {"onerror", "onload", "onfocus", "srcdoc", "style", "hx-on:load"}
    while path:
        seen = Seen(html := page(panel, path))
        assert not set(seen.tags) & FOREIGN
        assert (seen.tags["img"], seen.tags["link"], seen.tags["style"]) == OURS
        assert seen.tags["script"] == html.count('<script src="/static/')
        assert seen.attributes <= attributes
        assert not [link for link in seen.links if not link.startswith(("/", "?", "#", "..")) and link]
        path = next_page(path, html)


def next_page(path: str, html: str) -> str:
    links = [link for link in Seen(html).links if link.startswith("?after=")]
    return path.partition("?")[0] + links[0] if links else ""


def page(panel: Client, path: str) -> str:
    response = panel.get(path)
    assert response.status_code == 200, path
    return response.content.decode()
