"""The stand-in against Microsoft's own OpenAPI document: what it takes, and what it says."""

import base64
import copy
import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import jsonschema_rs
import pytest
import requests

from tests.graph import faults
from tests.graph.client import Client, file, message
from tests.graph.mailbox import MEGABYTE
from tests.graph.shapes import ATTACHMENT, ATTACHMENT_ITEM, MESSAGE, Shape
from tests.graph.wire import Answer, Kind, Request
from tests.graph_stand_in import GraphStandIn
from tests.peers.graph import contract
from tests.peers.need import in_ci

REASON = "Microsoft's OpenAPI document is not there; MAILADMIN_GRAPH_CONTRACT names it"
pytestmark = pytest.mark.skipif(not in_ci() and not contract().is_file(), reason=REASON)

ERROR = "#/components/schemas/microsoft.graph.ODataErrors.ODataError"
RECIPIENT = {"emailAddress": {"address": "b@peer.test", "name": "B"}}
FULL = message(
    ccRecipients=[RECIPIENT],
    bccRecipients=[RECIPIENT],
    replyTo=[RECIPIENT],
    internetMessageId="<one@contoso.test>",
    internetMessageHeaders=[{"name": "X-Deployment", "value": "42"}],
    singleValueExtendedProperties=[{"id": "Boolean 0x0E01", "value": "true"}],
    attachments=[{**file("a.txt", "aGVsbG8="), "contentType": "text/plain", "isInline": False, "contentId": "one"}],
    importance="normal",
    isReadReceiptRequested=False,
    **{"from": {"emailAddress": {"address": "sender@contoso.test"}}},
)
ITEM = {"attachmentType": "file", "name": "large.bin", "size": 5 * MEGABYTE, "contentType": "text/plain"}


@cache
def document() -> dict[str, Any]:
    """As JSON Schema has it: OpenAPI 3.0 says `nullable` where JSON Schema adds the type null."""
    found: dict[str, Any] = modern(json.loads(contract().read_text()))
    return found


def modern(part: Any) -> Any:
    if isinstance(part, list):
        return [modern(item) for item in part]
    if not isinstance(part, dict):
        return part
    found = {name: modern(value) for name, value in part.items()}
    if found.pop("nullable", False) is True and isinstance(found.get("type"), str):
        found["type"] = [found["type"], "null"]
    return found


def errors(schema: dict[str, Any], content: Any) -> list[str]:
    whole = {"components": document()["components"], **schema}
    return [error.message for error in jsonschema_rs.validator_for(whole).iter_errors(content)]


def operation(request: Request) -> dict[str, Any] | None:
    """What the document says of this request; None when it says nothing."""
    for path, methods in document()["paths"].items():
        if re.fullmatch("/v1.0" + re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(path)), request.path):
            found: dict[str, Any] | None = methods.get(request.method.lower())
            return found
    return None


def body_schema(request: Request) -> dict[str, Any] | None:
    body = (operation(request) or {}).get("requestBody", {})
    if "$ref" in body:
        body = document()["components"]["requestBodies"][body["$ref"].rpartition("/")[2]]
    found: dict[str, Any] | None = body.get("content", {}).get(request.media_type, {}).get("schema")
    return found


def complaints(request: Request, answer: Answer) -> list[str]:
    """What the document has against the answer."""
    responses = (operation(request) or {})["responses"]
    listed = responses.get(str(answer.status)) or responses.get(f"{answer.status // 100}XX")
    if listed is None:
        return errors({"$ref": ERROR}, json.loads(answer.body)) if answer.status >= 400 else ["an unknown status"]
    content = listed.get("content", {}).get("application/json")
    if content is None:
        return ["a body where none is expected"] if answer.body else []
    return errors(content["schema"], json.loads(answer.body))


def test_every_answer_is_one_that_the_document_has(graph: GraphStandIn, client: Client) -> None:
    graph.keeps_exchanges = True
    graph.login.roles.add("User.Read.All")
    item = client.draft(**FULL)
    client.get(f"/messages/{item}")
    client.look(item)
    client.post(f"/messages/{item}/attachments", file("a.txt", "aGVsbG8="))
    client.session(item, 5 * MEGABYTE)
    client.send(item)
    client.post("/sendMail", {"message": FULL, "saveToSentItems": False})
    client.mime(base64.b64encode(b"To: ops@peer.test\r\n\r\nbody"))
    client.delete(f"/messages/{client.draft()}")
    client.get("")
    spoken = [pair for pair in graph.exchanges if operation(pair[0])]
    assert {request.kind for request, _ in spoken} == set(Kind) - UNDOCUMENTED
    assert [(request.kind, complaints(request, answer)) for request, answer in spoken] == [
        (request.kind, []) for request, _ in spoken
    ]


# Of the login host, of the search for a message, of attachments' list and of ranges the document says nothing.
UNDOCUMENTED = {
    *(Kind.TOKEN, Kind.DISCOVERY, Kind.FIND, Kind.ATTACHMENTS, Kind.RANGE, Kind.RANGES, Kind.UNKNOWN),
}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 429, 500, 503, 504])
def test_every_error_is_one_that_the_document_has(graph: GraphStandIn, client: Client, status: int) -> None:
    graph.keeps_exchanges = True
    graph.fault(faults.failing(status, inner_code="ErrorServerBusy"))
    client.post("/sendMail", {"message": message()})
    ((request, answer),) = graph.exchanges
    assert answer.status == status
    assert complaints(request, answer) == []


@pytest.mark.parametrize(
    ("shape", "name"),
    [(MESSAGE, "message"), (ATTACHMENT, "fileAttachment"), (ATTACHMENT_ITEM, "attachmentItem")],
)
def test_the_stand_in_takes_no_property_that_the_document_does_not_have(shape: Shape, name: str) -> None:
    known = document()["components"]["schemas"][f"microsoft.graph.{name}"]["properties"]
    assert shape.parts.keys() <= known.keys()


def test_full_requests_are_good_for_both(graph: GraphStandIn, client: Client) -> None:
    for path, content in requests_to_spoil(client):
        assert refused_by_the_document(client, path, content) == []
        assert client.post(path, content).status_code in (201, 202)


def test_what_the_document_refuses_the_stand_in_refuses(graph: GraphStandIn, client: Client) -> None:
    spoiled = [(path, wrong) for path, content in requests_to_spoil(client) for wrong in spoil(content)]
    against = [(path, wrong) for path, wrong in spoiled if refused_by_the_document(client, path, wrong)]
    assert len(against) > 150
    taken = [(path, wrong) for path, wrong in against if client.post(path, wrong).status_code < 400]
    assert taken == []


def requests_to_spoil(client: Client) -> list[tuple[str, dict[str, Any]]]:
    item = f"/messages/{client.draft()}"
    return [
        ("/messages", FULL),
        ("/sendMail", {"message": FULL, "saveToSentItems": False}),
        (f"{item}/attachments", FULL["attachments"][0]),
        (f"{item}/attachments/createUploadSession", {"AttachmentItem": ITEM}),
    ]


def refused_by_the_document(client: Client, path: str, content: Any) -> list[str]:
    target = requests.Request("POST", client.user + path).prepare().path_url
    schema = body_schema(Request("POST", target, {"content-type": "application/json"}))
    assert schema is not None
    return errors(schema, content)


def spoil(content: Any) -> Iterator[Any]:
    """The same with one thing wrong, once for each place: left out, of another type, or with something more."""
    for path in places(content):
        for spoiler in (leave_out, *(partial_set(value) for value in (7, "wrong", True, [7], {"wrong": 7}))):
            wrong = copy.deepcopy(content)
            inner = wrong
            for step in path[:-1]:
                inner = inner[step]
            spoiler(inner, path[-1])
            yield wrong


def places(content: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(content, dict):
        yield (*before, "unknownProperty")
    steps = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for step, inner in steps:
        yield (*before, step)
        yield from places(inner, (*before, step))


def leave_out(inner: Any, step: Any) -> None:
    if not isinstance(inner, dict) or step in inner:
        del inner[step]


def partial_set(value: Any) -> Any:
    return lambda inner, step: inner.__setitem__(step, value)
