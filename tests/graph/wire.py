"""What goes over the wire between the Graph stand-in's rooms: a request, an answer, and Graph's way to say no."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit


class Kind(StrEnum):
    """What is asked for: faults, delays and the log go by it."""

    TOKEN = "token"
    DISCOVERY = "discovery"
    USER = "user"
    DRAFT = "draft"
    LOOK = "look"  # one message by its id
    FIND = "find"  # messages by $filter
    DELETE = "delete"
    ATTACH = "attach"
    ATTACHMENTS = "attachments"  # their list
    SESSION = "session"  # createUploadSession
    RANGE = "range"
    RANGES = "ranges"  # which range is expected next
    SEND = "send"
    SEND_MAIL = "send_mail"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Request:
    """`mailbox` and `item` are the parts of the path that name them; header names are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    kind: Kind = Kind.UNKNOWN
    mailbox: str = ""
    item: str = ""
    body: bytes = field(default=b"", repr=False)
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query))

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(errors="replace")))

    @property
    def media_type(self) -> str:
        return self.header("content-type").partition(";")[0].strip().lower()

    @property
    def client_request_id(self) -> str:
        return self.header("client-request-id")

    @property
    def wants_immutable_ids(self) -> bool:
        wishes = self.header("prefer").replace(" ", "").replace('"', "").lower().split(",")
        return "idtype=immutableid" in wishes

    def header(self, name: str) -> str:
        return self.headers.get(name, "")


@dataclass(frozen=True)
class Answer:
    """`drips`: a byte at a time, and never whole. `more`: bytes that no request asked for, behind the answer."""

    status: int
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    drips: bool = False
    more: bytes = field(default=b"", repr=False)

    @classmethod
    def json(cls, status: int, content: Any) -> Self:
        return cls(status, json.dumps(content).encode(), {"Content-Type": "application/json"})

    def having(self, **headers: str) -> Self:
        """With these headers too; an underscore in a name is a hyphen."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return replace(self, headers={**self.headers, **named})


class GraphError(Exception):
    """Graph says no. `inner_code` stands in innerError, where the true reason often is."""

    def __init__(
        self, status: int, code: str, message: str, *, inner_code: str = "", retry_after: str | None = None
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code, self.message = status, code, message
        self.inner_code, self.retry_after = inner_code, retry_after

    def answer(self, request: Request) -> Answer:
        inner = {
            "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
            "request-id": request.request_id,
            "client-request-id": request.client_request_id or request.request_id,
        }
        if self.inner_code:
            inner["code"] = self.inner_code
        error = {"code": self.code, "message": self.message, "innerError": inner}
        answer = Answer.json(self.status, {"error": error})
        return answer if self.retry_after is None else answer.having(Retry_After=self.retry_after)
