"""Everybody signed in has a row for their browser; without it the session is over, wherever it is kept."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.http.response import HttpResponseBase
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from notifications.access import ACCESS
from notifications.models import BrowserSession

# Sent by app.js.
POLL = "X-Poll"


def end_without_row(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware."""

    def middleware(request: HttpRequest) -> HttpResponse:
        present = BrowserSession.of(request) if request.user.is_authenticated else None
        if request.user.is_authenticated and present is None:
            request.session.flush()
            request.user = AnonymousUser()
        # A page that renews itself, left open by somebody who went home, is nobody's asking.
        if present and POLL not in request.headers:
            present.see()
        return get_response(request)

    return middleware


class SignInFirst(LoginRequiredMiddleware):
    """Leads to the sign-in, and from there back to the page: not to a part of it, nor to what only takes a form."""

    def process_view(self, request: HttpRequest, *view: Any) -> HttpResponseBase | None:
        if super().process_view(request, *view) is None:
            return None
        query = QueryDict(mutable=True)
        query["next"] = page_of(request)
        if request.method == "POST" and request.path != reverse("sign-out"):
            query["unsaved"] = "1"
        address = f"{reverse('sign-in')}?{query.urlencode(safe='/')}"
        # A part of a page must not be replaced by the sign-in page.
        return HttpResponseClientRedirect(address) if is_part(request) else HttpResponseRedirect(address)


def page_of(request: HttpRequest) -> str:
    """What the browser shows, as far as it says so."""
    if not is_part(request) and request.method != "POST":
        return request.get_full_path()
    try:
        shown = urlsplit(request.headers.get("HX-Current-URL" if is_part(request) else "Referer", ""))
    except ValueError:
        return without_word(request)
    if not is_part(request) and shown.netloc != request.get_host():
        return without_word(request)
    return f"{shown.path or '/'}{'?' if shown.query else ''}{shown.query}"


def without_word(request: HttpRequest) -> str:
    """Where a form was sent to, if that can be looked at, too."""
    name = request.resolver_match.view_name if request.resolver_match else ""
    return request.path if "GET" in ACCESS.get(name, {}) else reverse("home")


def is_part(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true"
