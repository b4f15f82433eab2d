"""What Celery calls: a shell."""

from celery import shared_task

from notifications.digests.tell import tell_what_is_due


@shared_task(expires=20)
def send_digests() -> None:
    """Make the mails whose windows have ended."""
    tell_what_is_due()
