"""What anybody who can write to the broker could put into its list, beside the panel's own hints."""

import base64
import json
import uuid
from collections.abc import Iterator
from typing import Any

TASK = "notifications.tasks.drain"
MISSING = object()


def message(content: Any = None, **changes: Any) -> dict[str, Any]:
    """A hint as the panel publishes it, with changes of its envelope; MISSING takes a part out."""
    identity = str(uuid.uuid4())
    text = content if isinstance(content, str) else json.dumps([[], {}, {}] if content is None else content)
    envelope: dict[str, Any] = {
        "body": base64.b64encode(text.encode()).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": headers(identity),
        "properties": properties(identity),
    }
    envelope |= changes
    return {name: value for name, value in envelope.items() if value is not MISSING}


def headers(identity: str = "", **changes: Any) -> dict[str, Any]:
    known: dict[str, Any] = {
        "lang": "py",
        "task": TASK,
        "id": identity or str(uuid.uuid4()),
        "root_id": identity,
        "parent_id": None,
        "group": None,
        "shadow": None,
        "eta": None,
        "expires": None,
        "retries": 0,
        "timelimit": [None, None],
        "argsrepr": "()",
        "kwargsrepr": "{}",
        "origin": "tests",
        "ignore_result": True,
    } | changes
    return {name: value for name, value in known.items() if value is not MISSING}


def properties(identity: str = "", **changes: Any) -> dict[str, Any]:
    known: dict[str, Any] = {
        "correlation_id": identity,
        "reply_to": str(uuid.uuid4()),
        "delivery_mode": 2,
        "delivery_info": {"exchange": "", "routing_key": "celery"},
        "priority": 0,
        "body_encoding": "base64",
        "delivery_tag": str(uuid.uuid4()),
    } | changes
    return {name: value for name, value in known.items() if value is not MISSING}


def elements() -> Iterator[tuple[str, bytes]]:
    """A name and what is pushed."""
    yield from no_json()
    for name, value in (*no_envelopes(), *envelopes(), *header_values(), *property_values(), *bodies()):
        yield name, json.dumps(value).encode()


def no_json() -> Iterator[tuple[str, bytes]]:
    yield "nothing", b""
    yield "zero bytes", b"\0" * 20
    yield "no UTF-8", b"\xff\xfe\x80garbage\x00\xc3"
    yield "a pickle", b"\x80\x04\x95\x0e\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94."
    yield "half a message", json.dumps(message()).encode()[:100]
    yield "a message and more", json.dumps(message()).encode() + b"}"
    yield "deep nesting", b"[" * 200_000
    yield "a number too long", b"9" * 10_000
    yield "a lone surrogate", b'"\\ud800"'
    yield "not a number", b'{"properties": NaN, "body": Infinity}'
    yield "50 MB of nothing", b"x" * 50_000_000


def no_envelopes() -> Iterator[tuple[str, Any]]:
    for value in (None, True, 1, 1.5, "text", [], [1, 2], {}, {"body": "x"}, {"properties": {}}, [message()]):
        yield f"as the whole: {str(value)[:30]}", value


def envelopes() -> Iterator[tuple[str, Any]]:
    for part in message():
        for value in (MISSING, None, 0, "", "x", [], ["x"], {}, {"x": 1}):
            yield f"{part}: {'missing' if value is MISSING else value!r}", message(**{part: value})
    for kind in ("application/x-python-serialize", "application/x-yaml", "application/data", "text/plain", "no/such"):
        yield f"content type {kind}", message(**{"content-type": kind})
    for encoding in ("binary", "utf-16", "no-such", "base64", "rot13"):
        yield f"content encoding {encoding}", message(**{"content-encoding": encoding})
    yield "a part too many", message(more={"x": 1})


def header_values() -> Iterator[tuple[str, Any]]:
    for part in headers():
        for value in (MISSING, None, -1, 10**400, 1e308, "x", "\ud800", [], [1, "x", None], {"x": {"y": 1}}):
            word = "missing" if value is MISSING else f"{value!r:.20}"
            yield f"header {part}: {word}", message(headers=headers(**{part: value}))
    for task in (
        "no.such.task",
        "os.system",
        "celery.backend_cleanup",
        "celery.chord_unlock",
        "celery.map",
        "x" * 10_000,
    ):
        yield f"task {task[:30]}", message(headers=headers(task=task))
    for name in ("eta", "expires"):
        for text in ("now", "2026-13-45T00:00:00", "0001-01-01T00:00:00", "9999-12-31T23:59:59", "-", "1e9"):
            yield f"{name} {text}", message(headers=headers(**{name: text}))
    for name, value in (("compression", "zlib"), ("compression", "no-such"), ("group", "g"), ("stamps", 3)):
        yield f"header {name}={value}", message(headers=headers(**{name: value}))


def property_values() -> Iterator[tuple[str, Any]]:
    for part in properties():
        for value in (MISSING, None, -1, "x", "\ud800", [], {"x": 1}):
            word = "missing" if value is MISSING else f"{value!r:.20}"
            yield f"property {part}: {word}", message(properties=properties(**{part: value}))


def bodies() -> Iterator[tuple[str, Any]]:
    for body in (
        None,
        1,
        "text",
        [],
        [[]],
        [[], {}],
        [1, 2, 3],
        [[], {}, {}, {}],
        {"task": TASK},
        [["x"] * 50, {}, {}],
    ):
        yield f"body {str(body)[:30]}", message([body] if body is None else body)
    for text in ("", "{", "[" * 100_000, "\x80\x04", "[[], {}, {}]" + " " * 5_000_000):
        yield f"body text {text[:10]!r}", message(text)
    yield "no base64", message(body="%%%")
    yield "base64 of no UTF-8", message(body=base64.b64encode(b"\xff\xfe").decode())
    yield "callbacks", message([[], {}, {"callbacks": "x", "errbacks": [1], "chain": "y", "chord": 3}])
    yield "the old protocol", message({"task": TASK, "id": "1", "args": [], "kwargs": {}}, headers={})
    yield "the old protocol, broken", message({"task": TASK, "args": 1, "eta": "x"}, headers={})
