from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from notifications.delivery.restore_check import hold
from notifications.models import Restoration


class Command(BaseCommand):
    help = (
        "Say that this database was just restored from a backup: email is on hold until an administrator decides in "
        "the panel what is sent. For PostgreSQL after pg_restore, before web and worker start."
    )
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        # The backup may be of an older version.
        call_command("migrate", interactive=False, verbosity=0)
        hold(Restoration.Sign.DECLARED)
        self.stdout.write(
            "Email is on hold. After the start an administrator decides in the panel, at /restoration/, what is sent."
        )
