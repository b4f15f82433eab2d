"""What both providers take and give, so that the rest of the house need not know which one it is."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.utils import timezone

from notifications.oauth.providers import Endpoints

# What an answer without a usable `expires_in` is taken to mean; RFC 6749 5.1 only recommends the member.
DEFAULT_LIFE = 3600
LONGEST_LIFE = 24 * 3600


@dataclass(frozen=True)
class Registration:
    """The app as registered with the provider. Without a secret it is a public client and relies on PKCE alone."""

    endpoints: Endpoints
    client_id: str
    tenant_id: str = ""
    client_secret: str = field(default="", repr=False)

    @property
    def fingerprint(self) -> str:
        """Tells whether a consent was given to this registration; a new secret does not change it."""
        home = self.endpoints
        # GCC High and DoD share a login host: host and scope of the mail server tell them apart.
        hosts = (home.kind, home.login_host, home.token_endpoint, home.smtp_host, home.smtp_scope)
        parts = (*hosts, self.tenant_id, self.client_id)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@dataclass(frozen=True)
class Begun:
    """A consent on its way: where the browser goes, and what must be kept until it comes back (`data`: secret JSON)."""

    url: str
    state: str
    data: str = field(repr=False)


@dataclass(frozen=True)
class Tokens:
    """`cache` is the provider library's own serialised form and holds the refresh token.

    `account` is empty when the answer did not say who consented, as a refresh may not.
    """

    access_token: str = field(repr=False)
    expires_at: datetime
    scopes: frozenset[str]
    account: str
    has_refresh_token: bool
    cache: str = field(repr=False)


class Provider(Protocol):
    """One provider's OAuth. Every method raises OAuthFailure and nothing else."""

    def begin(self, registration: Registration, redirect_uri: str, account: str) -> Begun: ...

    def complete(self, registration: Registration, redirect_uri: str, data: str, answer: dict[str, str]) -> Tokens: ...

    def refresh(self, registration: Registration, cache: str) -> Tokens: ...


def expiry(expires_in: Any) -> datetime:
    """Seconds as the provider gave them: a number, a text, nothing, or nonsense."""
    try:
        seconds = int(expires_in)
    except (TypeError, ValueError):
        seconds = 0
    return timezone.now() + timedelta(seconds=min(seconds if seconds > 0 else DEFAULT_LIFE, LONGEST_LIFE))


def scopes_of(scope: Any, asked: str) -> frozenset[str]:
    """An answer without `scope` grants what was asked (RFC 6749 5.1)."""
    return frozenset(str(scope).split()) if scope else frozenset({asked})
