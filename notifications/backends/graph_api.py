"""Microsoft Graph's mail calls over HTTPS: one request, one answer, one kind of error."""

import json
import uuid
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote, unquote

import requests
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from notifications.backends.base import BackendError, Fault, Reply, Stage, TimeLimits, TokenSource
from notifications.backends.deadline import Deadline
from notifications.backends.graph_errors import Cut, Refusal, refusal
from notifications.backends.graph_faults import STAGES, SUCCESS, Call
from notifications.backends.trace import Trace
from notifications.outbound import Endless, GuardedSession, NotSent, Refused, Untrusted, chain, reason

# The answer to a new draft repeats the whole mail.
LARGEST_ANSWER = 16 * 1024 * 1024
CHUNK = 64 * 1024
UNCONNECTED = (NewConnectionError, ConnectTimeoutError)


class GraphAccess(TokenSource, Protocol):
    """The app's tokens, and whether they may make drafts: None until somebody tried."""

    @property
    def may_draft(self) -> bool | None: ...

    def learn(self, *, may_draft: bool) -> None: ...


@dataclass(frozen=True)
class GraphServer:
    """`host` is `https://…` without a path, `mailbox` the sender's address; `connect_timeout` is in seconds.

    `upload_hosts`: where Graph may send the pieces of a large attachment, besides itself. `most_recipients` in one
    message, None for no limit.
    """

    host: str
    mailbox: str
    save_to_sent_items: bool = True
    connect_timeout: float = 10.0
    ca_file: str = ""
    upload_hosts: frozenset[str] = frozenset()
    trust_environment: bool = False
    most_recipients: int | None = 500

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

    def call(self, call: Call, method: str, url: str, body: Any = None, **headers: str) -> requests.Response:
        """Send one request with the app's token, and a new one if Graph rejects it. `body`: JSON, or bytes of base64.

        Returns only a reply that Microsoft documents for `call`. Raises Refusal, Cut, or BackendError when nothing was
        sent.
        """
        token = self._access.token(self._limits.command)
        if not self._has_token:
            self._trace.step("signed in as the app")
            self._has_token = True
        try:
            return self._authorized(call, token, method, url, body, headers)
        except Refusal as error:
            if error.status != 401:
                raise
            self._trace.step("Graph rejected the access token; fetching a new one")
            token = self._access.token(self._limits.command, refused=token)
            return self._authorized(call, token, method, url, body, headers)

    def _authorized(
        self, call: Call, token: str, method: str, url: str, body: Any, headers: dict[str, str]
    ) -> requests.Response:
        self._trace.hide(token)
        if isinstance(body, bytes):
            content, kind = body, "text/plain"
        else:
            text = "" if body is None else json.dumps(body, ensure_ascii=False)
            content, kind = text.encode(errors="replace"), "application/json"
        headers = {**({"Content-Type": kind} if content else {}), **headers, "Authorization": f"Bearer {token}"}
        return self.exchange(call, method, url, content, headers)

    def exchange(self, call: Call, method: str, url: str, content: bytes, headers: dict[str, str]) -> requests.Response:
        """Send one request as it is, without a token unless `headers` have one. Returns and raises as `call` does."""
        ours = str(uuid.uuid4())
        self._trace.sent(f"{method} {unquote(url)} ({len(content)} bytes), client-request-id {ours}")
        deadline = Deadline(self._limits.command)
        self._session.remaining = deadline.remaining
        body = Clocked(content, deadline)
        sent = {**headers, "client-request-id": ours, "return-client-request-id": "true"}
        try:
            response = self._session.request(method, url, data=body if content else None, headers=sent)
        except OSError as error:
            failure = undelivered(error, call, is_unread=bool(content) and not body.position)
            self._trace.step(f"no reply: {failure}")
            raise failure from error
        theirs = response.headers.get("request-id", "")
        self._trace.received(f"{response.status_code} {response.reason}, request-id {theirs or 'none'}")
        self._check_is_reply_to(ours, body, response)
        if not 200 <= response.status_code < 300:
            refused = refusal(call, response, f"request-id {theirs}, client-request-id {ours}")
            self._trace.received(f"{' '.join(refused.codes)} {refused.reply.text}".strip())
            raise refused
        check_is_documented(call, response)
        return response

    def _check_is_reply_to(self, request_id: str, body: "Clocked", response: requests.Response) -> None:
        """Raise Cut for a reply to another request, or one that came before all of this request was sent.

        Graph repeats the client-request-id. Where it is missing, the connection is not used again: what is still to
        come on it would be read as the reply to the next request.
        """
        repeated = response.headers.get("client-request-id", "")
        if repeated != request_id:
            self._session.close()
        if repeated and repeated != request_id:
            raise Cut("Graph's reply belongs to another request")
        if body.position < len(body):
            self._session.close()
            raise Cut(f"Graph replied {response.status_code} before all of the request was sent")


def check_is_documented(call: Call, response: requests.Response) -> None:
    """Raise Cut for a success that Microsoft does not document: it is not Graph's, or means something else."""
    status = response.status_code
    if status not in SUCCESS[call]:
        raise Cut(f"Graph replied {status} {response.reason}, which is no reply to this request")
    if status == 202 and response.content.strip():
        raise Cut(f"Graph replied {status} with content, which its acceptance never has")


def undelivered(error: OSError, call: Call, *, is_unread: bool) -> BackendError | Cut:
    """Return what a request without a reply means. `is_unread`: nothing of its body left this machine."""
    causes = list(chain(error))
    stage, text = STAGES[call], why(causes)
    timed_out = any(isinstance(cause, (TimeoutError, requests.Timeout)) for cause in causes)
    if isinstance(error, Untrusted):
        return BackendError(Fault.TLS, Reply(text=str(error)), stage=Stage.TLS)
    if isinstance(error, Refused) and not isinstance(error, Endless):
        # Only an upload goes where Graph names, which is no reason to hold other emails.
        return BackendError(Fault.TRANSIENT, Reply(text=f"Nothing was sent: {error}"), stage=stage)
    if isinstance(error, (NotSent, requests.exceptions.ProxyError)) or any(
        isinstance(cause, UNCONNECTED) for cause in causes
    ):
        reply = Reply(text=f"Could not connect to Microsoft Graph: {text}")
        return BackendError(Fault.UNREACHABLE, reply, stage=Stage.CONNECT, timed_out=timed_out)
    if is_unread:
        reply = Reply(text=f"No connection to Microsoft Graph: {text}")
        return BackendError(Fault.UNREACHABLE, reply, stage=stage, timed_out=timed_out)
    return Cut(f"The connection to Graph was lost before it replied: {text}", timed_out=timed_out)


def why(causes: list[BaseException]) -> str:
    """Return the operating system's words if there are any: the libraries' name the address and their own classes."""
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
    """Raise Cut for what is no JSON object: then nobody knows what happened."""
    try:
        body = response.json()
    except (requests.JSONDecodeError, RecursionError) as error:
        raise Cut("Graph's reply is not JSON") from error
    if not isinstance(body, dict):
        raise Cut("Graph's reply is not a JSON object")
    return body
