"""Where the present piece of work was asked for: a browser's address, or a command."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse

UNKNOWN = IPv4Address(0)
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
    """Middleware."""

    def middleware(request: HttpRequest) -> HttpResponse:
        with of(client_address(request)):
            return get_response(request)

    return middleware


def client_address(request: HttpRequest) -> str:
    """An IP address, `0.0.0.0` where nobody knows it (a unix socket).

    X-Forwarded-For's last entry is the trusted proxy's; whatever stands before it, the client may have made up.
    """
    forwarded = request.headers.get("X-Forwarded-For", "") if settings.TRUST_PROXY_HEADERS else ""
    known = read_address(forwarded.rpartition(",")[2]) or read_address(str(request.META.get("REMOTE_ADDR", "")))
    return str(known or UNKNOWN)


def client_network(request: HttpRequest) -> str:
    return network_of(client_address(request))


def network_of(address: str) -> str:
    """Whom to count as one: a whole /64, which is the least that a customer of IPv6 has to choose from (RFC 6177)."""
    return str(IPv6Network(f"{address}/64", strict=False).network_address) if ":" in address else address


def read_address(text: str) -> IPv4Address | IPv6Address | None:
    """`192.0.2.7`, `192.0.2.7:4711`, `2001:db8::1%eth0` or `[2001:db8::1]:4711`: proxies write all of them."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
