"""Everybody signed in has a row for their browser; without it the session is over, wherever it is kept."""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

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


def sign_in_as_a_page(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: a part of a page whose session is over must not be replaced by the sign-in page."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        is_part = request.headers.get("HX-Request") == "true"
        if not is_part or urlsplit(response.headers.get("Location", "")).path != reverse("sign-in"):
            return response
        # Back to the page, and not to the part that it had asked for.
        page = urlsplit(request.headers.get("HX-Current-URL", ""))
        query = QueryDict(mutable=True)
        query["next"] = f"{page.path or '/'}{'?' if page.query else ''}{page.query}"
        return HttpResponseClientRedirect(f"{reverse('sign-in')}?{query.urlencode(safe='/')}")

    return middleware
