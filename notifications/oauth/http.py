"""The guarded way out, in the forms that the providers' libraries take, and what of its answers they may see."""

import json
from datetime import timedelta
from typing import Any

import requests
from authlib.integrations.requests_client import OAuth2Session
from django.conf import settings

from notifications.oauth.errors import WAIT_ERRORS, OAuthFailure, Remedy, failure
from notifications.outbound import Guard, GuardedSession, Untrusted, chain, retry_after

# The statuses with which an OAuth error value says something (RFC 6749 5.2; Google rejects some requests with 403).
ERROR_STATUSES = {400, 401, 403}


class NoAnswer(requests.RequestException):
    """What replied was not the provider's decision: an overloaded service, a proxy, a captive portal."""

    def __init__(self, text: str, retry_after: timedelta | None = None) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class Rejected(requests.RequestException):
    """The provider's discovery document was refused with an OAuth error."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code, self.text = code, text


class TokenGuard(Guard):
    """Lets the libraries see a decision of the provider's only; they take any JSON for one, and log the rest."""

    def request(self, method: Any, url: Any, *args: Any, **options: Any) -> requests.Response:
        response = super().request(method, url, *args, **options)
        is_discovery = str(method).upper() == "GET"
        if response.content or is_discovery or not response.ok:
            # A revocation is answered without a body (RFC 7009 2.2).
            check_is_decision(response)
        if response.status_code >= 400 and is_discovery:
            raise Rejected(*error_in(response))
        return response


class TokenSession(TokenGuard, GuardedSession):
    """For msal, which takes any session."""

    def __init__(self, hosts: frozenset[str], ca_file: str) -> None:
        super().__init__(hosts, ca_file, trust_environment=settings.OUTBOUND_TRUST_ENVIRONMENT)


class TokenOAuth2Session(TokenGuard, OAuth2Session):  # type: ignore[misc]  # authlib ships no types
    """For authlib, which is itself a session."""

    def __init__(self, hosts: frozenset[str], ca_file: str, **options: Any) -> None:
        super().__init__(**options)
        self.guard(hosts, ca_file, trust_environment=settings.OUTBOUND_TRUST_ENVIRONMENT)


def check_is_decision(response: requests.Response) -> None:
    """Raise NoAnswer for everything but a success in JSON and an OAuth error (RFC 6749 5.1, 5.2).

    The status comes first: an overloaded service may still say `invalid_grant`, and 429 is no refusal.
    """
    status = response.status_code
    body = json_in(response)
    code, text = error_in(response)
    if 200 <= status < 300 and isinstance(body, dict) and isinstance(body.get("error", ""), str):
        return
    if status in ERROR_STATUSES and code and code not in WAIT_ERRORS:
        return
    said = f"{code}: {text}".rstrip(": ") or ("not JSON" if 200 <= status < 300 else "no OAuth error")
    raise NoAnswer(f"replied {status} {response.reason} ({said})", retry_after(response))


def error_in(response: requests.Response) -> tuple[str, str]:
    """The OAuth error and its description; empty where there is none, or one that is not a text."""
    body = json_in(response)
    found = body if isinstance(body, dict) else {}
    code, text = found.get("error"), found.get("error_description")
    return (code, text if isinstance(text, str) else "") if isinstance(code, str) else ("", "")


def json_in(response: requests.Response) -> Any:
    """None for what is no JSON."""
    try:
        return json.loads(response.content)
    except (ValueError, RecursionError):
        return None


def network_failure(error: OSError, service: str) -> OAuthFailure:
    """Return what an error that the libraries let through means; `service` names who was asked."""
    if isinstance(error, Rejected):
        return failure(error.code, error.text)
    if isinstance(error, Untrusted):
        return OAuthFailure(Remedy.TLS, "", str(error))
    if isinstance(error, NoAnswer):
        return OAuthFailure(Remedy.WAIT, "", f"{service} {error}", error.retry_after)
    return OAuthFailure(Remedy.WAIT, "", f"{service} did not answer: {[*chain(error)][-1]}")
