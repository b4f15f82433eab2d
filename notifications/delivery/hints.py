"""Wakes the workers. A hint may be lost: the workers look into the database by themselves every few seconds."""

import logging
import time
from functools import cached_property

from celery import current_app
from django.conf import settings
from kombu import Connection, pools
from kombu.exceptions import KombuError

logger = logging.getLogger(__name__)

BREAK_SECONDS = 10.0
# By name: the tasks are a room above.
LOOK = "notifications.tasks.drain"
# One hint is enough for all emails of this time. Shorter than a sender's LINGER_SECONDS: it misses none of them.
COALESCE_SECONDS = 0.1
# A worker that comes later looks as it starts.
EXPIRES_SECONDS = 60
# Seconds. Kombu would go on trying for as long as a connection may take; redis-py and amqp name their timeouts apart.
PATIENCE = 0.8
IMPATIENT = {
    "max_retries": 0,
    "socket_connect_timeout": PATIENCE,
    "socket_timeout": PATIENCE,
    "read_timeout": PATIENCE,
    "write_timeout": PATIENCE,
}


class Publisher:
    """Publishes without retries, and not at all for BREAK_SECONDS after a failure.

    The request that owes the mail must not wait for a broker that does not answer: with Celery's own settings a
    silent broker kept it for more than a minute.
    """

    def __init__(self) -> None:
        self._silent_until = 0.0
        self._hinted_at = 0.0

    def hint(self) -> None:
        """Tell the workers that something is due, unless they were told a moment ago."""
        now = time.monotonic()
        if now - self._hinted_at >= COALESCE_SECONDS and self.publish(LOOK):
            self._hinted_at = now

    def publish(self, task: str, *ids: int) -> bool:
        """Whether the broker took the task, by its name."""
        # Without an address Celery would look for a RabbitMQ on this machine.
        if not settings.CELERY_BROKER_URL or time.monotonic() < self._silent_until:
            return False
        try:
            with pools.producers[self._connection].acquire(block=True) as producer:
                current_app.send_task(task, args=ids, producer=producer, retry=False, expires=EXPIRES_SECONDS)
        except connection_errors(self._connection) as error:
            self._silent_until = time.monotonic() + BREAK_SECONDS
            logger.warning("the broker took no hint (%s); the workers find the email without it", error)
            return False
        return True

    @cached_property
    def _connection(self) -> Connection:
        return impatient_connection()


def impatient_connection() -> Connection:
    """A connection to the broker that fails within a second."""
    options = settings.CELERY_BROKER_TRANSPORT_OPTIONS | IMPATIENT
    return current_app.connection_for_write(connect_timeout=PATIENCE, transport_options=options)


def broker_error() -> Exception | None:
    """Why the broker takes no hints now, or None when it would."""
    connection = impatient_connection()
    try:
        # Not connect(), which waits two seconds for a second try.
        _ = connection.default_channel
    except connection_errors(connection) as error:
        return error
    finally:
        connection.release()
    return None


def connection_errors(connection: Connection) -> tuple[type[Exception], ...]:
    """What this transport's library raises when the broker is away."""
    return (*connection.recoverable_connection_errors, KombuError, OSError)


_publisher = Publisher()
publish, hint = _publisher.publish, _publisher.hint
