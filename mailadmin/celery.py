"""The Celery application; its settings are the CELERY_ names in mailadmin.settings."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_init, worker_process_init

from mailadmin.elements import use_tolerant_transports
from supervisor import leash

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailadmin.settings")

use_tolerant_transports()
app = Celery("mailadmin")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def keep_djangos_logging(**_: Any) -> None:
    """Celery sets up none of its own while somebody listens to this signal."""


@worker_init.connect
def remember_the_pools_parent(**_: Any) -> None:
    os.environ["MAILADMIN_POOL_PARENT"] = str(os.getpid())


@worker_process_init.connect
def end_with_the_parent(**_: Any) -> None:
    leash.tie_to(int(os.environ["MAILADMIN_POOL_PARENT"]))
