"""What Celery calls: shells around notifications.delivery."""

from celery import shared_task


@shared_task
def deliver(message_id: int) -> None:
    """A mail was put into the outbox: send it, and what else is due."""


@shared_task
def sweep() -> None:
    """Find what is due or was orphaned."""


@shared_task
def prune() -> None:
    """Delete what is older than the retention."""
