"""Where the present piece of work was asked for: a browser's address, or a command."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse

_origin: ContextVar[str] = ContextVar("origin", default="")


def current() -> str:
    """An IP address, or the name of a command; empty where nobody said."""
    return _origin.get()


@contextmanager
def of(name: str) -> Iterator[None]:
    token = _origin.set(name)
    try:
        yield
    finally:
        _origin.reset(token)


def remember_address(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware. Behind a proxy this is the proxy's address, unless gunicorn was told to trust it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        with of(str(request.META.get("REMOTE_ADDR", ""))):
            return get_response(request)

    return middleware
