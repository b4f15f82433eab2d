"""The page for an error that no view expected. Where the database is the cause, it says so."""

import sys

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from notifications.context import THEME_COOKIE, THEMES
from notifications.database_faults import fault_of

RETRY_AFTER_SECONDS = 10


def server_error(request: HttpRequest) -> HttpResponse:
    """Django calls it while it handles the error. Nothing here may read the database, the session included."""
    fault = fault_of(sys.exc_info()[1])
    theme = request.COOKIES.get(THEME_COOKIE, "")
    context = {"fault": fault, "theme": theme if theme in THEMES else ""}
    if fault is None:
        return HttpResponse(render_to_string("500.html", context), status=500)
    answer = HttpResponse(render_to_string("503.html", context), status=503)
    answer["Retry-After"] = str(RETRY_AFTER_SECONDS)
    answer["Cache-Control"] = "no-store"
    return answer
