"""How often an address may come with a token that is none."""

import hashlib

from django.http import HttpRequest

from notifications.models import RateCounter
from notifications.origin import client_network

ALLOWED_FAILURES = 20


def count_failure(request: HttpRequest) -> int:
    """Remember a failed sign-in; the seconds to wait when its address had too many in this minute, else 0."""
    address = hashlib.sha256(client_network(request).encode(errors="replace")).hexdigest()
    return RateCounter.add(f"api-failures-{address}", ALLOWED_FAILURES)
