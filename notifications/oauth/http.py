"""The guarded way out, in the forms that the providers' libraries take."""

from typing import Any

import requests
from authlib.integrations.requests_client import OAuth2Session
from django.conf import settings

from notifications.outbound import Guard, GuardedSession, Refused


class TokenGuard(Guard):
    """With a JSON error in it, the libraries would take "too many requests" for a refusal."""

    def request(self, method: Any, url: Any, *args: Any, **options: Any) -> requests.Response:
        response = super().request(method, url, *args, **options)
        if response.status_code == 429:
            raise Refused("too many requests (429)")
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
