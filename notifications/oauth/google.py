"""Google through authlib: authorization code with PKCE, and the refresh of what it gave."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from authlib.common.errors import AuthlibBaseError
from authlib.common.security import generate_token

from notifications.masking import mask
from notifications.oauth.errors import OAuthFailure, Remedy, failure
from notifications.oauth.http import TokenOAuth2Session, network_failure
from notifications.oauth.registration import Begun, Registration, Tokens, expiry, scopes_of

SERVICE = "Google's token service"


class Google:
    """See notifications.oauth.registration.Provider."""

    def begin(self, registration: Registration, redirect_uri: str, account: str) -> Begun:
        verifier, nonce = generate_token(64), generate_token(32)
        with translated(), client(registration, redirect_uri) as session:
            url, state = session.create_authorization_url(
                registration.endpoints.authorization_endpoint,
                code_verifier=verifier,
                nonce=nonce,
                # Without both, a second consent brings no refresh token.
                access_type="offline",
                prompt="consent",
                **({"login_hint": account} if account else {}),
            )
        return Begun(url, state, json.dumps({"state": state, "code_verifier": verifier, "nonce": nonce}))

    def complete(self, registration: Registration, redirect_uri: str, data: str, answer: dict[str, str]) -> Tokens:
        kept = json.loads(data)
        if "error" in answer:
            raise failure(answer["error"], answer.get("error_description", ""))
        if answer.get("state") != kept["state"] or not answer.get("code"):
            raise OAuthFailure(Remedy.SETTINGS, "", "the answer does not belong to this sign-in")
        with translated(), client(registration, redirect_uri) as session:
            token = session.fetch_token(
                registration.endpoints.token_endpoint,
                grant_type="authorization_code",
                code=answer["code"],
                code_verifier=kept["code_verifier"],
            )
        return tokens(registration, token, account_of(token, registration.client_id, kept["nonce"]))

    def refresh(self, registration: Registration, cache: str) -> Tokens:
        kept = json.loads(cache)
        with translated(), client(registration, "") as session:
            session.token = kept
            # Keeps the old refresh token when the answer has none, which is Google's habit.
            token = session.refresh_token(registration.endpoints.token_endpoint, refresh_token=kept["refresh_token"])
        return tokens(registration, token, "")

    def revoke(self, registration: Registration, cache: str) -> None:
        """Take the consent back at Google, which also ends every access token of it."""
        with translated(), client(registration, "") as session:
            reply = session.revoke_token(
                registration.endpoints.revocation_endpoint,
                token=json.loads(cache)["refresh_token"],
                token_type_hint="refresh_token",
            )
        # authlib hands back whatever was answered.
        if not reply.ok:
            raise OAuthFailure(Remedy.WAIT, "", f"Google answered {reply.status_code} {mask(reply.text)[:200]}".strip())


def client(registration: Registration, redirect_uri: str) -> TokenOAuth2Session:
    endpoints = registration.endpoints
    return TokenOAuth2Session(
        endpoints.token_hosts,
        endpoints.ca_file,
        client_id=registration.client_id,
        client_secret=registration.client_secret,
        scope=f"openid email {endpoints.smtp_scope}",
        redirect_uri=redirect_uri or None,
        code_challenge_method="S256",
        token_endpoint=endpoints.token_endpoint,
        token_endpoint_auth_method="client_secret_post",
    )


@contextmanager
def translated() -> Iterator[None]:
    """Library errors become ours."""
    try:
        yield
    except AuthlibBaseError as error:
        raise failure(str(error.error or ""), str(error.description or "")) from error
    except OSError as error:
        raise network_failure(error, SERVICE) from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        # authlib takes a reply for the JSON object that it should be.
        raise OAuthFailure(Remedy.WAIT, "", f"{SERVICE} sent a reply that cannot be used") from error


def tokens(registration: Registration, token: dict[str, Any], account: str) -> Tokens:
    if not token.get("access_token"):
        raise OAuthFailure(Remedy.WAIT, "", "Google's answer has no access token")
    return Tokens(
        access_token=token["access_token"],
        expires_at=expiry(token.get("expires_in")),
        scopes=scopes_of(token.get("scope"), registration.endpoints.smtp_scope),
        account=account,
        has_refresh_token=bool(token.get("refresh_token")),
        cache=json.dumps(token),
    )


def account_of(token: dict[str, Any], client_id: str, nonce: str) -> str:
    """The `email` claim. The id token came straight from the token endpoint over TLS, which vouches for it without a
    look at its signature (OpenID Connect Core 3.1.3.7, point 6); audience and nonce are still compared."""
    try:
        payload = token["id_token"].split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        audience, email = claims["aud"], str(claims["email"])
    except (KeyError, IndexError, ValueError, AttributeError, TypeError) as error:
        raise OAuthFailure(Remedy.SETTINGS, "", "Google did not say who signed in") from error
    if audience != client_id or claims.get("nonce") != nonce:
        raise OAuthFailure(Remedy.SETTINGS, "", "the answer does not belong to this sign-in")
    return email
