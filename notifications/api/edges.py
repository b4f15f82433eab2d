"""What ninja leaves to Django at the edges of the API: no page of the panel may answer a script."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver
from django.views.decorators.csrf import csrf_exempt

from notifications.api.errors import ApiError, answer

View = Callable[..., HttpResponse]


def at_the_edge(pattern: URLPattern | URLResolver) -> URLPattern | URLResolver:
    """`pattern`, with 404 and 405 as JSON, open to scripts that have no session, and never cached."""
    if isinstance(pattern, URLPattern):
        pattern.callback = json_edges(pattern.callback)
    return pattern


def json_edges(view: View) -> View:
    @login_not_required
    @csrf_exempt
    @wraps(view, assigned=[])
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            response = view(request, *args, **kwargs)
        except Http404 as error:
            response = answer(request, error)
        if response.status_code == 405:
            allowed = response.headers["Allow"]
            response = ApiError(405, "method_not_allowed", f"Allowed here: {allowed}.", {"Allow": allowed}).response
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return guarded


@login_not_required
@csrf_exempt
def nothing_here(request: HttpRequest) -> HttpResponse:
    return answer(request, Http404())
