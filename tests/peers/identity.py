"""An OpenID provider that nobody in this project wrote, laid out as Microsoft's identity platform."""

import html
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

import requests

from tests.peers.mail import SCOPE, Introspection
from tests.peers.process import Process, Scratch
from tests.pki import write_server
from tests.waiting import wait_until

PROGRAM = Path(__file__).with_suffix(".mjs")
LISTENING = re.compile(r"^listening on (https://\S+)$", re.M)
ACTION = re.compile(r'<form [^>]*\baction="([^"]+)"')
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')
CANCEL = re.compile(r'<a href="([^"]+)">\[ Cancel \]')
ROLES = ("Mail.Send", "Mail.ReadWrite")


class IdentityPeer:
    """Listens at `base`; its login page takes any name and password.

    ms-public       no secret; http://localhost and http://127.0.0.1 with any port
    ms-conf         secret ms-conf-secret; https://app.example.test/mail/oauth/callback
    graph-daemon    secret graph-secret; client credentials, `roles` in its tokens
    mta             secret mta-secret; may introspect

    `redirect_uris` are registered for the first two as well. Each refresh replaces the refresh token; one that is used
    a second time ends the whole consent.
    """

    tenant = "11111111-2222-3333-4444-555555555555"
    base: str

    def __init__(
        self, access_token_seconds: int = 3600, roles: Sequence[str] = ROLES, redirect_uris: Sequence[str] = ()
    ) -> None:
        self._first = {
            "access_token_seconds": access_token_seconds,
            "roles": list(roles),
            "redirect_uris": list(redirect_uris),
        }
        self._scratch = Scratch("identity")
        self.ca_file = self._scratch.path / "ca.pem"

    @property
    def authority(self) -> str:
        return f"{self.base}/{self.tenant}"

    @property
    def introspection(self) -> Introspection:
        address = urlsplit(self.authority)
        return Introspection(f"https://mta:mta-secret@{address.netloc}{address.path}/oauth2/v2.0/introspect", SCOPE)

    def provider(self, smtp_port: int, smtp_host: str = "localhost") -> dict[str, Any]:
        """A table [microsoft.NAME] of MAILADMIN_PROVIDERS_FILE."""
        return {
            "login_host": self.base,
            "smtp_host": smtp_host,
            "smtp_port": smtp_port,
            "smtp_scope": SCOPE,
            "ca_file": str(self.ca_file),
        }

    def http(self) -> requests.Session:
        """Trusts this peer alone: REQUESTS_CA_BUNDLE in the environment would win over `verify`."""
        session = requests.Session()
        session.trust_env = False
        session.verify = str(self.ca_file)
        return session

    def sign_in(self, url: str, account: str, *, consent: bool = True, browser: requests.Session | None = None) -> str:
        """Walk from the authorization `url` through the pages; the address (code and state in it) they lead to at last.

        `consent=False` presses Cancel on the consent page; `browser` is one to go on with, cookies and all.
        """
        browser = browser or self.http()
        reply = browser.get(url, allow_redirects=False, timeout=10)
        for _ in range(20):
            where = urljoin(reply.url, reply.headers.get("Location", ""))
            if reply.is_redirect and not where.startswith(f"{self.base}/"):
                return where
            assert reply.ok, f"{reply.status_code} at {reply.url}:\n{_words(reply.text)}"
            form = None if reply.is_redirect else _form(reply.text, account, consent)
            if form:
                reply = browser.post(form[0], form[1], allow_redirects=False, timeout=10)
            else:
                where = where if reply.is_redirect else html.unescape(CANCEL.findall(reply.text)[0])
                reply = browser.get(where, allow_redirects=False, timeout=10)
        raise AssertionError(f"the pages have no end: {reply.url}")

    def log(self) -> list[dict[str, Any]]:
        """What the token endpoint was asked since the last reset: grant_type, client_id, status, error."""
        calls: list[dict[str, Any]] = self._back_door("log")
        return calls

    def refreshes(self) -> list[int]:
        """The statuses of the refreshes in `log()`."""
        return [call["status"] for call in self.log() if call["grant_type"] == "refresh_token"]

    def revoke(self, account: str) -> int:
        """End all consents of `account`, as an administrator of the directory does; how many there were."""
        revoked: int = self._back_door("revoke", {"account": account})["revoked"]
        return revoked

    def set(self, **values: Any) -> None:
        """access_token_seconds, roles, redirect_uris, or `withheld`: scopes that people do not consent to."""
        self._back_door("settings", values)

    def next_answers(self, *answers: tuple[int, str] | tuple[int, str, Mapping[str, str]]) -> None:
        """What the token endpoint answers next instead of its own: status, body, headers."""
        told = [(*answer, {"Content-Type": "application/json"})[:3] for answer in answers]
        self.set(answers=[{"status": status, "body": body, "headers": headers} for status, body, headers in told])

    def reset(self) -> None:
        """The settings of the start and an empty log; consents stay."""
        self._back_door("reset", self._first)

    def __enter__(self) -> Self:
        write_server(self._scratch.path)
        node = shutil.which("node")
        assert node, "Node.js is not installed"
        log = self._scratch.path / "log"
        self._process = Process([node, PROGRAM, self._scratch.path], log)
        wait_until(lambda: not self._process.is_running or LISTENING.search(log.read_text()), what="the identity peer")
        found = LISTENING.search(log.read_text())
        assert found, self._process.tail()
        self.base = found[1]
        self.reset()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stop()
        self._scratch.remove()

    def _back_door(self, name: str, values: Mapping[str, Any] | None = None) -> Any:
        method = "GET" if values is None else "POST"
        with self.http() as session:
            reply = session.request(method, f"{self.base}/peer/{name}", json=values, timeout=10)
        reply.raise_for_status()
        return reply.json()


def _form(page: str, account: str, consent: bool) -> tuple[str, dict[str, str]] | None:
    """Where to post which answers; None to cancel. Some pages only lead on, by a script that submits them."""
    answers = dict(HIDDEN.findall(page))
    assert answers, _words(page)
    if answers.get("prompt") == "consent" and not consent:
        return None
    if answers.get("prompt") == "login":
        answers |= {"login": account, "password": "any"}
    return html.unescape(ACTION.findall(page)[0]), answers


def _words(page: str) -> str:
    return " ".join(re.sub(r"<style.*?</style>|<[^>]+>", " ", page, flags=re.S).split())[:800]
