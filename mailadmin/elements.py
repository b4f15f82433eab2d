"""Lets a worker outlive whatever is in the broker's list beside the panel's own tasks.

Celery ends with an error at an element that is no message, so anybody who can write to the broker, or a bit that
flipped on its disk, stopped all workers. Tasks are hints, and emails are found without them: what is malformed is
dropped.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from queue import Empty
from typing import Any

from celery.worker.consumer import Consumer
from kombu.transport import TRANSPORT_ALIASES, filesystem, redis, virtual
from redis.exceptions import ResponseError

logger = logging.getLogger(__name__)

OURS = "notifications."
LONGEST_ID = 200
ENCODINGS = (None, "base64")


class Malformed(ValueError):
    """No message that this panel publishes; the text says why."""


class Dropped(Empty):
    """There was an element, and it is gone."""


class Message(virtual.Message):
    """One element of the list, as JSON gave it."""

    def __init__(self, payload: Any, channel: Any = None, **options: Any) -> None:
        check_envelope(payload)
        super().__init__(payload, channel=channel, **options)


def check_envelope(payload: Any) -> None:
    """Raise Malformed unless every part that kombu uses has its type."""
    if not isinstance(payload, dict):
        raise Malformed("it is no object")
    properties = payload.get("properties")
    if not isinstance(properties, dict) or not isinstance(payload.get("headers"), dict):
        raise Malformed("it has no properties or no headers")
    delivery = properties.get("delivery_info")
    if not isinstance(delivery, dict) or not all(isinstance(part, str) for part in delivery.values()):
        raise Malformed("its delivery_info is none")
    if not is_id(properties.get("delivery_tag")):
        raise Malformed("its delivery_tag is none")
    if not isinstance(payload.get("body"), str) or properties.get("body_encoding") not in ENCODINGS:
        raise Malformed("its body is no text")
    if not all(isinstance(payload.get(f"content-{part}"), str) for part in ("type", "encoding")):
        raise Malformed("it does not say what its body is")


def check_task(message: Any, known: Any) -> None:
    """Raise Malformed unless it asks for a task of this panel, in the way in which the panel publishes them."""
    task, options = message.headers.get("task"), message.headers
    if not isinstance(task, str) or not task.startswith(OURS) or task not in known:
        raise Malformed("it names no task of this panel")
    if not is_id(options.get("id")):
        raise Malformed("its id is none")
    # Times and limits of its own would be kept, and compared, long after this look at it.
    if options.get("eta") is not None or any(options.get("timelimit") or ()):
        raise Malformed("it has times that the panel sets for no task")
    if not isinstance(options.get("expires"), str | None) or options.get("group") is not None:
        raise Malformed("it has options that the panel sets for no task")


def is_id(value: Any) -> bool:
    """Text that every database and log takes."""
    return isinstance(value, str) and 0 < len(value) <= LONGEST_ID and value.isascii() and value.isprintable()


def drop(error: Exception) -> None:
    # The element itself is left out: it is foreign, and may be long.
    logger.warning("an element of the broker's list is dropped: %s", str(error)[:200] or type(error).__name__)


def tolerant(take: Callable[..., Any], errors: tuple[type[Exception], ...]) -> Any:
    """What `take` gives. Raises Dropped instead of an element that cannot be read."""
    # KeyError is one of kombu's connection errors.
    passed_on: tuple[type[Exception], ...] = (Empty, *(kind for kind in errors if not issubclass(kind, KeyError)))
    try:
        return take()
    except Malformed as error:
        drop(error)
    except passed_on:
        raise
    except Exception as error:
        logger.warning("an element of the broker's list is dropped", exc_info=error)
    raise Dropped


class RedisChannel(redis.Channel):
    Message = Message

    def _brpop_read(self, **options: Any) -> Any:
        read = super()._brpop_read  # type: ignore[misc]  # the stubs lack it
        try:
            return tolerant(lambda: read(**options), errors_of(self))
        except ResponseError as error:
            if not str(error).startswith("WRONGTYPE"):
                raise
            self._delete_what_is_no_list()
            raise Dropped from error

    def _delete_what_is_no_list(self) -> None:
        """Under the name of a queue; it would end each worker at its start."""
        name: Any = self._q_for_pri  # type: ignore[attr-defined]  # the stubs lack it
        keys = [name(queue, step) for queue in self.active_queues for step in self.priority_steps]
        with self.conn_or_acquire() as client:
            for key in keys:
                if client.type(key) not in (b"list", b"none"):
                    client.delete(key)
                    drop(Malformed(f"{key} was no list"))


class RedisTransport(redis.Transport):
    Channel = RedisChannel


class FilesystemChannel(filesystem.Channel):
    Message = Message

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        # An empty queue is asked again after a second: one malformed file must not make the next one wait.
        while True:
            with suppress(Dropped):
                return tolerant(lambda: self._read(queue), errors_of(self))

    def _read(self, queue: str) -> Any:
        payload = super()._get(queue)
        # Read once here, where nothing ends by it.
        Message(payload, channel=self)
        return payload


class FilesystemTransport(filesystem.Transport):
    Channel = FilesystemChannel


def errors_of(channel: Any) -> tuple[type[Exception], ...]:
    transport = channel.connection
    return (*transport.connection_errors, *transport.channel_errors)


def use_tolerant_transports() -> None:
    """Before the first connection."""
    TRANSPORT_ALIASES["redis"] = TRANSPORT_ALIASES["rediss"] = f"{__name__}:RedisTransport"
    TRANSPORT_ALIASES["filesystem"] = f"{__name__}:FilesystemTransport"


class TolerantConsumer(Consumer):
    """Drops what asks for no task of this panel, and what Celery itself fails at."""

    # The stubs lack them.
    strategies: dict[str, Any]
    connection_errors: tuple[type[Exception], ...]

    def create_task_handler(self, *args: Any, **options: Any) -> Callable[[Any], None]:
        handle = super().create_task_handler(*args, **options)

        def handle_any(message: Any) -> None:
            try:
                check_task(message, self.strategies)
                handle(message)
            except Malformed as error:
                drop(error)
                message.ack_log_error(logger, self.connection_errors)
            except OSError:
                raise  # the broker is away, and Celery connects again
            except Exception as error:
                logger.warning("an element of the broker's list is dropped", exc_info=error)
                message.ack_log_error(logger, self.connection_errors)

        return handle_any
