"""The one way out by HTTPS: known hosts, verified TLS, time limits, no redirect, and a cap on what comes back."""

import ssl
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import SplitResult, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from notifications.masking import remember, secrets_in

CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
# Two calls fit into the time of one mail.
TOTAL_SECONDS = 15.0
# A token answer has some 5 kB.
LARGEST_ANSWER = 256 * 1024
CHUNK = 64 * 1024


class Refused(requests.RequestException):
    """Not sent, or not read on, because it was not what a provider's endpoint does."""


class Endless(Refused):
    """The answer was longer, or took longer, than any that makes sense."""


class Untrusted(requests.exceptions.SSLError):
    """The other side could not be verified, or offers no protocol that is safe enough; nothing was sent."""


class NotSent(requests.ConnectionError):
    """The connection was lost before it was secure; nothing was sent."""


class ClockedSocket(ssl.SSLSocket):
    """Reads and writes against its context's clock: a socket's own limit starts over with each byte of a header."""

    context: "ClockedContext"

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except OSError as error:
            # The libraries' own errors do not distinguish it from a connection that broke after the request.
            self.context.handshake_error = error
            raise

    def recv_into(self, *arguments: Any) -> int:
        self.settimeout(self.context.left())
        return super().recv_into(*arguments)

    def send(self, *arguments: Any) -> int:
        self.settimeout(self.context.left())
        return super().send(*arguments)


class ClockedContext(ssl.SSLContext):
    """Verifies as `create_default_context` does. `end` is monotonic time, `longest` seconds for one read or write."""

    sslsocket_class = ClockedSocket
    end = longest = float("inf")
    handshake_error: OSError | None = None

    def left(self) -> float | None:
        seconds = min(self.longest, self.end - time.monotonic())
        if seconds <= 0:
            raise TimeoutError("the time limit for this call was reached")
        return seconds if seconds < float("inf") else None


class ClockedAdapter(HTTPAdapter):
    """Connects with a clocked context, through a proxy as well."""

    def __init__(self) -> None:
        self.clock = ClockedContext(ssl.PROTOCOL_TLS_CLIENT)
        self.clock.minimum_version = ssl.TLSVersion.TLSv1_2
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options, ssl_context=self.clock)

    def proxy_manager_for(self, proxy: Any, **options: Any) -> Any:
        return super().proxy_manager_for(proxy, **options, ssl_context=self.clock)


class Guard(requests.Session):
    """`hosts`: the only `host` or `host:port` it talks to."""

    hosts: frozenset[str]
    # Seconds left for a call. May raise when there are none.
    remaining: Callable[[], float]
    largest_answer = LARGEST_ANSWER
    connect_seconds = CONNECT_SECONDS
    read_seconds = READ_SECONDS

    def guard(self, hosts: frozenset[str], ca_file: str, *, trust_environment: bool) -> None:
        self.hosts = hosts
        self.remaining = lambda: TOTAL_SECONDS
        # The environment's REQUESTS_CA_BUNDLE would silently win over `verify`, and .netrc adds passwords.
        self.trust_env = trust_environment
        self.verify = ca_file or True
        self._adapter = ClockedAdapter()
        if ca_file:
            # What the operator put there is trusted as it is: an issuing authority or the server's own certificate too.
            self._adapter.clock.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        self.mount("https://", self._adapter)

    def request(self, method: Any, url: Any, *args: Any, **options: Any) -> requests.Response:
        address = parsed(str(url))
        if address.scheme != "https" or address.netloc not in self.hosts:
            raise Refused(f"{address.scheme}://{address.netloc} is not one of this provider's addresses")
        seconds = self.remaining()
        self._adapter.clock.end, self._adapter.clock.longest = time.monotonic() + seconds, self.read_seconds
        self._adapter.clock.handshake_error = None
        limits = {
            "timeout": (min(self.connect_seconds, seconds), min(self.read_seconds, seconds)),
            "allow_redirects": False,
            "stream": True,
        }
        remember(*secrets_in(options.get("data")))
        try:
            response = super().request(method, url, *args, **{**options, **limits})
        except OSError as error:
            self._check_handshake(address.netloc, error)
            raise
        response._content = read_capped(response, self.largest_answer, self.remaining())
        return response

    def _check_handshake(self, name: str, error: OSError) -> None:
        """Raise Untrusted or NotSent when `error` came from the handshake, before anything of the request was sent."""
        cause = self._adapter.clock.handshake_error
        if isinstance(cause, ssl.SSLCertVerificationError):
            text = f"CERTIFICATE_VERIFY_FAILED: {cause.verify_message} (certificate shown by {name})"
            raise Untrusted(text) from error
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
            raise Untrusted(f"TLS with {name} failed: {cause.reason or cause}") from error
        if cause is not None:
            raise NotSent(f"{name} ended the TLS handshake: {reason(cause)}") from error


class GuardedSession(Guard):
    """A session that is guarded from the start."""

    def __init__(self, hosts: frozenset[str], ca_file: str, *, trust_environment: bool) -> None:
        super().__init__()
        self.guard(hosts, ca_file, trust_environment=trust_environment)


def reason(error: OSError) -> str:
    """Return the operating system's words; the libraries' own name addresses and classes."""
    return "no answer in time" if isinstance(error, TimeoutError) else error.strerror or str(error)


def retry_after(response: requests.Response) -> timedelta | None:
    """RFC 9110 10.2.3: seconds or a date; anything else counts as none."""
    text = response.headers.get("Retry-After", "").strip()
    if not text:
        return None
    try:
        return timedelta(seconds=int(text))
    except OverflowError:
        return timedelta.max
    except ValueError:
        return until(text)


def until(text: str) -> timedelta | None:
    """Return the time left until an HTTP date; None for what is no date."""
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what it came from, the first cause last."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def parsed(url: str) -> SplitResult:
    """Raises Refused for what is no address: a provider's answer may name anything."""
    try:
        return urlsplit(url)
    except ValueError as error:
        raise Refused("this is no address") from error


def read_capped(response: requests.Response, largest: int, seconds: float) -> bytes:
    """The body, up to `largest` bytes and `seconds`: a read's own time limit starts anew with each byte."""
    end = time.monotonic() + seconds
    body = bytearray()
    try:
        # What is there, as it comes: a chunk of a fixed size is waited for, however slowly it fills.
        while chunk := response.raw.read1(CHUNK, decode_content=True):
            body += chunk
            if len(body) > largest or time.monotonic() > end:
                raise Endless("the provider's answer has no end")
    except HTTPError as error:
        raise requests.ConnectionError(f"the answer broke off: {error}") from error
    finally:
        response.close()
    return bytes(body)
