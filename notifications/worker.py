"""What runs in each worker process besides Celery's tasks: the senders and the housekeeping.

Celery imports this module (CELERY_IMPORTS) and forks its processes; each of them starts its own threads, because
threads do not survive a fork.
"""

from datetime import timedelta
from typing import Any

from celery.signals import worker_process_init, worker_process_shutdown
from django.db import connection

from notifications import tasks
from notifications.bulk.jobs import work_on_all
from notifications.delivery.engine import Engine, run_engine
from notifications.delivery.housekeeping import Housekeeper, Job
from notifications.delivery.keep_alive import keep_consent_alive
from notifications.delivery.queue_check import QueueCheck
from notifications.delivery.restore_check import MARK_SECONDS, keep_mark
from notifications.digests.tell import tell_what_is_due

# Shorter than the supervisor's and systemd's limit for the whole worker.
STOP_SECONDS = 50.0

_housekeepers: list[Housekeeper] = []


@worker_process_init.connect
def start(**_: Any) -> None:
    # Whatever the parent has open is the parent's.
    connection.close()
    run_engine(Engine())
    check = Job("queue-check", timedelta(seconds=10), QueueCheck())
    # In a thread of its own: nothing may delay the queue check.
    chores = [
        Job("digests", timedelta(seconds=10), tell_what_is_due),
        Job("bulk-jobs", timedelta(seconds=10), work_on_all),
        Job("tokens", timedelta(seconds=30), keep_consent_alive),
        Job("data-mark", timedelta(seconds=MARK_SECONDS), keep_mark, by_each=True),
        Job("retention", timedelta(hours=1), tasks.prune),
    ]
    _housekeepers[:] = [Housekeeper("queue-check", [check]), Housekeeper("chores", chores)]
    for housekeeper in _housekeepers:
        housekeeper.start()


@worker_process_shutdown.connect
def stop(**_: Any) -> None:
    for housekeeper in _housekeepers:
        housekeeper.stop(1.0)
    run_engine(None)
