"""The OpenAPI document by the rules of strict linters (Spectral's oas, Redocly's recommended-strict), without them."""

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from django.forms import CharField, IntegerField
from django.test import Client

from notifications.forms.fields import ClockField
from notifications.forms.notification import NotificationForm
from notifications.models import ApiToken
from tests.api.conftest import Post
from tests.reports import a_body

pytestmark = pytest.mark.django_db
Json = dict[str, Any]
SENT = ("CompletionReport", "TargetReport", "NotificationFields")


@pytest.fixture
def document(client: Client) -> Json:
    found: Json = client.get("/api/v1/openapi.json").json()
    return found


@pytest.fixture
def operations(document: Json) -> list[Json]:
    return [each for methods in document["paths"].values() for each in methods.values()]


@pytest.fixture
def schemas(document: Json) -> Json:
    found: Json = document["components"]["schemas"]
    return found


def everywhere(part: Any) -> Iterator[Json]:
    """Every object in it, itself first."""
    if isinstance(part, dict):
        yield part
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from everywhere(inner)


def not_null(schema: Json) -> Json:
    """The part of what may be null that is not."""
    found: Json = schema.get("anyOf", [schema])[0]
    return found


class TestWhole:
    def test_says_whose_it_is(self, document: Json) -> None:
        info = document["info"]
        assert all(info[name] for name in ("title", "version", "description"))
        assert all(info[name][part] for name in ("contact", "license") for part in ("name", "url"))

    def test_says_where_it_is_served(self, document: Json) -> None:
        (server,) = document["servers"]
        assert server["url"] == "http://127.0.0.1:8000"  # PUBLIC_URL, without a final slash
        assert server["description"]

    def test_its_tags_are_described_and_used(self, document: Json, operations: list[Json]) -> None:
        assert all(tag["description"] for tag in document["tags"])
        assert {tag["name"] for tag in document["tags"]} == {tag for each in operations for tag in each["tags"]}

    def test_its_references_lead_somewhere_and_nothing_is_left_over(self, document: Json, schemas: Json) -> None:
        used = {each["$ref"].removeprefix("#/components/schemas/") for each in everywhere(document) if "$ref" in each}
        assert used == schemas.keys()

    def test_its_examples_follow_its_schemas(self, document: Json, schemas: Json) -> None:
        examples = [(each, example) for each in everywhere(schemas) for example in each.get("examples", ())]
        bodies = [each for each in everywhere(document["paths"]) if "example" in each and "schema" in each]
        examples += [(each["schema"], each["example"]) for each in bodies]
        assert len(examples) > 8
        for schema, example in examples:
            jsonschema_rs.validate({**schema, "components": document["components"]}, example)


class TestOperations:
    def test_are_named_once_and_described(self, operations: list[Json]) -> None:
        assert len({each["operationId"] for each in operations}) == len(operations) == 8
        assert all(each["summary"] and each["description"] and len(each["tags"]) == 1 for each in operations)

    def test_ask_for_a_token(self, document: Json, operations: list[Json]) -> None:
        (scheme,) = document["components"]["securitySchemes"]
        assert all(each["security"] == [{scheme: []}] for each in operations)

    def test_describe_each_parameter(self, document: Json, operations: list[Json]) -> None:
        assert all(each["description"] and each["schema"] for one in operations for each in one["parameters"])
        for path, methods in document["paths"].items():
            named = {part[1:-1] for part in path.split("/") if part.startswith("{")}
            for each in methods.values():
                assert {one["name"] for one in each["parameters"] if one["in"] == "path"} == named

    def test_answer_errors_in_one_shape_each_with_its_reason(self, operations: list[Json]) -> None:
        for each in operations:
            assert [status for status in each["responses"] if status.startswith("2")]
            errors = {status: answer for status, answer in each["responses"].items() if status >= "4"}
            assert {"401", "403", "429", "503"} <= errors.keys()
            for answer in errors.values():
                assert answer["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/ErrorBody"}
                assert answer["description"].endswith(".")
            assert "Retry-After" in errors["429"]["headers"] | errors["503"]["headers"]

    def test_say_which_body_they_need(self, operations: list[Json]) -> None:
        for each in operations:
            assert ("requestBody" in each) == ("422" in each["responses"])
            assert each.get("requestBody", {"required": True})["required"]


class TestSentObjects:
    @pytest.mark.parametrize("name", SENT)
    def test_take_no_other_field(self, schemas: Json, name: str) -> None:
        assert schemas[name]["additionalProperties"] is False

    @pytest.mark.parametrize("name", SENT)
    def test_say_how_long_a_text_may_be(self, schemas: Json, name: str) -> None:
        bounded = {"maxLength", "enum", "format", "pattern", "$ref"}
        fields = {field: not_null(each) for field, each in schemas[name]["properties"].items()}
        unbounded = [
            field for field, each in fields.items() if each.get("type") == "string" and not bounded & each.keys()
        ]
        assert unbounded == (["detail"] if name == "TargetReport" else [])  # which only the body limits

    @pytest.mark.parametrize("name", SENT)
    def test_say_how_large_a_number_may_be_and_how_long_a_list(self, schemas: Json, name: str) -> None:
        for each in map(not_null, schemas[name]["properties"].values()):
            assert each.get("type") not in ("integer", "number") or {"minimum", "maximum"} <= each.keys()
            assert each.get("type") != "array" or {"items", "maxItems"} <= each.keys()

    def test_have_the_limits_of_the_form(self, schemas: Json) -> None:
        for name, field in NotificationForm.base_fields.items():
            schema = not_null(schemas["NotificationFields"]["properties"][name])
            if isinstance(field, IntegerField):
                assert (schema["minimum"], schema["maximum"]) == (field.min_value, field.max_value), name
            if isinstance(field, CharField) and field.max_length:
                assert schema["maxLength"] == field.max_length, name
            if isinstance(field, ClockField):
                assert schema["pattern"] == "^([01][0-9]|2[0-3]):[0-5][0-9]$", name


class TestTimes:
    """Written as the document says, whatever way they were sent."""

    @pytest.mark.parametrize("sent", ["08:30", "08:30:00"])
    def test_of_a_notification_are_hours_and_minutes(self, client: Client, sent: str) -> None:
        headers = {"Authorization": f"Bearer {ApiToken.issue('terraform', ['manage'])[1]}"}
        times = {"hours_from": sent, "hours_until": "17:00", "digest": "daily", "digest_at": sent}
        body = {"name": "n", "to": ["ops@peer.test"], **times}
        response = client.post("/api/v1/notifications", body, content_type="application/json", headers=headers)
        stored = response.json()["notification"]
        assert [stored[name] for name in times] == ["08:30", "17:00", "daily", "08:30"]

    def test_of_a_completion_are_rfc_3339(self, post: Post, client: Client, bearer: dict[str, str]) -> None:
        accepted = post(a_body(started_at="2026-11-22T11:00+0100")).json()
        stored = client.get(f"/api/v1/completions/{accepted['id']}", headers=bearer).json()
        assert stored["report"]["started_at"] == "2026-11-22T10:00:00Z"
