"""Who guessed too often: one name from one network, or any names from one network."""

import unicodedata
from datetime import timedelta
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import QuerySet, Sum
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from notifications.origin import client_network

# An office behind one address has that many colleagues who mistype before all of them wait.
NAMES_PER_NETWORK = 10
LONGEST_NAME = 150


class LockOut(AxesDatabaseHandler):  # type: ignore[misc]  # axes ships no types
    """Counts by name and network, as AXES_LOCKOUT_PARAMETERS say; and a tenth of what the network guessed in all."""

    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        of_all = failures(lately(request)) // NAMES_PER_NETWORK
        return max(int(super().get_failures(request, credentials)), of_all)


def counted_name(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """An account's name; for anything else a fingerprint, since it may be a password, typed into the wrong field."""
    typed = str((credentials or request.POST).get("username") or "")
    # As the form reads it, or the wait of ` ada ` would be another's.
    name = unicodedata.normalize("NFKC", typed).replace("\0", "").strip()[:LONGEST_NAME]
    if User.objects.filter(username=name).exists():
        return name
    return f"unknown {salted_hmac('notifications.lock_out', name).hexdigest()[:32]}"


def seconds_left(request: HttpRequest) -> int:
    """Until the name may be tried again from there."""
    of_network = lately(request)
    of_name = of_network.filter(username=counted_name(request))
    deciding = of_name if failures(of_name) >= settings.AXES_FAILURE_LIMIT else of_network
    last = deciding.order_by("-attempt_time").values_list("attempt_time", flat=True).first() or timezone.now()
    return max(60, round((last + cool_off() - timezone.now()).total_seconds()))


def lately(request: HttpRequest) -> QuerySet[AccessAttempt]:
    found: QuerySet[AccessAttempt] = AccessAttempt.objects.filter(
        ip_address=client_network(request), attempt_time__gt=timezone.now() - cool_off()
    )
    return found


def failures(attempts: QuerySet[AccessAttempt]) -> int:
    return attempts.aggregate(total=Sum("failures_since_start"))["total"] or 0


def cool_off() -> timedelta:
    found: timedelta = settings.AXES_COOLOFF_TIME
    return found
