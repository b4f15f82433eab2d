"""The login host's side: who may have an app token, for whom, with which roles.

Error numbers as in Microsoft's "Microsoft Entra authentication and authorization error codes".
"""

import base64
import json
import secrets
import threading
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.graph.wire import Answer, GraphError, Request

TENANT = "11111111-2222-3333-4444-555555555555"
DOMAIN = "contoso.test"
CLIENT, SECRET, EXPIRED_SECRET = "graph-daemon", "graph-secret", "graph-secret-of-last-year"
SEND, READ_WRITE = "Mail.Send", "Mail.ReadWrite"


@dataclass(frozen=True)
class AppToken:
    """What one access token stands for; `expires_at` is in seconds since 1970."""

    client_id: str
    audience: str
    roles: tuple[str, ...]
    expires_at: int


class Login:
    """One tenant and its app registrations: `secrets` by client, `expired_secrets` that were good once.

    `roles` are granted to every app and named in its tokens; `rbac` are granted in Exchange alone, which no token
    tells. Both count at once: a token that is out already loses and wins rights with them.
    """

    def __init__(self, base: str) -> None:
        self.base = base
        self.tenants = {TENANT, DOMAIN}
        self.secrets = {CLIENT: {SECRET}}
        self.expired_secrets = {EXPIRED_SECRET}
        self.roles = {SEND, READ_WRITE}
        self.rbac: set[str] = set()
        self.token_seconds = 3599
        # What takes the place of the graph host as `aud`, to play a token of another cloud.
        self.audience = base
        # Whose `.default` may be asked for.
        self.resources = {base}
        self.calls: list[dict[str, Any]] = []
        self._issued: dict[str, AppToken] = {}
        self._lock = threading.Lock()

    def discover(self, request: Request) -> Answer:
        tenant = request.item
        if tenant.lower() not in self.tenants:
            return refused(400, "invalid_tenant", 90002, f"Tenant '{tenant}' not found.")
        home = f"{self.base}/{TENANT}"
        return Answer.json(
            200,
            {
                "issuer": f"{home}/v2.0",
                "token_endpoint": f"{home}/oauth2/v2.0/token",
                "authorization_endpoint": f"{home}/oauth2/v2.0/authorize",
                "device_authorization_endpoint": f"{home}/oauth2/v2.0/devicecode",
                "jwks_uri": f"{home}/discovery/v2.0/keys",
                "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
                "response_types_supported": ["code", "id_token"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "msgraph_host": self.base.removeprefix("https://"),
            },
        )

    def give(self, request: Request) -> Answer:
        form = request.form
        answer = self._answer(request.item, form)
        self.note(form, answer.status, json.loads(answer.body).get("error", ""))
        return answer

    def note(self, form: dict[str, str], status: int, error: str) -> None:
        """`status` 0 is a connection that was cut."""
        asked = {name: form.get(name, "") for name in ("grant_type", "client_id", "scope")}
        with self._lock:
            self.calls.append({**asked, "status": status, "error": error})

    def owner(self, request: Request) -> AppToken:
        """Whose token comes with the request. Raises GraphError 401."""
        kind, _, token = request.header("authorization").partition(" ")
        if kind != "Bearer" or not token:
            raise unauthorized("Access token is empty.")
        with self._lock:
            found = self._issued.get(token)
        if found is None:
            raise unauthorized("CompactToken parsing failed with error code: 80049217")
        if found.expires_at <= time.time():
            raise unauthorized("Lifetime validation failed, the token is expired.")
        if found.audience != self.base:
            raise unauthorized("Access token validation failure. Invalid audience.")
        return found

    def may(self, role: str) -> bool:
        return role in self.roles | self.rbac

    def forget_tokens(self) -> None:
        """Every token that is out is worth nothing from now on."""
        with self._lock:
            self._issued.clear()

    def _answer(self, tenant: str, form: dict[str, str]) -> Answer:
        client = form.get("client_id", "")
        if tenant.lower() not in self.tenants:
            return refused(400, "invalid_request", 90002, f"Tenant '{tenant}' not found.")
        if form.get("grant_type") != "client_credentials":
            return refused(400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
        if client not in self.secrets:
            text = f"Application with identifier '{client}' was not found in the directory."
            return refused(400, "unauthorized_client", 700016, text)
        if wrong := self._wrong_secret(client, form.get("client_secret", "")):
            return wrong
        if form.get("scope", "").removesuffix("/.default") not in self.resources:
            text = f"The provided value for the input parameter 'scope' is not valid: {form.get('scope', '')}"
            return refused(400, "invalid_scope", 70011, text)
        return self._issue(client)

    def _wrong_secret(self, client: str, secret: str) -> Answer | None:
        if not secret:
            text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
            return refused(401, "invalid_client", 7000218, text)
        if secret in self.expired_secrets:
            return refused(401, "invalid_client", 7000222, f"The client secret keys for app '{client}' are expired.")
        if secret not in self.secrets[client]:
            return refused(401, "invalid_client", 7000215, f"Invalid client secret provided for app '{client}'.")
        return None

    def _issue(self, client: str) -> Answer:
        now = int(time.time())
        token = AppToken(client, self.audience, tuple(sorted(self.roles)), now + self.token_seconds)
        claims = {
            "aud": token.audience,
            "iss": f"{self.base}/{TENANT}/",
            "iat": now,
            "nbf": now,
            "exp": token.expires_at,
            "appid": client,
            "idtyp": "app",
            "tid": TENANT,
            "uti": secrets.token_urlsafe(12),
            # Without any, the claim is missing and not empty.
            **({"roles": list(token.roles)} if token.roles else {}),
        }
        text = ".".join((encoded({"typ": "JWT", "alg": "RS256", "kid": "tests"}), encoded(claims), "bm90LXNpZ25lZA"))
        with self._lock:
            self._issued[text] = token
        seconds = self.token_seconds
        return Answer.json(
            200, {"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": text}
        )


def encoded(claims: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()


def unauthorized(message: str) -> GraphError:
    return GraphError(401, "InvalidAuthenticationToken", message)


def refused(status: int, error: str, number: int, text: str) -> Answer:
    trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
    when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    described = f"AADSTS{number}: {text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {when}"
    return Answer.json(
        status,
        {
            "error": error,
            "error_description": described,
            "error_codes": [number],
            "timestamp": when,
            "trace_id": trace,
            "correlation_id": correlation,
        },
    )
