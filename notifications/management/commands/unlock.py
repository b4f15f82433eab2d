from typing import Any

from axes.utils import reset
from django.core.management.base import BaseCommand, CommandError, CommandParser

from notifications import origin
from notifications.models import AuditEvent


class Command(BaseCommand):
    help = "Let somebody sign in again who is shut out after too many wrong passwords, from wherever."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME", help="the user name that was typed")

    def handle(self, *args: Any, name: str, **options: Any) -> None:
        if not reset(username=name):
            raise CommandError(f"No wrong password was typed for {name} lately: nothing to unlock.")
        with origin.of("manage.py unlock"):
            AuditEvent.record(AuditEvent.Action.SIGN_IN_UNLOCKED, name)
        self.stdout.write(f"{name} can sign in again.")
