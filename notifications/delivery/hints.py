"""Tells the workers that there is something to do. A hint may be lost: the sweep finds what it was about."""

import logging
import time
from typing import Any

from celery import Task
from django.conf import settings
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

BREAK_SECONDS = 10.0


class Publisher:
    """Publishes without retries, and not at all for BREAK_SECONDS after a failure: the request must not wait for a
    broker that does not answer."""

    def __init__(self) -> None:
        self._silent_until = 0.0

    def publish(self, task: "Task[..., Any]", *ids: int) -> bool:
        # Without an address Celery would look for a RabbitMQ on this machine.
        if not settings.CELERY_BROKER_URL or time.monotonic() < self._silent_until:
            return False
        try:
            task.apply_async(args=ids, retry=False)
        except (OperationalError, OSError) as error:
            self._silent_until = time.monotonic() + BREAK_SECONDS
            logger.warning("the broker took no hint (%s); the sweep will find the mail", error)
            return False
        return True


publish = Publisher().publish
