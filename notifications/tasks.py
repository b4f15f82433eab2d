"""What Celery calls: shells around notifications.delivery."""

import os
import socket

from celery import shared_task
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone

from notifications.delivery.days import sum_up
from notifications.delivery.drain import drain as drain_queue
from notifications.delivery.hints import publish
from notifications.delivery.keep_alive import keep_consent_alive as keep_alive
from notifications.delivery.prune import prune as prune_rows
from notifications.delivery.sweep import sweep as sweep_rows
from notifications.models import BrowserSession, Series

# As many as a worker has hands by default; a hint too many finds nothing to do.
MOST_HINTS = 4


@shared_task
def deliver(message_id: int) -> None:
    """A mail was put into the outbox: send it, and what else is due."""
    if drain_queue(worker_name(), message_id):
        publish(drain)


@shared_task(expires=15)
def drain() -> None:
    """Something may be due."""
    if drain_queue(worker_name()):
        publish(drain)


@shared_task
def sweep() -> None:
    """Find what is due or was orphaned."""
    for _ in range(min(sweep_rows(), MOST_HINTS)):
        publish(drain)


@shared_task
def prune() -> None:
    """Delete what is older than the retention, and before that sum up the days that are over."""
    sum_up(timezone.now())
    prune_rows()
    Series.forget_idle()
    BrowserSession.forget_over()
    # Those of nobody too: whoever asks for the way to a provider has one.
    SessionStore.clear_expired()


@shared_task
def keep_consent_alive() -> None:
    """Refresh the OAuth2 tokens before they end."""
    keep_alive()


def worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"
