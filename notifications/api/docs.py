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
    description: str
    curl: str
    body: list[Part]
    responses: list[tuple[str, str, str]]


@login_not_required
@require_safe
def docs(request: HttpRequest, api: NinjaAPI) -> HttpResponse:
    layout = "base.html" if request.user.is_authenticated else "alone.html"
    return render(request, "api/docs.html", {"layout": layout, "operations": list(operations(api))})


def operations(api: NinjaAPI) -> Iterator[Operation]:
    document: Schema = api.get_openapi_schema()
    schemas = document["components"]["schemas"]
    for path, methods in document["paths"].items():
        for method, details in methods.items():
            yield operation(path, method.upper(), details, schemas)


def operation(path: str, method: str, details: Schema, schemas: Schema) -> Operation:
    sent = name_of(details.get("requestBody"))
    example = schemas[sent]["examples"][0] if sent else None
    return Operation(
        id=details["operationId"],
        method=method,
        path=path,
        summary=details["summary"],
        description=details.get("description", ""),
        curl=curl(method, path, example),
        body=[part(name, schemas) for name in with_nested(sent, schemas)],
        responses=[
            (str(code), response["description"], name_of(response)) for code, response in details["responses"].items()
        ],
    )


def curl(method: str, path: str, example: Schema | None) -> str:
    lines = [f"curl -sS {settings.PUBLIC_URL}{path}", '-H "Authorization: Bearer $MAILADMIN_TOKEN"']
    if example:
        body = json.dumps(example, indent=1)
        lines += ['-H "Content-Type: application/json"', f"-X {method} -d {shlex.quote(body)}"]
    return " \\\n  ".join(lines)


def name_of(content: Schema | None) -> str:
    """The name of the JSON schema that a request's or an answer's body follows."""
    schema = (content or {}).get("content", {}).get("application/json", {}).get("schema", {})
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
        schema.get("description", ""),
        [
            Field(key, type_of(each, schemas), key in required, each.get("description", ""))
            for key, each in schema["properties"].items()
        ],
    )


def type_of(schema: Schema, schemas: Schema) -> str:
    """In words, such as `text, at most 300 characters`; null is left to the column that says what may be left out."""
    return " or ".join(words(each, schemas) for each in alternatives(schema) if each.get("type") != "null")


def alternatives(schema: Schema) -> list[Schema]:
    return schema.get("anyOf") or [schema]


def words(schema: Schema, schemas: Schema) -> str:
    if name := reference(schema):
        return words(schemas[name], schemas) if "enum" in schemas[name] else name
    if "enum" in schema:
        return ", ".join(schema["enum"])
    if schema.get("type") == "array":
        return f"list of {words(schema['items'], schemas)}, at most {schema['maxItems']:,}"
    if schema.get("format") == "date-time":
        return "time with its zone"
    kind = "text" if schema["type"] == "string" else str(schema["type"])
    limit = schema.get("maxLength")
    return f"{kind}, at most {limit:,} characters" if limit else kind
