"""Google's OAuth endpoints on loopback, over TLS: the rules are in tests/google_rules.py."""

import base64
import binascii
import html
import json
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

import requests

from tests.google_rules import SMTP_SCOPE, Google, Refusal
from tests.peers.mail import Introspection
from tests.peers.process import LOOPBACK, Scratch
from tests.pki import ca_pem, server_context

AUTHORIZATION, TOKEN, REVOCATION = "/o/oauth2/v2/auth", "/oauth2/token", "/oauth2/revoke"
KEYS = "/oauth2/v3/certs"
INTROSPECTION = "/introspect"
MAIL_SERVER = ("mta", "mta-secret")
JSON = {"Content-Type": "application/json; charset=utf-8"}
HTML = {"Content-Type": "text/html; charset=utf-8"}
PAGE = """<!doctype html><html lang="en"><title>Sign in</title><h1>{title}</h1>
<form method="post"><p>{text}</p><button name="allow" value="yes">Allow</button></form></html>"""
ERROR_PAGE = """<!doctype html><html lang="en"><title>Error</title><h1>Access blocked</h1><p>{text}</p></html>"""


@dataclass(frozen=True)
class Answer:
    """What goes over the wire; `hangs` says nothing until the stand-in is reset or gone."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=lambda: JSON)
    changes: Mapping[str, Any] = field(default_factory=dict)
    hangs: bool = False


class GoogleStandIn:
    """Listens at `base` while the `with` block runs. What may be set on `rules` is in google_rules.Google."""

    scope = SMTP_SCOPE
    rules: Google

    def __init__(self) -> None:
        self._scratch = Scratch("google")
        self.ca_file = self._scratch.path / "ca.pem"
        self._server = _Server((LOOPBACK, 0), partial(_Handler, self))
        self.base = f"https://localhost:{self._server.server_address[1]}"
        self._hanging = threading.Event()
        self.reset()

    @property
    def introspection(self) -> Introspection:
        name, secret = MAIL_SERVER
        return Introspection(f"https://{name}:{secret}@{urlsplit(self.base).netloc}{INTROSPECTION}", SMTP_SCOPE)

    def provider(self, smtp_port: int, smtp_host: str = "localhost") -> dict[str, Any]:
        """A table [google.NAME] of MAILADMIN_PROVIDERS_FILE."""
        return {
            "authorization_endpoint": self.base + AUTHORIZATION,
            "token_endpoint": self.base + TOKEN,
            "revocation_endpoint": self.base + REVOCATION,
            "issuer": self.base,
            "jwks_uri": self.base + KEYS,
            "smtp_host": smtp_host,
            "smtp_port": smtp_port,
            "ca_file": str(self.ca_file),
        }

    def http(self) -> requests.Session:
        """Trusts the tests' authority alone: REQUESTS_CA_BUNDLE in the environment would win over `verify`."""
        session = requests.Session()
        session.trust_env = False
        session.verify = str(self.ca_file)
        return session

    def consent(self, url: str, *, allow: bool = True) -> str:
        """Open the authorization `url` and press Allow (or turn away); the address that the browser is sent to."""
        with self.http() as browser:
            page = browser.get(url, timeout=10)
            assert page.ok, page.text
            reply = browser.post(url, data={"allow": "yes"} if allow else {}, allow_redirects=False, timeout=10)
        assert reply.status_code == 302, reply.text
        return reply.headers["Location"]

    def revoke(self, account: str) -> int:
        """The person takes every consent back; how many there were."""
        return self.rules.revoke_account(account)

    def next_answer(
        self,
        status: int = 200,
        body: bytes | str = b"",
        *,
        headers: Mapping[str, str] = JSON,
        changes: Mapping[str, Any] | None = None,
        hangs: bool = False,
    ) -> Self:
        """What the token endpoint answers next; several calls queue up.

        `changes` replaces members of the true answer (None drops one) instead of taking its place.
        """
        data = body.encode() if isinstance(body, str) else body
        self._script.append(Answer(status, data, headers, changes or {}, hangs))
        return self

    def log(self) -> list[dict[str, Any]]:
        """What the token endpoint was asked since the last reset: grant_type, client_id, status, error."""
        return list(self._log)

    def refreshes(self) -> list[int]:
        """The statuses of the refreshes in `log()`; 0 is one that hangs."""
        return [call["status"] for call in self._log if call["grant_type"] == "refresh_token"]

    def reset(self) -> None:
        """As new: no consents, no script, an empty log; who hangs is let go."""
        self._hanging.set()
        self._hanging = threading.Event()
        self.rules = Google(self.base)
        self.requests: list[str] = []
        self._script: list[Answer] = []
        self._log: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        self.ca_file.write_text(ca_pem())
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="google", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._hanging.set()
        self._server.shutdown()
        self._server.server_close()
        self._scratch.remove()

    # --- the handler's side ---

    def answer(self, method: str, path: str, query: dict[str, str], form: dict[str, str], basic: str) -> Answer:
        self.requests.append(f"{method} {path}")
        if path == AUTHORIZATION:
            return self._authorize(method, query, form)
        if method == "POST" and path == TOKEN:
            return self._token(signed(form, basic))
        if method == "GET" and path == KEYS:
            return Answer(200, json.dumps({"keys": [self.rules.key.as_dict(private=False)]}).encode())
        if method == "POST" and path == REVOCATION:
            return told(partial(self.rules.revoke, form.get("token", query.get("token", ""))))
        if method == "POST" and path == INTROSPECTION and credentials(basic) == MAIL_SERVER:
            return told(partial(self.rules.introspect, form.get("token", "")))
        return Answer(401 if path == INTROSPECTION else 404, b"{}")

    def _authorize(self, method: str, query: dict[str, str], form: dict[str, str]) -> Answer:
        try:
            self.rules.check_authorization(query)
        except Refusal as refusal:
            return Answer(refusal.status, ERROR_PAGE.format(text=html.escape(str(refusal))).encode(), HTML)
        if method == "POST":
            back = self.rules.authorize(query, allowed=form.get("allow") == "yes")
            address = urlsplit(query["redirect_uri"])
            query_string = "&".join(filter(None, (address.query, urlencode(back))))
            return Answer(302, headers={"Location": address._replace(query=query_string).geturl()})
        title, text = f"{query['client_id']} wants access", f"Signed in as {self.rules.account}"
        return Answer(200, PAGE.format(title=html.escape(title), text=html.escape(text)).encode(), HTML)

    def _token(self, form: dict[str, str]) -> Answer:
        scripted = self._script.pop(0) if self._script else None
        answer = scripted if scripted and not scripted.changes else told(partial(self.rules.token, form))
        if scripted and scripted.changes:
            members = json.loads(answer.body) | scripted.changes
            kept = {name: value for name, value in members.items() if value is not None}
            answer = Answer(answer.status, json.dumps(kept).encode())
        self._log.append(
            {
                "grant_type": form.get("grant_type", ""),
                "client_id": form.get("client_id", ""),
                "status": 0 if answer.hangs else answer.status,
                "error": error_in(answer.body),
            }
        )
        if answer.hangs:
            self._hanging.wait(120)
        return answer


def told(work: Any) -> Answer:
    try:
        return Answer(200, json.dumps(work()).encode())
    except Refusal as refusal:
        return Answer(refusal.status, json.dumps(refusal.answer).encode())


def error_in(body: bytes) -> str:
    try:
        said = json.loads(body)
    except ValueError:
        return ""
    return str(said.get("error", "")) if isinstance(said, dict) else ""


def signed(form: dict[str, str], basic: str) -> dict[str, str]:
    """The form with the client's name and secret, wherever they were sent."""
    name, secret = credentials(basic)
    return {"client_id": name, "client_secret": secret, **form} if name else form


def credentials(basic: str) -> tuple[str, str]:
    try:
        name, _, secret = base64.b64decode(basic.removeprefix("Basic "), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, secret


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def server_activate(self) -> None:
        super().server_activate()
        # The handshake belongs to the connection's own thread: a client that is slow at it must not stop the others.
        self.socket = server_context().wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: socket.socket | tuple[bytes, socket.socket], client_address: Any) -> None:
        """The client may go at any time, and may not like the certificate: that is often what the test is about."""


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, stand_in: GoogleStandIn, *arguments: Any) -> None:
        self._stand_in = stand_in
        super().__init__(*arguments)

    def do_GET(self) -> None:
        self._reply()

    def do_POST(self) -> None:
        self._reply()

    def log_message(self, *_: object) -> None:
        """Nothing on the tests' output."""

    def _reply(self) -> None:
        address = urlsplit(self.path)
        form = dict(parse_qsl(self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()))
        basic = self.headers.get("Authorization", "")
        answer = self._stand_in.answer(self.command, address.path, dict(parse_qsl(address.query)), form, basic)
        if answer.hangs:
            return
        self.send_response(answer.status)
        for name, value in {**answer.headers, "Content-Length": str(len(answer.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)
