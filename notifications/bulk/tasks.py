"""What Celery calls: shells."""

from celery import shared_task

from notifications.bulk.jobs import RUN, SECONDS, work, work_on_all
from notifications.delivery.hints import publish


@shared_task
def run_bulk_job(job_id: int) -> None:
    """Somebody confirmed it, or it is not finished yet."""
    if work(job_id, SECONDS):
        publish(RUN, job_id)


@shared_task(expires=20)
def resume_bulk_jobs() -> None:
    """For tasks of the version before: housekeeping finds jobs whose worker died, or whose hint was lost."""
    work_on_all()
