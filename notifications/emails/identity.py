"""What makes a mail itself, fixed when it is composed so that every copy of it is the same mail."""

import uuid
from datetime import datetime
from email.utils import format_datetime

from django.conf import settings
from django.utils import timezone

from notifications.addresses import parse_address
from notifications.models import MailServerSettings


def new_message_id() -> str:
    return f"<{uuid.uuid4()}@{own_domain()}>"


def date_of(now: datetime) -> str:
    return format_datetime(timezone.localtime(now, timezone.get_default_timezone()))


def own_domain() -> str:
    """The active sender's, whose owner answers for it; a mail composed before the set-up gets the panel's own name."""
    try:
        return parse_address(MailServerSettings.load().sender).address.rpartition("@")[2]
    except ValueError:
        return settings.EHLO_NAME or "localhost"
