"""What Celery calls: shells."""

from celery import shared_task

from notifications.bulk.jobs import work
from notifications.delivery.hints import publish
from notifications.models import BulkJob

# Then the worker's hand is free for mails again, and the rest waits its turn.
SECONDS = 5.0


@shared_task
def run_bulk_job(job_id: int) -> None:
    """Somebody confirmed it, or it is not finished yet."""
    if work(job_id, SECONDS):
        publish(run_bulk_job, job_id)


@shared_task(expires=20)
def resume_bulk_jobs() -> None:
    """Find those whose worker died, or whose hint was lost."""
    for job_id in BulkJob.objects.filter(finished_at=None).values_list("pk", flat=True):
        publish(run_bulk_job, job_id)
