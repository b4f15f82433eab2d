"""Who may report: the bearer of an API token."""

import re
from typing import cast

from django.http import HttpRequest
from ninja.security import HttpBearer

from notifications.api.errors import ApiError
from notifications.api.limiter import count_failure
from notifications.models import ApiToken, Scope

TOKEN = re.compile(r"ma_[A-Za-z0-9_-]{20,100}", re.ASCII)
QUERY_NAMES = {"token", "access_token", "api_token", "api_key", "apikey", "key", "authorization"}


class ApiTokenAuth(HttpBearer):
    """`Authorization: Bearer ma_…` and nothing else: no session, hence no CSRF. The token must have `scope`."""

    openapi_description = "A token from System > API tokens or from `manage.py create_token NAME`."

    def __init__(self, scope: Scope) -> None:
        super().__init__()
        self.scope = scope

    def __call__(self, request: HttpRequest) -> ApiToken:
        if in_query(request):
            raise refused(request, "A token in the address ends up in logs. Revoke it, and send the next as a header.")
        header = request.headers.get(self.header, "")
        if not header:
            raise refused(request, "The header Authorization: Bearer ma_… is missing.")
        scheme, _, secret = header.partition(" ")
        if scheme.lower() != "bearer" or not TOKEN.fullmatch(secret.strip()):
            raise refused(request, "The header Authorization does not read Bearer ma_….")
        return self.authenticate(request, secret.strip())

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken:
        # A good token passes however many bad ones came from its address: one script with a revoked token must not
        # shut out the others behind the same proxy, and 256 random bits are not guessed.
        known = ApiToken.verify(token)
        if known is None:
            raise refused(
                request, "The token is unknown, was revoked, or has expired. Create one under System > API tokens."
            )
        known.touch()
        if self.scope not in known.scopes:
            raise self.insufficient(known)
        return known

    def insufficient(self, token: ApiToken) -> ApiError:
        """RFC 6750 3.1."""
        message = f"This token may not do that: it lacks “{self.scope.label}”. What it may: {token.may}."
        challenge = f'Bearer realm="mailadmin", error="insufficient_scope", scope="{self.scope.value}"'
        return ApiError(403, "insufficient_scope", message, {"WWW-Authenticate": challenge})


def bearer(request: HttpRequest) -> ApiToken:
    """The token that the request came with, as ninja keeps it once it was found good."""
    return cast(ApiToken, request.auth)  # type: ignore[attr-defined]  # ninja's


def in_query(request: HttpRequest) -> bool:
    return any(
        name.lower() in QUERY_NAMES or any(TOKEN.fullmatch(value) for value in values)
        for name, values in request.GET.lists()
    )


def refused(request: HttpRequest, reason: str) -> ApiError:
    wait = count_failure(request)
    if wait:
        message = f"Too many requests without a valid token came from this address; wait {wait} seconds."
        return ApiError(429, "too_many_failures", message, {"Retry-After": str(wait)})
    return ApiError(401, "unauthorized", reason, {"WWW-Authenticate": 'Bearer realm="mailadmin"'})
