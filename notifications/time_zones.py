"""In which time zone somebody reads the panel: the one they chose, else their browser's, else the installation's.

Pages alone follow it. A mail, a day of the figures and a file are for others too: they keep the zone of the
installation, or of their notification.
"""

from collections.abc import Callable
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

CHOSEN_COOKIE = "time_zone"
# Set by app.js: no header says in which zone a browser's clock runs.
BROWSER_COOKIE = "browser_time_zone"


@cache
def names() -> dict[str, str]:
    """IANA names by themselves in small letters. Reading them from the disk takes 0.2 s."""
    return {name.lower(): name for name in available_timezones()}


def chosen(request: HttpRequest) -> str:
    return named_by(request, CHOSEN_COOKIE)


def of_browser(request: HttpRequest) -> str:
    return named_by(request, BROWSER_COOKIE)


def named_by(request: HttpRequest, cookie: str) -> str:
    """Empty for what is no zone: a cookie is whatever the browser sends."""
    return names().get(request.COOKIES.get(cookie, "").lower(), "")


def as_its_reader_sees(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: what the page shows, and what is typed into it, is in the reader's zone."""

    def middleware(request: HttpRequest) -> HttpResponse:
        name = chosen(request) or of_browser(request)
        with timezone.override(ZoneInfo(name) if name else None):
            return get_response(request)

    return middleware
