"""The one way to a provider: known hosts, verified TLS, a time limit, no redirect, and a cap on what comes back."""

import time
from typing import Any
from urllib.parse import urlsplit

import requests
from authlib.integrations.requests_client import OAuth2Session
from django.conf import settings

CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
# Two calls fit into the time of one mail.
TOTAL_SECONDS = 15.0
# A token answer has some 5 kB.
LARGEST_ANSWER = 256 * 1024


class Refused(requests.RequestException):
    """Not sent, or not read on, because it was not what a provider's endpoint does."""


class Guard(requests.Session):
    """`hosts`: the only `host` or `host:port` it talks to."""

    hosts: frozenset[str]

    def guard(self, hosts: frozenset[str], ca_file: str) -> None:
        self.hosts = hosts
        # The environment's REQUESTS_CA_BUNDLE would silently win over `verify`, and .netrc adds passwords.
        self.trust_env = settings.OUTBOUND_TRUST_ENVIRONMENT
        self.verify = ca_file or True

    def request(self, method: Any, url: Any, *args: Any, **options: Any) -> requests.Response:
        address = urlsplit(str(url))
        if address.scheme != "https" or address.netloc not in self.hosts:
            raise Refused(f"{address.scheme}://{address.netloc} is not one of this provider's addresses")
        limits = {"timeout": (CONNECT_SECONDS, READ_SECONDS), "allow_redirects": False, "stream": True}
        response = super().request(method, url, *args, **{**options, **limits})
        response._content = read_capped(response)
        if response.status_code == 429:
            # With a JSON error in it, the libraries would take it for a refusal.
            raise Refused("too many requests (429)")
        return response


class GuardedSession(Guard):
    """For msal, which takes any session."""

    def __init__(self, hosts: frozenset[str], ca_file: str) -> None:
        super().__init__()
        self.guard(hosts, ca_file)


class GuardedOAuth2Session(Guard, OAuth2Session):  # type: ignore[misc]  # authlib ships no types
    """For authlib, which is itself a session."""

    def __init__(self, hosts: frozenset[str], ca_file: str, **options: Any) -> None:
        super().__init__(**options)
        self.guard(hosts, ca_file)


def read_capped(response: requests.Response) -> bytes:
    """The body, up to LARGEST_ANSWER and TOTAL_SECONDS: a read's own time limit starts anew with each byte."""
    end = time.monotonic() + TOTAL_SECONDS
    body = bytearray()
    # Byte by byte: a larger chunk is waited for until it is full, however slowly it comes.
    for chunk in response.iter_content(1):
        body += chunk
        if len(body) > LARGEST_ANSWER or time.monotonic() > end:
            response.close()
            raise Refused("the provider's answer has no end")
    return bytes(body)
