"""The page that explains the API, made from its own OpenAPI document: no script, nothing from elsewhere."""

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from ninja import NinjaAPI

Schema = dict[str, Any]

FORMATS = {"date-time": "time with its zone", "uuid": "UUID"}


@dataclass(frozen=True)
class Field:
    name: str
    type: str
    required: bool
    description: str


@dataclass(frozen=True)
class Part:
    """An object that a body consists of."""

    name: str
    description: str
    fields: list[Field]


@dataclass(frozen=True)
class Operation:
    id: str
    method: str
    path: str
    summary: str
    paragraphs: list[str]
    curl: str
    sent: list[Part]
    answered: list[Part]
    responses: list[tuple[str, str, str]]


@login_not_required
@require_safe
def docs(request: HttpRequest, api: NinjaAPI) -> HttpResponse:
    layout = "base.html" if request.user.is_authenticated else "alone.html"
    return render(request, "api/docs.html", {"layout": layout, "operations": list(operations(api))})


def operations(api: NinjaAPI) -> Iterator[Operation]:
    document: Schema = api.get_openapi_schema()
    explain = Explainer(document["components"]["schemas"])
    for path, methods in document["paths"].items():
        for method, details in methods.items():
            yield operation(path, method.upper(), details, explain)


class Explainer:
    """Explains each object once in a page, where it is met first."""

    def __init__(self, schemas: Schema) -> None:
        self.schemas = schemas
        self.explained: set[str] = set()

    def __call__(self, body: Schema) -> list[Part]:
        names = dict.fromkeys(with_nested(name_of(body), self.schemas))
        new = [name for name in names if name not in self.explained]
        self.explained.update(new)
        return [part(name, self.schemas) for name in new]


def operation(path: str, method: str, details: Schema, explain: Explainer) -> Operation:
    body, responses = details.get("requestBody", {}), details["responses"]
    example = body.get("content", {}).get("application/json", {}).get("example")
    return Operation(
        id=details["operationId"],
        method=method,
        path=path,
        summary=details["summary"],
        paragraphs=[plain(paragraph) for paragraph in details.get("description", "").split("\n\n")],
        curl=curl(method, path, example),
        sent=explain(body),
        answered=explain(responses[min(responses)]),
        responses=[(str(code), response["description"], name_of(response)) for code, response in responses.items()],
    )


def plain(markdown: str) -> str:
    return " ".join(markdown.replace("`", "").split())


def curl(method: str, path: str, example: Schema | None) -> str:
    lines = [f"curl -sS {settings.PUBLIC_URL}{path}", '-H "Authorization: Bearer $MAILADMIN_TOKEN"']
    if example:
        fields = ",\n".join(f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in example.items())
        body = shlex.quote(f"{{\n{fields}\n}}")
        lines += ['-H "Content-Type: application/json"', f"-X {method} -d {body}"]
    return " \\\n  ".join(lines)


def name_of(body: Schema) -> str:
    """The name of the JSON schema that a request's or an answer's body follows."""
    schema = body.get("content", {}).get("application/json", {}).get("schema", {})
    return reference(schema)


def reference(schema: Schema) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def with_nested(name: str, schemas: Schema) -> Iterator[str]:
    """The object named, then the objects inside it."""
    if not name or "properties" not in schemas[name]:
        return
    yield name
    for schema in schemas[name]["properties"].values():
        for inner in alternatives(schema):
            yield from with_nested(reference(inner.get("items", inner)), schemas)


def part(name: str, schemas: Schema) -> Part:
    schema = schemas[name]
    required = schema.get("required", [])
    return Part(
        name,
        plain(schema.get("description", "")),
        [
            Field(key, type_of(each, schemas), key in required, plain(each.get("description", "")))
            for key, each in schema["properties"].items()
        ],
    )


def type_of(schema: Schema, schemas: Schema) -> str:
    """In words, such as `text, at most 300 characters`; null is left to the column that says what may be left out."""
    if "enum" in schema:
        return words(schema, schemas)
    return " or ".join(words(each, schemas) for each in alternatives(schema) if each.get("type") != "null")


def alternatives(schema: Schema) -> list[Schema]:
    return schema.get("anyOf") or [schema]


def words(schema: Schema, schemas: Schema) -> str:
    if name := reference(schema):
        return words(schemas[name], schemas) if "enum" in schemas[name] else name
    if "enum" in schema:
        return ", ".join(value for value in schema["enum"] if value)
    if schema.get("type") == "array":
        limit = f", at most {schema['maxItems']:,}" if "maxItems" in schema else ""
        return f"list of {words(schema['items'], schemas)}{limit}"
    if schema.get("format") in FORMATS:
        return FORMATS[schema["format"]]
    kind = "text" if schema["type"] == "string" else str(schema["type"])
    return f"{kind}, at most {schema['maxLength']:,} characters" if "maxLength" in schema else kind
