"""Microsoft through msal: authorization code with PKCE, and the refresh of what it gave.

A new application object for every call: msal replays a refused token request from memory for a minute, which would
look "still broken" after the administrator has mended it.
"""

import base64
import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msal
from msal.exceptions import MsalError
from msal.token_cache import TokenCache

from notifications.oauth.errors import OAuthFailure, Remedy, failure
from notifications.oauth.http import TokenSession, network_failure
from notifications.oauth.registration import Begun, Registration, Tokens, expiry, scopes_of

SERVICE = "Microsoft's sign-in service"


class Microsoft:
    """See notifications.oauth.registration.Provider."""

    def begin(self, registration: Registration, redirect_uri: str, account: str) -> Begun:
        with translated(), warnings.catch_warnings():
            # form_post would come from another site, where the session's cookie does not travel; msal warns of others.
            warnings.filterwarnings("ignore", "response_mode=")
            flow = application(registration, msal.SerializableTokenCache()).initiate_auth_code_flow(
                [registration.endpoints.smtp_scope],
                redirect_uri=redirect_uri,
                login_hint=account or None,
                response_mode="query",
            )
        check(flow)
        return Begun(flow["auth_uri"], flow["state"], json.dumps(flow))

    def complete(self, registration: Registration, redirect_uri: str, data: str, answer: dict[str, str]) -> Tokens:
        cache = msal.SerializableTokenCache()
        with translated():
            result = application(registration, cache).acquire_token_by_auth_code_flow(json.loads(data), answer)
            check_id_token(registration, check(result))
        return tokens(registration, result, cache)

    def refresh(self, registration: Registration, cache: str) -> Tokens:
        stored = msal.SerializableTokenCache()
        stored.deserialize(cache)
        with translated():
            app = application(registration, stored)
            accounts = app.get_accounts()
            if not accounts:
                raise OAuthFailure(Remedy.RECONNECT, "", "no account is stored for this registration")
            result = app.acquire_token_silent_with_error(
                [registration.endpoints.smtp_scope], accounts[0], force_refresh=True
            )
        if result is None and has_refresh_token(stored):
            raise OAuthFailure(Remedy.WAIT, "", f"{SERVICE} replied with neither a token nor an error")
        return tokens(registration, check(result), stored)


def application(registration: Registration, cache: Any) -> msal.ClientApplication:
    endpoints = registration.endpoints
    options = {
        "authority": f"{endpoints.login_host}/{registration.tenant_id}",
        "token_cache": cache,
        "http_client": TokenSession(endpoints.token_hosts, endpoints.ca_file),
        # The hosts are a closed list of ours; msal would ask the global cloud about every other one.
        "instance_discovery": False,
    }
    if registration.client_secret:
        return msal.ConfidentialClientApplication(
            registration.client_id, client_credential=registration.client_secret, **options
        )
    return msal.PublicClientApplication(registration.client_id, **options)


@contextmanager
def translated() -> Iterator[None]:
    """Library errors become ours."""
    try:
        yield
    except MsalError as error:
        raise OAuthFailure(Remedy.WAIT, "", f"{SERVICE} did not answer: {error}") from error
    except OSError as error:
        raise network_failure(error, SERVICE) from error
    except (json.JSONDecodeError, AttributeError, KeyError, IndexError, TypeError, RuntimeError) as error:
        # msal takes a reply for the JSON object that it should be.
        raise OAuthFailure(Remedy.WAIT, "", f"{SERVICE} sent a reply that cannot be used") from error
    except ValueError as error:
        # msal reports an unusable authority, a state that does not match and a bad id token in this way.
        raise OAuthFailure(Remedy.SETTINGS, "", str(error)) from error


def check(result: dict[str, Any] | None) -> dict[str, Any]:
    if result is None:
        raise OAuthFailure(Remedy.RECONNECT, "", "no refresh token is stored")
    if "error" in result:
        raise failure(str(result["error"]), str(result.get("error_description", "")))
    return result


def check_id_token(registration: Registration, result: dict[str, Any]) -> None:
    """Whether it was made for this app: since 1.38 msal compares the nonce alone.

    TLS to the token endpoint stands in for the signature (OpenID Connect Core 3.1.3.7, point 6); a token that says it
    has none is refused all the same, since Microsoft signs every one. No id token names nobody, which check_tokens()
    refuses.
    """
    if "id_token" not in result:
        return
    head = result["id_token"].split(".")[0]
    algorithm = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4))).get("alg")
    audience = result["id_token_claims"].get("aud")
    audiences = {str(name).casefold() for name in (audience if isinstance(audience, list) else [audience])}
    if registration.client_id.casefold() not in audiences or str(algorithm or "none").casefold() == "none":
        raise OAuthFailure(Remedy.SETTINGS, "", "the id token in the answer does not belong to this sign-in")


def tokens(registration: Registration, result: dict[str, Any], cache: Any) -> Tokens:
    if not result.get("access_token"):
        raise OAuthFailure(Remedy.WAIT, "", "Microsoft's answer has no access token")
    claims = result.get("id_token_claims") or {}
    return Tokens(
        access_token=result["access_token"],
        expires_at=expiry(result.get("expires_in")),
        scopes=scopes_of(result.get("scope"), registration.endpoints.smtp_scope),
        account=str(claims.get("preferred_username") or claims.get("email") or claims.get("upn") or ""),
        has_refresh_token=has_refresh_token(cache),
        cache=cache.serialize(),
    )


def has_refresh_token(cache: Any) -> bool:
    return any(cache.search(TokenCache.CredentialType.REFRESH_TOKEN))
