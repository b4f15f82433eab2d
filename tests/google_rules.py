"""What Google's authorization and token endpoints accept, refuse and answer, without the HTTP around it.

Sources: developers.google.com/identity/protocols/oauth2/web-server, .../native-app and OpenID Connect pages; texts of
refusals as people quote them in issues of client libraries.
"""

import base64
import hashlib
import re
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

SMTP_SCOPE = "https://mail.google.com/"
# What Google calls `email` in its answers.
LONG_NAMES = {
    "email": "https://www.googleapis.com/auth/userinfo.email",
    "profile": "https://www.googleapis.com/auth/userinfo.profile",
}
LOOPBACK = re.compile(r"http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(/.*)?")
CODE_SECONDS = 600


class Refusal(Exception):
    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(f"Error {status}: {error}. {description}")
        self.status = status
        self.answer = {"error": error, "error_description": description}


@dataclass(frozen=True)
class Client:
    """As registered: a `Desktop app` may use any loopback address, a `Web application` only what is listed."""

    secret: str
    desktop: bool = False


@dataclass
class Grant:
    account: str
    client_id: str
    scopes: list[str]
    revoked: bool = False


@dataclass(frozen=True)
class Code:
    grant: Grant
    query: Mapping[str, str]
    offline: bool
    ends: float


@dataclass
class Google:
    """The clients `google-desktop` and `google-web`, each with its name and `-secret` as secret.

    `withheld` are boxes that people leave unticked; `id_token_changes` replaces claims, None drops one.
    """

    issuer: str
    account: str = "sender@contoso.test"
    redirect_uris: list[str] = field(default_factory=lambda: ["https://app.example.test/mail/oauth/callback"])
    withheld: set[str] = field(default_factory=set)
    access_token_seconds: int = 3600
    gives_refresh_tokens: bool = True
    id_token_changes: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.key = signing_key()
        self.clients = {
            "google-desktop": Client("google-desktop-secret", desktop=True),
            "google-web": Client("google-web-secret"),
        }
        self._lock = threading.RLock()
        self._grants: list[Grant] = []
        self._codes: dict[str, Code] = {}
        self._refresh_tokens: dict[str, Grant] = {}
        self._access_tokens: dict[str, tuple[Grant, float]] = {}

    def check_authorization(self, query: Mapping[str, str]) -> None:
        """Google shows these refusals to the person: it does not send the browser back."""
        client = self.clients.get(query.get("client_id", ""))
        if client is None:
            raise Refusal(401, "invalid_client", "The OAuth client was not found.")
        address = query.get("redirect_uri", "")
        if address not in self.redirect_uris and not (client.desktop and LOOPBACK.fullmatch(address)):
            raise Refusal(400, "redirect_uri_mismatch", f"{address} is not registered")
        if query.get("response_type") != "code":
            raise Refusal(400, "unsupported_response_type", "response_type must be code here")
        if not query.get("scope"):
            raise Refusal(400, "invalid_request", "Missing required parameter: scope")
        if "code_challenge" in query and query.get("code_challenge_method") != "S256":
            raise Refusal(400, "invalid_request", "code_challenge_method must be S256 here")

    def authorize(self, query: Mapping[str, str], *, allowed: bool) -> dict[str, str]:
        """The parameters that the browser brings back."""
        back = {"state": query["state"]} if "state" in query else {}
        back["iss"] = self.issuer
        if not allowed:
            return back | {"error": "access_denied"}
        asked = [scope for scope in query["scope"].split() if scope not in self.withheld]
        grant = Grant(self.account, query["client_id"], [LONG_NAMES.get(scope, scope) for scope in asked])
        with self._lock:
            offline = query.get("access_type") == "offline" and (
                query.get("prompt") == "consent" or not self._has_consented(grant)
            )
            self._grants.append(grant)
            code = f"4/{secrets.token_urlsafe(24)}"
            self._codes[code] = Code(grant, dict(query), offline, time.time() + CODE_SECONDS)
        return back | {"code": code, "scope": " ".join(grant.scopes), "authuser": "0", "prompt": "consent"}

    def token(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Raises Refusal."""
        self._check_client(form)
        with self._lock:
            if form.get("grant_type") == "authorization_code":
                return self._redeem(form)
            if form.get("grant_type") == "refresh_token":
                return self._refresh(form)
        raise Refusal(400, "unsupported_grant_type", f"Invalid grant_type: {form.get('grant_type', '')}")

    def revoke(self, token: str) -> dict[str, Any]:
        """Either kind of token ends the whole consent. Raises Refusal."""
        with self._lock:
            grant = self._refresh_tokens.get(token) or self._access_tokens.get(token, (None,))[0]
            if grant is None or grant.revoked:
                raise Refusal(400, "invalid_token", "Token expired or revoked")
            grant.revoked = True
        return {}

    def revoke_account(self, account: str) -> int:
        """What the person does at myaccount.google.com; how many consents ended."""
        with self._lock:
            found = [grant for grant in self._grants if grant.account == account and not grant.revoked]
            for grant in found:
                grant.revoked = True
        return len(found)

    def introspect(self, token: str) -> dict[str, Any]:
        """Google has no such endpoint; mail servers of others need one (RFC 7662)."""
        grant, ends = self._access_tokens.get(token, (None, 0.0))
        if grant is None or grant.revoked or ends < time.time():
            return {"active": False}
        scope = " ".join(grant.scopes)
        return {"active": True, "username": grant.account, "scope": scope, "client_id": grant.client_id}

    def _has_consented(self, grant: Grant) -> bool:
        before = (other for other in self._grants if not other.revoked)
        return any((other.account, other.client_id) == (grant.account, grant.client_id) for other in before)

    def _check_client(self, form: Mapping[str, str]) -> None:
        if not form.get("client_id"):
            raise Refusal(400, "invalid_request", "Could not determine client ID from request.")
        client = self.clients.get(form["client_id"])
        if client is None:
            raise Refusal(401, "invalid_client", "The OAuth client was not found.")
        if not form.get("client_secret"):
            # Also with PKCE, and also for a Desktop app.
            raise Refusal(400, "invalid_request", "client_secret is missing.")
        if form["client_secret"] != client.secret:
            raise Refusal(401, "invalid_client", "The provided client secret is invalid.")

    def _redeem(self, form: Mapping[str, str]) -> dict[str, Any]:
        code = self._codes.get(form.get("code", ""))
        if code is None or code.ends < time.time() or code.query["client_id"] != form["client_id"]:
            raise Refusal(400, "invalid_grant", "Malformed auth code." if code is None else "Bad Request")
        if form.get("redirect_uri") != code.query["redirect_uri"]:
            raise Refusal(400, "redirect_uri_mismatch", "Bad Request")
        check_verifier(code.query.get("code_challenge", ""), form.get("code_verifier", ""))
        del self._codes[form["code"]]
        answer = self._answer(code.grant, code.query.get("nonce"))
        if code.offline and self.gives_refresh_tokens:
            answer["refresh_token"] = f"1//{secrets.token_urlsafe(48)}"
            self._refresh_tokens[answer["refresh_token"]] = code.grant
        return answer

    def _refresh(self, form: Mapping[str, str]) -> dict[str, Any]:
        """No new refresh token comes with it: the old one stays good."""
        grant = self._refresh_tokens.get(form.get("refresh_token", ""))
        if grant is None or grant.client_id != form["client_id"]:
            raise Refusal(400, "invalid_grant", "Bad Request")
        if grant.revoked:
            raise Refusal(400, "invalid_grant", "Token has been expired or revoked.")
        return self._answer(grant, None)

    def _answer(self, grant: Grant, nonce: str | None) -> dict[str, Any]:
        token = f"ya29.{secrets.token_urlsafe(96)}"
        self._access_tokens[token] = (grant, time.time() + self.access_token_seconds)
        answer = {"access_token": token, "expires_in": self.access_token_seconds, "token_type": "Bearer"}
        answer["scope"] = " ".join(grant.scopes)
        if "openid" in grant.scopes:
            answer["id_token"] = self._id_token(grant, nonce)
        return answer

    def _id_token(self, grant: Grant, nonce: str | None) -> str:
        now = int(time.time())
        sub = str(int(hashlib.sha256(grant.account.encode()).hexdigest()[:15], 16))
        claims: dict[str, Any] = {"iss": self.issuer, "azp": grant.client_id, "aud": grant.client_id, "sub": sub}
        claims |= {"nonce": nonce, "iat": now, "exp": now + 3600}
        if LONG_NAMES["email"] in grant.scopes:
            claims |= {"email": grant.account, "email_verified": True, "hd": grant.account.rpartition("@")[2]}
        kept = {name: value for name, value in (claims | self.id_token_changes).items() if value is not None}
        return str(jwt.encode({"alg": "RS256", "typ": "JWT", "kid": self.key.kid}, kept, self.key))


@cache
def signing_key() -> RSAKey:
    """One for all: making it takes a tenth of a second."""
    return RSAKey.generate_key(2048, {"kid": "tests", "use": "sig", "alg": "RS256"})


def check_verifier(challenge: str, verifier: str) -> None:
    """PKCE (RFC 7636, S256): with a challenge in the first request, the second must bring what it was made of."""
    if challenge and not verifier:
        raise Refusal(400, "invalid_grant", "Missing code verifier.")
    if challenge and base64url(hashlib.sha256(verifier.encode()).digest()) != challenge:
        raise Refusal(400, "invalid_grant", "Invalid code verifier.")


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
