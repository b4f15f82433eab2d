"""Everybody signed in has a row for their browser; without it the session is over, wherever it is kept."""

from collections.abc import Callable

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse

from notifications.models import BrowserSession


def end_without_row(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated and BrowserSession.of(request) is None:
            request.session.flush()
            request.user = AnonymousUser()
        return get_response(request)

    return middleware
