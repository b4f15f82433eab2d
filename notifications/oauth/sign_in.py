"""Signing in to the panel with Microsoft or Google: OpenID Connect with PKCE, and an id token that is verified whole.

The addresses are those of the known hosts (notifications.oauth.providers), so nothing can lead elsewhere; only the
issuer's name is discovered, since a tenant that is given by its domain signs with its ID.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.common.security import generate_token
from django.conf import settings
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from notifications.access import Role
from notifications.oauth.http import TokenOAuth2Session, TokenSession
from notifications.oauth.providers import Kind, endpoints

# Tenants that are everybody's: whoever has any account at all would be let in.
EVERYBODY = {"", "common", "organizations", "consumers"}
GOOGLES_OWN = {"gmail.com", "googlemail.com"}
LEEWAY_SECONDS = 60


class SignInRefused(Exception):
    """Says why in a sentence; no account was made, and nobody signed in."""


class NotConfigured(Exception):
    """The environment's OIDC_ settings do not fit together; says which."""


@dataclass(frozen=True)
class SignInProvider:
    kind: Kind
    # Empty where `metadata_uri` says it.
    issuer: str
    metadata_uri: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    ca_file: str

    @property
    def label(self) -> str:
        return self.kind.value.capitalize()

    @property
    def hosts(self) -> frozenset[str]:
        return frozenset(urlsplit(address).netloc for address in (self.token_endpoint, self.jwks_uri))


@dataclass(frozen=True)
class Somebody:
    """Whom the provider vouches for; `role` is None where the groups have no say."""

    issuer: str
    subject: str
    email: str
    role: Role | None


def sign_in_provider() -> SignInProvider | None:
    """None while OIDC_PROVIDER is empty. Raises NotConfigured."""
    if not settings.OIDC_PROVIDER:
        return None
    if not settings.OIDC_CLIENT_ID or not settings.OIDC_CLIENT_SECRET:
        raise NotConfigured("OIDC_CLIENT_ID and OIDC_CLIENT_SECRET are missing")
    group_roles()
    found = endpoints(settings.OIDC_PROVIDER)
    if found.kind is Kind.GOOGLE:
        if not settings.OIDC_ALLOWED_DOMAINS:
            raise NotConfigured("OIDC_ALLOWED_DOMAINS is missing: anybody with a Google account could come in")
        if not found.issuer or not found.jwks_uri:
            raise NotConfigured(f"issuer and jwks_uri of {settings.OIDC_PROVIDER} are missing in the file of providers")
        addresses = (found.authorization_endpoint, found.token_endpoint, found.jwks_uri)
        return SignInProvider(found.kind, found.issuer, "", *addresses, found.ca_file)
    if settings.OIDC_TENANT.lower() in EVERYBODY:
        raise NotConfigured("OIDC_TENANT must be the ID of your own tenant")
    base = f"{found.login_host}/{settings.OIDC_TENANT}"
    addresses = (f"{base}/oauth2/v2.0/authorize", f"{base}/oauth2/v2.0/token", f"{base}/discovery/v2.0/keys")
    metadata = f"{base}/v2.0/.well-known/openid-configuration"
    return SignInProvider(found.kind, "", metadata, *addresses, found.ca_file)


def begin(provider: SignInProvider, redirect_uri: str) -> tuple[str, dict[str, str]]:
    """Where to send the browser, and what its session keeps for the answer."""
    kept = {"nonce": generate_token(32), "verifier": generate_token(64)}
    with client(provider, redirect_uri) as session:
        url, kept["state"] = session.create_authorization_url(
            provider.authorization_endpoint,
            code_verifier=kept["verifier"],
            nonce=kept["nonce"],
            prompt="select_account",
        )
    return url, kept


def complete(
    provider: SignInProvider, redirect_uri: str, kept: Mapping[str, str], answer: Mapping[str, str]
) -> Somebody:
    """Raises SignInRefused."""
    if answer.get("state") != kept["state"]:
        raise SignInRefused("The answer does not belong to this sign-in. Start it again.")
    if "error" in answer or not answer.get("code"):
        raise SignInRefused(f"{provider.label} did not sign you in: {answer.get('error', 'no code')[:100]}.")
    try:
        claims = verified(provider, redeemed(provider, redirect_uri, kept["verifier"], answer["code"]), kept["nonce"])
    except (AuthlibBaseError, requests.RequestException) as error:
        raise SignInRefused(f"{provider.label} could not be asked: {type(error).__name__}.") from error
    except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SignInRefused(f"What {provider.label} said could not be verified.") from error
    return somebody(provider, claims)


def redeemed(provider: SignInProvider, redirect_uri: str, verifier: str, code: str) -> str:
    with client(provider, redirect_uri) as session:
        token = session.fetch_token(
            provider.token_endpoint, grant_type="authorization_code", code=code, code_verifier=verifier
        )
    return str(token["id_token"])


def verified(provider: SignInProvider, id_token: str, nonce: str) -> dict[str, Any]:
    """The claims, after signature, issuer, audience, expiry and nonce (OpenID Connect Core 3.1.3.7)."""
    with TokenSession(provider.hosts, provider.ca_file) as session:
        keys = KeySet.import_key_set(document(session, provider.jwks_uri))
        issued_by = provider.issuer or issuer_of(provider, document(session, provider.metadata_uri))
    claims = dict(jwt.decode(id_token, keys, algorithms=["RS256"]).claims)
    present: jwt.ClaimsOption = {"essential": True}
    issuer: jwt.ClaimsOption = {"essential": True, "value": issued_by}
    asked: jwt.ClaimsOption = {"essential": True, "value": nonce}
    rules = jwt.JWTClaimsRegistry(leeway=LEEWAY_SECONDS, iss=issuer, nonce=asked, exp=present, sub=present)
    rules.validate(claims)
    if claims["aud"] not in (settings.OIDC_CLIENT_ID, [settings.OIDC_CLIENT_ID]):
        raise ValueError("the id token is for another app")
    return claims


def document(session: TokenSession, address: str) -> Any:
    reply = session.get(address)
    reply.raise_for_status()
    return reply.json()


def issuer_of(provider: SignInProvider, metadata: Mapping[str, Any]) -> str:
    issuer = str(metadata["issuer"])
    if urlsplit(issuer).scheme != "https" or urlsplit(issuer).netloc not in provider.hosts:
        raise ValueError("the issuer is at no known host")
    return issuer


def somebody(provider: SignInProvider, claims: Mapping[str, Any]) -> Somebody:
    email = str(claims.get("email") or claims.get("preferred_username") or "").strip().lower()
    if "@" not in email:
        raise SignInRefused(f"{provider.label} did not say your address.")
    # Microsoft has no such claims: there the tenant vouches for its own people.
    if provider.kind is Kind.GOOGLE:
        check_google_knows(email, claims)
    domains = [domain.strip().lower() for domain in settings.OIDC_ALLOWED_DOMAINS]
    if domains and email.rpartition("@")[2] not in domains:
        raise SignInRefused("Your address is in none of the domains that may sign in here.")
    # Never by address: that may change hands, the subject does not.
    return Somebody(str(claims["iss"]), str(claims["sub"]), email, role_in(claims))


def check_google_knows(email: str, claims: Mapping[str, Any]) -> None:
    """Raises SignInRefused where Google only once sent a mail to the address, whoever has it now.

    It answers for its own addresses and, by `hd`, for those of a Workspace (developers.google.com/identity/gsi/web/
    guides/verify-google-id-token). Anybody may open a personal account with any address they read mail at.
    """
    if claims.get("email_verified") is not True:
        raise SignInRefused("Google has not verified your address.")
    if not claims.get("hd") and email.rpartition("@")[2] not in GOOGLES_OWN:
        raise SignInRefused("This is a personal Google account, not one of your organization.")


def role_in(claims: Mapping[str, Any]) -> Role | None:
    roles, groups = group_roles(), claims.get("groups")
    if not roles:
        return None
    if groups is None and "groups" in (claims.get("_claim_names") or ()):
        # More groups than a token holds (Microsoft's "groups overage"): no news is no reason to take a role away.
        return None
    mine = groups if isinstance(groups, list) else []
    return max([Role.VIEWER, *(roles[group] for group in mine if group in roles)])


def group_roles() -> dict[str, Role]:
    """Raises NotConfigured."""
    words = {role.word: role for role in Role if role is not Role.ANYONE}
    found: dict[str, Role] = {}
    for pair in settings.OIDC_GROUP_ROLES:
        group, _, word = pair.rpartition("=")
        if not group.strip() or word.strip().lower() not in words:
            raise NotConfigured(f"OIDC_GROUP_ROLES: “{pair}” does not read GROUP=viewer, operator or administrator")
        found[group.strip()] = words[word.strip().lower()]
    return found


def client(provider: SignInProvider, redirect_uri: str) -> TokenOAuth2Session:
    return TokenOAuth2Session(
        provider.hosts,
        provider.ca_file,
        client_id=settings.OIDC_CLIENT_ID,
        client_secret=settings.OIDC_CLIENT_SECRET,
        scope="openid email profile",
        redirect_uri=redirect_uri,
        code_challenge_method="S256",
        token_endpoint_auth_method="client_secret_post",
    )
