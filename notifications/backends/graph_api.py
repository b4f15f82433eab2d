"""Microsoft Graph's mail calls over HTTPS: one request, one answer, one kind of error."""

import json
import ssl
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote, unquote

import requests
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from notifications.backends.base import BackendError, Fault, Reply, TimeLimits, TokenSource
from notifications.backends.connection import reason
from notifications.backends.deadline import Deadline
from notifications.backends.graph_errors import Cut, Refusal, refusal
from notifications.backends.trace import Trace
from notifications.outbound import Endless, GuardedSession, Refused

# The answer to a new draft repeats the whole mail.
LARGEST_ANSWER = 16 * 1024 * 1024
CHUNK = 64 * 1024


class GraphAccess(TokenSource, Protocol):
    """The app's tokens, and whether they may make drafts: None until somebody tried."""

    @property
    def may_draft(self) -> bool | None: ...

    def learn(self, *, may_draft: bool) -> None: ...


@dataclass(frozen=True)
class GraphServer:
    """`host` is `https://…` without a path, `mailbox` the sender's address; `connect_timeout` is in seconds.

    `upload_hosts`: where Graph may send the pieces of a large attachment, besides itself.
    """

    host: str
    mailbox: str
    save_to_sent_items: bool = True
    connect_timeout: float = 10.0
    ca_file: str = ""
    upload_hosts: frozenset[str] = frozenset()
    trust_environment: bool = False

    @property
    def user(self) -> str:
        return f"{self.host}/v1.0/users/{quote(self.mailbox, safe='')}"


@dataclass
class Clocked:
    """A body that is handed over in pieces, each against the clock: a server may read as slowly as it likes."""

    content: bytes = field(repr=False)
    deadline: Deadline
    position: int = 0

    def __len__(self) -> int:
        return len(self.content)

    def read(self, size: int = -1) -> bytes:
        self.deadline.remaining()
        piece = self.content[self.position : self.position + (CHUNK if size < 0 else size)]
        self.position += len(piece)
        return piece


class GraphApi:
    """Keeps its connection. `use` says for which mail the next calls are."""

    def __init__(self, server: GraphServer, access: GraphAccess) -> None:
        hosts = frozenset({server.host.removeprefix("https://"), *server.upload_hosts})
        self.server = server
        self._access = access
        self._session = GuardedSession(hosts, server.ca_file, trust_environment=server.trust_environment)
        self._session.connect_seconds = server.connect_timeout
        # The call's own deadline is the limit: a large email takes a while.
        self._session.read_seconds = float("inf")
        self._session.largest_answer = LARGEST_ANSWER

    def use(self, limits: TimeLimits, trace: Trace) -> None:
        self._limits, self._trace, self._has_token = limits, trace, False

    def hide(self, secret: str) -> None:
        self._trace.hide(secret)

    def step(self, text: str) -> None:
        self._trace.step(text)

    def close(self) -> None:
        self._session.close()

    def call(self, method: str, url: str, body: Any = None, **headers: str) -> requests.Response:
        """With the app's token, a new one if Graph refuses it. `body`: JSON, or bytes of base64.

        Raises Refusal, Cut, or BackendError when nothing was sent.
        """
        token = self._access.token(self._limits.command)
        if not self._has_token:
            self._trace.step("signed in as the app")
            self._has_token = True
        try:
            return self._authorized(token, method, url, body, headers)
        except Refusal as error:
            if error.status != 401:
                raise
            self._trace.step("Graph refused the access token; fetching a new one")
            token = self._access.token(self._limits.command, refused=token)
            return self._authorized(token, method, url, body, headers)

    def _authorized(self, token: str, method: str, url: str, body: Any, headers: dict[str, str]) -> requests.Response:
        self._trace.hide(token)
        is_mime = isinstance(body, bytes)
        content = (
            body
            if is_mime
            else json.dumps(body, ensure_ascii=False).encode(errors="replace")
            if body is not None
            else b""
        )
        kind = {"Content-Type": "text/plain" if is_mime else "application/json"} if content else {}
        return self.exchange(method, url, content, {**kind, **headers, "Authorization": f"Bearer {token}"})

    def exchange(self, method: str, url: str, content: bytes, headers: dict[str, str]) -> requests.Response:
        """One request as it is, without a token unless `headers` have one. Raises as `call` does."""
        ours = str(uuid.uuid4())
        self._trace.sent(f"{method} {unquote(url)} ({len(content)} bytes), client-request-id {ours}")
        deadline = Deadline(self._limits.command)
        self._session.remaining = deadline.remaining
        body = Clocked(content, deadline) if content else None
        sent = {**headers, "client-request-id": ours, "return-client-request-id": "true"}
        try:
            response = self._session.request(method, url, data=body, headers=sent)
        except (requests.RequestException, OSError) as error:
            failure = undelivered(error, is_unread=body is not None and not body.position)
            self._trace.step(f"no answer: {failure}")
            raise failure from error
        theirs = response.headers.get("request-id", "")
        self._trace.received(f"{response.status_code} {response.reason}, request-id {theirs or 'none'}")
        if not 200 <= response.status_code < 300:
            refused = refusal(response, f"request-id {theirs}, client-request-id {ours}")
            self._trace.received(f"{' '.join(refused.codes)} {refused.reply.text}".strip())
            raise refused
        return response


def undelivered(error: Exception, *, is_unread: bool) -> BackendError | Cut:
    """Whether the request can have arrived. `is_unread`: nothing of its body was handed over."""
    causes = list(chain(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            text = f"CERTIFICATE_VERIFY_FAILED: {cause.verify_message} (certificate shown by Microsoft Graph)"
            return BackendError(Fault.TLS, Reply(text=text))
        if isinstance(cause, (NewConnectionError, ConnectTimeoutError)):
            return BackendError(Fault.UNREACHABLE, Reply(text=f"Could not connect to Microsoft Graph: {why(causes)}"))
    if isinstance(error, Refused) and not isinstance(error, Endless):
        # Only an upload goes where Graph says; that is no reason to hold the other mails.
        return BackendError(Fault.TRANSIENT, Reply(text=f"Nothing was sent: {error}"))
    if is_unread:
        return BackendError(Fault.UNREACHABLE, Reply(text=f"No connection to Microsoft Graph: {why(causes)}"))
    return Cut(f"The connection to Graph broke before it answered: {why(causes)}")


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what it came from, the first cause last."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def why(causes: list[BaseException]) -> str:
    """The operating system's words if there are any: the libraries' name the address and their own classes."""
    words = [
        reason(cause)
        for cause in causes
        if isinstance(cause, OSError) and not isinstance(cause, requests.RequestException)
    ]
    return words[-1] if words else str(causes[-1])


def reference_of(response: requests.Response) -> str:
    theirs, ours = response.headers.get("request-id", ""), response.headers.get("client-request-id", "")
    return f"request-id {theirs}, client-request-id {ours}"


def json_of(response: requests.Response) -> dict[str, Any]:
    """Raises Cut for what is no JSON object: then nobody knows what happened."""
    try:
        body = response.json()
    except (requests.JSONDecodeError, RecursionError) as error:
        raise Cut("Graph answered with something else than JSON") from error
    if not isinstance(body, dict):
        raise Cut("Graph answered with something else than a JSON object")
    return body
