"""An app's own tokens for Microsoft Graph: nobody signs in, the client secret alone is asked for."""

import base64
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msal
from django.utils.crypto import salted_hmac

from notifications.oauth.errors import OAuthFailure, Remedy
from notifications.oauth.microsoft import application, check, translated
from notifications.oauth.registration import Registration, expiry

# An app has a home: the shared tenants are for people who sign in.
SHARED_TENANTS = {"common", "organizations", "consumers"}
LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
TENANT = re.compile(rf"{LABEL}(\.{LABEL})*")
LONGEST_TENANT = 253
# What can stand in a header as it is.
TOKEN = re.compile(r"[\x21-\x7e]+")
ROLE = re.compile(r"[A-Za-z0-9._-]{1,100}")
LARGEST_TOKEN = 64 * 1024
MOST_ROLES = 200


class AppRegistration(Registration):
    """An app that acts for itself, at Graph and not at a mail server."""

    @property
    def fingerprint(self) -> str:
        """Of everything that a token depends on, so that a new secret is proven at once.

        With SECRET_KEY in it: a fast hash alone would let whoever has the row guess the secret.
        """
        hosts = (self.endpoints.login_host, self.endpoints.graph_host)
        parts = json.dumps([*hosts, self.tenant_id.casefold(), self.client_id, self.client_secret])
        return salted_hmac("notifications.oauth.app", parts, algorithm="sha256").hexdigest()

    @property
    def scope(self) -> str:
        """Every permission that an administrator gave the app."""
        return f"{self.endpoints.graph_host}/.default"


@dataclass(frozen=True)
class AppAnswer:
    """`roles` is advisory: see roles_of."""

    access_token: str = field(repr=False)
    expires_at: datetime
    roles: tuple[str, ...]


def fetch(registration: AppRegistration) -> AppAnswer:
    """A new token, from nowhere but the cloud's sign-in service. Raises OAuthFailure: SETTINGS, TLS or WAIT."""
    check_usable(registration)
    with nobody_to_ask(), translated():
        app = application(registration, msal.TokenCache())
        result = check(app.acquire_token_for_client([registration.scope]) or {})
    token = result.get("access_token")
    if not isinstance(token, str) or not TOKEN.fullmatch(token):
        raise OAuthFailure(Remedy.WAIT, "", "Microsoft's answer has no access token")
    return AppAnswer(token, expiry(result.get("expires_in")), roles_of(token))


def check_usable(registration: AppRegistration) -> None:
    """Raises OAuthFailure before a secret goes anywhere."""
    if not registration.client_secret:
        raise OAuthFailure(Remedy.SETTINGS, "", "Client Secret is missing: an app proves with it who it is")
    tenant = registration.tenant_id
    if tenant.casefold() in SHARED_TENANTS or len(tenant) > LONGEST_TENANT or not TENANT.fullmatch(tenant):
        text = "Tenant ID is not one organisation's: give the Directory (tenant) ID, or a domain such as contoso.com"
        raise OAuthFailure(Remedy.SETTINGS, "", text)


@contextmanager
def nobody_to_ask() -> Iterator[None]:
    """Where a person would have to sign in anew, an app's administrator has to mend something."""
    try:
        yield
    except OAuthFailure as error:
        if error.remedy is not Remedy.RECONNECT:
            raise
        raise OAuthFailure(Remedy.SETTINGS, error.code, error.text) from error


def roles_of(token: str) -> tuple[str, ...]:
    """The application permissions that a token names, unverified; none where it is opaque, or says nothing of them.

    Microsoft promises no form of its tokens, and what RBAC for Applications grants does not show in them.
    """
    roles = claims_of(token).get("roles")
    if not isinstance(roles, list):
        return ()
    names = {role for role in roles[:MOST_ROLES] if isinstance(role, str) and ROLE.fullmatch(role)}
    return tuple(sorted(names))


def claims_of(token: str) -> dict[str, Any]:
    parts = token.split(".") if len(token) <= LARGEST_TOKEN else []
    if len(parts) != 3:
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}
