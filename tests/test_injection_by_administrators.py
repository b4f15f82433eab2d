"""Every string of the corpus in every text field of a notification: refused, or stored, shown and mailed."""

import json
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import getaddresses
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from notifications.addresses import quoted
from notifications.delivery.sender import send_due
from notifications.emails.own_words import html_of_text
from notifications.invisible import is_invisible
from notifications.models import ApiToken, Notification, Pace
from tests.base import administrator, use_smtp
from tests.corpus import strings
from tests.reading import TURNS, Seen, decoded, raw_headers, readable, squeezed
from tests.smtp_sink import Received, SmtpSink

pytestmark = pytest.mark.django_db
URL = "/api/v1/notifications"
HEADERS = [
    "From",
    "Date",
    "Message-ID",
    "Subject",
    "To",
    "Cc",
    "Reply-To",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
]
HEADERS += ["X-Mailadmin-Kind", "X-Mailadmin-Completion", "MIME-Version", "Content-Type"]
PARTS = ["multipart/alternative", "text/plain", "text/html"]
ADDRESSES = ("to", "cc", "reply_to")
# What begins something in the templates' language.
SIGNS = ("{{", "{%", "{#")
DEFAULT_SUBJECT = "Failed: 7-Zip (1 of 1 target failed)"


@dataclass
class Rule:
    """A notification that was taken: what of `text` stands in it, which fields refused it, and the mail it made."""

    text: str
    number: int
    values: dict[str, Any]
    refused: set[str] = field(default_factory=set)
    mail: Received | None = None

    @property
    def headers(self) -> dict[str, str]:
        assert self.mail
        return dict(raw_headers(self.mail.content))

    def body(self, kind: str) -> str:
        assert self.mail
        part = self.mail.parsed.get_body((kind,))
        assert part is not None
        return str(part.get_content())


def values_of(text: str, number: int) -> dict[str, Any]:
    """`text` in every field that takes text; one in four has no templates, for the default mail names it too."""
    people = {name: [f"{quoted(text[:128])} <{name}-{number}@peer.test>"] for name in ADDRESSES}
    templates = {} if number % 4 == 0 else {f"{name}_template": text for name in ("subject", "text", "html")}
    return {"name": f"{text[:180]} {number}"} | people | templates


class Terraform:
    """Adds notifications with a token."""

    def __init__(self) -> None:
        self._client = Client(headers={"Authorization": f"Bearer {ApiToken.issue('iac', ['report', 'manage'])[1]}"})

    def add(self, number: int, text: str) -> Rule:
        """Fields that are refused for this string are sent again without it."""
        values = values_of(text, number)
        rule = Rule(text, number, values)
        status, answer = self.post(URL, values)
        if status == 422:
            rule.refused = {each["field"] for each in answer["error"]["fields"]}
            rule.values = values | without(rule.refused, number)
            status, answer = self.post(URL, rule.values)
        assert status == 201, (text, answer)
        return rule

    def post(self, url: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        response = self._client.post(url, json.dumps(body), content_type="application/json")
        return response.status_code, response.json()


def without(refused: set[str], number: int) -> dict[str, Any]:
    harmless = {name: [f"{name}-{number}@peer.test"] for name in ADDRESSES} | {"name": f"Harmless {number}"}
    return {name: harmless.get(name, "") for name in refused}


@pytest.fixture(scope="module")
def database(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The whole module in one transaction, which is undone."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def rules(database: None) -> list[Rule]:
    """One for each string; one completion made a mail of each."""
    terraform = Terraform()
    rules = [terraform.add(number, text) for number, text in enumerate(strings())]
    targets = [{"name": "PC-1", "outcome": "failed"}]
    completion = {"kind": "deployment", "source": "pdq", "id": "1", "name": "7-Zip", "targets": targets}
    status, answer = terraform.post("/api/v1/completions", completion)
    assert (status, len(answer["messages"])) == (202, len(rules))
    with SmtpSink() as sink:
        use_smtp(sink, pace=Pace.UNLIMITED)
        while send_due():
            pass
    mails = {mail.recipients[0]: mail for mail in sink.mails}
    assert len(mails) == len(sink.mails) == len(rules)
    for rule in rules:
        rule.mail = mails[f"to-{rule.number}@peer.test"]
    return rules


def test_only_controls_and_templates_are_refused(rules: list[Rule]) -> None:
    for rule in rules:
        odd = any(unicodedata.category(char) == "Cc" or char in TURNS for char in rule.text)
        assert not rule.refused or odd or any(sign in rule.text for sign in SIGNS), rule
    for name in ("name", "subject_template", "to", "text_template", "html_template"):
        assert sum(name in rule.refused for rule in rules) < len(rules) / 3


def test_what_was_taken_is_stored_as_it_was_written(rules: list[Rule]) -> None:
    stored = {row.to[0].rpartition("<")[2].strip(">"): row for row in Notification.objects.all()}
    for rule in rules:
        row = stored[f"to-{rule.number}@peer.test"]
        for name in ("name", "subject_template", "text_template", "html_template"):
            assert (
                getattr(row, name).strip()
                == rule.values.get(name, "").replace("\r\n", "\n").replace("\r", "\n").strip()
            )


def test_each_mail_has_the_headers_and_parts_meant_and_no_other(rules: list[Rule]) -> None:
    for rule in rules:
        assert rule.mail
        assert [name for name, _ in raw_headers(rule.mail.content)] == HEADERS
        parts = list(rule.mail.parsed.walk())
        assert [part.get_content_type() for part in parts] == PARTS
        assert [part.defects for part in parts if part.defects] == []
        assert rule.mail.recipients == tuple(f"{name}-{rule.number}@peer.test" for name in ("to", "cc"))


def test_the_subject_reads_as_the_template_does(rules: list[Rule]) -> None:
    for rule in rules:
        subject, own = decoded(rule.headers["Subject"]), readable(rule.values.get("subject_template", ""))
        if not own or "{#" in own:
            assert subject == DEFAULT_SUBJECT
        else:
            assert subject == own or (subject.endswith("…") and own.startswith(subject[:-1]))


def test_each_person_is_named_as_typed_and_nobody_else_is(rules: list[Rule]) -> None:
    for rule in rules:
        for name, header in (("to", "To"), ("cc", "Cc"), ("reply_to", "Reply-To")):
            ((person, address),) = getaddresses([rule.headers[header]])
            assert address == f"{name}-{rule.number}@peer.test"
            assert decoded(person) == ("" if name in rule.refused else seen_ends(squeezed(rule.text[:128])))


def seen_ends(name: str) -> str:
    """What was pasted around a name and nobody sees is no part of it."""
    while name and is_invisible(name[0]):
        name = name[1:].lstrip()
    while name and is_invisible(name[-1]):
        name = name[:-1].rstrip()
    return name


def test_the_text_reads_as_the_template_does(rules: list[Rule]) -> None:
    for rule in rules:
        own = squeezed(rule.values.get("text_template", ""))
        if own and not any(sign in own for sign in SIGNS):
            assert own in squeezed(rule.body("plain"))


def test_the_name_builds_nothing_in_the_default_mail(rules: list[Rule]) -> None:
    by_default = [rule for rule in rules if "text_template" not in rule.values]
    model = Seen(next(rule for rule in by_default if "name" in rule.refused).body("html"))
    for rule in by_default:
        seen = Seen(rule.body("html"))
        assert seen.is_built_like(model), rule.text
        assert readable(rule.values["name"]) in seen.text


def test_html_that_is_made_of_text_is_paragraphs_lines_and_links() -> None:
    for text in strings():
        seen = Seen(html_of_text(text))
        assert set(seen.tags) <= {"p", "br", "a"}
        assert seen.attributes <= {"class", "href", "style"}
        assert all(link.startswith(("http://", "https://")) for link in seen.links)
        assert not seen.comments


def test_the_list_and_the_pages_have_no_element_of_anybody_else(rules: list[Rule]) -> None:
    client = Client()
    client.force_login(administrator())
    model = Seen(client.get("/notifications/new/").content.decode())
    for row in Notification.objects.order_by("pk")[::16]:
        response = client.get(f"/notifications/{row.pk}/")
        assert response.status_code == 200
        seen = Seen(response.content.decode())
        assert seen.tags["script"] == model.tags["script"]
        assert set(seen.tags) <= set(model.tags) | {"h3", "strong", "code"}
        assert not seen.attributes & {"onerror", "onload", "onfocus", "srcdoc", "style"}
