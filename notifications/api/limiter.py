"""How often an address may come with a token that is none."""

import hashlib
import time

from django.core.cache import cache
from django.http import HttpRequest

from notifications.origin import client_network

ALLOWED_FAILURES = 20
WINDOW_SECONDS = 60


def count_failure(request: HttpRequest) -> int:
    """Remember a failed sign-in; the seconds to wait when its address had too many, else 0.

    Counted in each web process, since the cache is the process's own unless the settings name a shared one.
    """
    window, elapsed = divmod(int(time.time()), WINDOW_SECONDS)
    address = hashlib.sha256(client_network(request).encode(errors="replace")).hexdigest()
    key = f"api-failures-{address}-{window}"
    cache.add(key, 0, timeout=2 * WINDOW_SECONDS)
    try:
        failures = cache.incr(key)
    except ValueError:  # a full cache let go of it in between
        failures = 1
    return WINDOW_SECONDS - elapsed if failures > ALLOWED_FAILURES else 0
