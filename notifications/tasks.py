"""What Celery calls: shells around notifications.delivery."""

from celery import shared_task
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone

from notifications.delivery.days import sum_up
from notifications.delivery.engine import wake_or_send
from notifications.delivery.keep_alive import keep_consent_alive as keep_alive
from notifications.delivery.prune import prune as prune_rows
from notifications.delivery.sweep import sweep as sweep_rows
from notifications.models import BrowserSession, RateCounter, Series


@shared_task
def deliver(message_id: int) -> None:
    """An email was put into the outbox: wake this process's senders. The id serves workers of the version before."""
    wake_or_send()


@shared_task(expires=15)
def drain() -> None:
    """Something may be due."""
    wake_or_send()


@shared_task
def sweep() -> None:
    """Check the queue. The housekeeping thread does it at its own times; this is for tasks of the version before."""
    if sweep_rows():
        wake_or_send()


@shared_task
def prune() -> None:
    """Delete what is older than the retention, and before that sum up the days that are over."""
    sum_up(timezone.now())
    prune_rows()
    Series.forget_idle()
    RateCounter.forget_old()
    BrowserSession.forget_over()
    # Anonymous ones too: a visitor who starts a sign-in at a provider has one.
    SessionStore.clear_expired()


@shared_task
def keep_consent_alive() -> None:
    """Refresh the OAuth2 tokens before they end."""
    keep_alive()
