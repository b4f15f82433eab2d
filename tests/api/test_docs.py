"""The API explains itself, to people and to programs, before they have a token."""

import json
import re
from html import unescape

import pytest
from django.test import Client

from notifications.models import Completion
from tests.api.conftest import Post
from tests.base import administrator

pytestmark = pytest.mark.django_db


def page_of(client: Client) -> str:
    response = client.get("/api/v1/docs")
    assert response.status_code == 200
    return response.content.decode()


def test_every_operation_of_the_document_is_explained(client: Client) -> None:
    page, document = page_of(client), client.get("/api/v1/openapi.json").json()
    operations = [(method, path) for path, methods in document["paths"].items() for method in methods]
    assert len(operations) == 8
    for method, path in operations:
        assert f"{method.upper()} {path}" in page


def test_the_pages_that_speak_of_tokens_and_reports_lead_here(client: Client) -> None:
    client.force_login(administrator())
    made = client.post("/tokens/", {"name": "pdq", "scopes": "report"})["Location"]
    for path in ("/tokens/", made, "/completions/new/"):
        assert 'href="/api/v1/docs"' in client.get(path).content.decode(), path


def test_every_field_of_a_report_is_explained(client: Client) -> None:
    page, document = page_of(client), client.get("/api/v1/openapi.json").json()
    schemas = document["components"]["schemas"]
    for name in ("CompletionReport", "TargetReport", "MessageState", "RecipientState", "AttemptState"):
        assert page.count(f"<h3>{name}</h3>") == 1
        assert all(f"<code>{field}</code>" in page for field in schemas[name]["properties"])


def test_the_example_is_accepted_as_it_stands(client: Client, post: Post) -> None:
    example = re.search(r"-d '(\{.*?\})'", unescape(page_of(client)), re.DOTALL)
    assert example
    assert post(json.loads(example[1])).status_code == 202
    assert Completion.objects.get().user == "CORP\\deploy-svc"


def test_the_page_needs_no_script_of_its_own_and_nothing_from_elsewhere(client: Client) -> None:
    page = page_of(client)
    assert not re.search(r"<script(?![^>]* src=)|<style| style=| on\w+=", page)
    assert not re.search(r"(src|href)=\"(https?:)?//", page)


def test_people_who_are_signed_in_see_it_within_the_panel(client: Client) -> None:
    client.force_login(administrator())
    assert "Mail Server" in page_of(client)


def test_the_document_names_the_security_scheme_and_every_answer(client: Client) -> None:
    document = client.get("/api/v1/openapi.json").json()
    assert document["components"]["securitySchemes"]["ApiTokenAuth"]["scheme"] == "bearer"
    report = document["paths"]["/api/v1/completions"]["post"]
    assert set(report["responses"]) == {"202", "400", "401", "403", "409", "411", "413", "415", "422", "429", "503"}
    assert report["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("/CompletionReport")


def test_equally_named_choices_are_not_mixed_up(client: Client) -> None:
    """A generator that names schemas by class alone once gave targets the outcomes of attempts."""
    schemas = client.get("/api/v1/openapi.json").json()["components"]["schemas"]
    assert schemas["Outcome"]["enum"] == ["success", "partial", "failed", "cancelled"]
    assert "ambiguous" in schemas["AttemptState"]["properties"]["outcome"]["enum"]
