"""Who may do what: one table, which the middleware enforces and the templates ask."""

import logging
from collections.abc import Callable
from enum import IntEnum
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render

logger = logging.getLogger(__name__)

# Its routes ask for a token, whose scopes are rights of their own; a session gives none there.
API = "api/v1/"
HELPERS_NAMED = 5
# KiB of a form that a visitor can send before sign-in: these forms have a few short fields.
OPEN_FORM_LIMIT = 64


class Role(IntEnum):
    """Each may all that the one before it may."""

    ANYONE = 0
    VIEWER = 1
    OPERATOR = 2
    ADMINISTRATOR = 3

    @property
    def word(self) -> str:
        return self.name.lower()


Row = dict[str, Role]
ANYONE, VIEWER, OPERATOR, ADMINISTRATOR = Role


def row(get: Role | None = None, post: Role | None = None) -> Row:
    """Whom a route is for; the methods that are not named are nobody's."""
    return {method: role for method, role in (("GET", get), ("POST", post)) if role is not None}


# By the route's name. What writes by POST and asks first by GET takes the same role for both.
ACCESS: dict[str, Row] = {
    # Before anybody is signed in
    "healthz": row(get=ANYONE),
    "readyz": row(get=ANYONE),
    "home": row(get=ANYONE),
    "theme": row(post=ANYONE),
    "sign-in": row(get=ANYONE, post=ANYONE),
    "provider-sign-in": row(get=ANYONE),
    "provider-sign-in-callback": row(get=ANYONE),
    "setup": row(get=ANYONE, post=ANYONE),
    "invitation": row(get=ANYONE, post=ANYONE),
    # One's own
    "sign-out": row(post=VIEWER),
    "account": row(get=VIEWER),
    "account-address": row(post=VIEWER),
    "account-password": row(post=VIEWER),
    "account-time-zone": row(post=VIEWER),
    "account-sessions-end": row(post=VIEWER),
    "account-session-end": row(post=VIEWER),
    # Options > Preferences > Mail Server: its addresses that take a form lead back to the page after a reload
    "mail-server": row(get=VIEWER),
    "mail-server-basic": row(get=VIEWER, post=ADMINISTRATOR),
    "mail-server-oauth2": row(get=VIEWER, post=ADMINISTRATOR),
    "mail-server-graph": row(get=VIEWER, post=ADMINISTRATOR),
    "permission-checks": row(get=VIEWER, post=ADMINISTRATOR),
    "active-mode": row(get=ADMINISTRATOR, post=ADMINISTRATOR),
    "oauth-consents": row(get=VIEWER, post=ADMINISTRATOR),
    # The browser may come back as somebody whose session is at another name of this machine; the view asks further.
    "oauth-callback": row(get=ANYONE),
    "oauth-answers": row(get=VIEWER, post=ADMINISTRATOR),
    "oauth-disconnection": row(get=ADMINISTRATOR, post=ADMINISTRATOR),
    "guide": row(get=VIEWER),
    "test-emails": row(get=VIEWER, post=OPERATOR),
    "test-email": row(get=OPERATOR),
    "mail-state": row(get=VIEWER),
    "probes": row(get=VIEWER, post=OPERATOR),
    # Reports > Notifications
    "notifications": row(get=VIEWER),
    "notifications-csv": row(get=VIEWER),
    "notification": row(get=VIEWER, post=OPERATOR),
    "notification-new": row(get=OPERATOR, post=OPERATOR),
    "notification-previews": row(get=OPERATOR, post=OPERATOR),
    "notification-trials": row(get=OPERATOR, post=OPERATOR),
    "notification-test-emails": row(get=OPERATOR, post=OPERATOR),
    "notification-copies": row(post=OPERATOR),
    "notification-enabled": row(post=OPERATOR),
    "notification-disabled": row(post=OPERATOR),
    "notification-delete": row(get=OPERATOR, post=OPERATOR),
    "notification-tests": row(get=VIEWER, post=OPERATOR),
    "simulator": row(get=VIEWER),
    "dashboard": row(get=VIEWER),
    # Reports > Deliveries: that a mail went and to whom is a fact, what it said is not everybody's business
    "deliveries": row(get=VIEWER),
    "deliveries-csv": row(get=VIEWER),
    "deliveries-recipients-csv": row(get=VIEWER),
    "bulk-jobs": row(get=OPERATOR, post=OPERATOR),
    "bulk-job": row(get=OPERATOR),
    "bulk-job-stops": row(post=OPERATOR),
    "delivery": row(get=VIEWER),
    "delivery-content": row(get=OPERATOR),
    "delivery-eml": row(get=OPERATOR),
    "delivery-resends": row(post=OPERATOR),
    "delivery-cancellation": row(get=OPERATOR, post=OPERATOR),
    "delivery-retry": row(post=OPERATOR),
    "delivery-confirmation": row(post=OPERATOR),
    "delivery-repetition": row(post=OPERATOR),
    # Reports > Completions
    "completions": row(get=VIEWER),
    "completions-csv": row(get=VIEWER),
    "completion": row(get=VIEWER),
    "report-conflicts": row(get=VIEWER),
    "completion-new": row(get=OPERATOR, post=OPERATOR),
    # Reports > Safety: an operator may pause, the view keeps the other fields for administrators
    "safety": row(get=VIEWER, post=OPERATOR),
    # After a restore
    "restoration": row(get=VIEWER),
    "restoration-decision": row(get=ADMINISTRATOR, post=ADMINISTRATOR),
    # Reports > Inbox: whole mails, links in them included
    "inbox": row(get=OPERATOR),
    "inbox-clear": row(get=OPERATOR, post=OPERATOR),
    "inbox-mail": row(get=OPERATOR),
    "inbox-content": row(get=OPERATOR),
    "inbox-eml": row(get=OPERATOR),
    # System
    "audit": row(get=ADMINISTRATOR),
    "audit-csv": row(get=ADMINISTRATOR),
    "health": row(get=VIEWER),
    "people": row(get=ADMINISTRATOR, post=ADMINISTRATOR),
    "invitation-made": row(get=ADMINISTRATOR),
    "invitation-revocation": row(post=ADMINISTRATOR),
    "person": row(get=ADMINISTRATOR),
    "person-address": row(post=ADMINISTRATOR),
    "person-role": row(post=ADMINISTRATOR),
    "person-deactivation": row(get=ADMINISTRATOR, post=ADMINISTRATOR),
    "person-activation": row(post=ADMINISTRATOR),
    "person-sessions-end": row(post=ADMINISTRATOR),
    "person-session-end": row(post=ADMINISTRATOR),
    "tokens": row(get=ADMINISTRATOR, post=ADMINISTRATOR),
    "token": row(get=ADMINISTRATOR),
    "token-limits": row(get=ADMINISTRATOR, post=ADMINISTRATOR),
    "token-revocation": row(get=ADMINISTRATOR, post=ADMINISTRATOR),
}


def role_of(user: Any) -> Role:
    if not user.is_authenticated:
        return ANYONE
    if user.is_superuser:
        return ADMINISTRATOR
    return OPERATOR if user.is_staff else VIEWER


def flags_of(role: Role) -> dict[str, bool]:
    """What an account's columns say for it."""
    return {"is_staff": role >= OPERATOR, "is_superuser": role >= ADMINISTRATOR}


def may(user: Any, name: str, method: str = "GET") -> bool:
    needed = ACCESS.get(name, {}).get(method)
    return needed is not None and role_of(user) >= needed


class AccessMiddleware:
    """Refuses what the table does not allow, and every route that has no row in it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        # On a machine that others use too, the Back button must show nothing after the sign-out.
        if request.user.is_authenticated:
            response.headers.setdefault("Cache-Control", "no-store, private")
        return response

    def process_view(self, request: HttpRequest, *_: Any) -> HttpResponse | None:
        match = request.resolver_match
        if match is None or match.route.startswith(API):
            return None
        methods = ACCESS.get(match.view_name)
        if methods is None:
            logger.error("the route %s has no row in the table of access: refused", match.route)
            return refusal(request, None)
        # What a HEAD asks for is what a GET would show.
        needed = methods.get("GET" if request.method == "HEAD" else str(request.method))
        if needed is None:
            return HttpResponseNotAllowed(methods)
        if role_of(request.user) < needed:
            return refusal(request, needed)
        return too_large(request) if needed == ANYONE and body_length(request) > OPEN_FORM_LIMIT * 1024 else None


def refusal(request: HttpRequest, needed: Role | None) -> HttpResponse:
    """A page that says what is missing, and who can help."""
    context = {"needed": needed and needed.word, "role": role_of(request.user).word, "helpers": helpers()}
    return render(request, "403.html", context, status=403)


def body_length(request: HttpRequest) -> int:
    """Bytes, as the web server counted or the client declared them."""
    declared = request.headers.get("Content-Length", "")
    return int(declared[:15]) if declared.isascii() and declared.isdigit() else 0


def too_large(request: HttpRequest) -> HttpResponse:
    return render(request, "413.html", {"limit": OPEN_FORM_LIMIT}, status=413)


def helpers() -> list[Any]:
    return list(administrators().order_by("username")[:HELPERS_NAMED])


def administrators() -> QuerySet[Any]:
    """Those who can act as such."""
    return get_user_model()._default_manager.filter(is_active=True, is_superuser=True)
