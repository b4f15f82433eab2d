from typing import Any

from axes.utils import reset
from django.core.management.base import BaseCommand, CommandError, CommandParser

from notifications.models import AuditEvent
from notifications.origin import network_of, read_address


class Command(BaseCommand):
    help = "Let somebody sign in again who is shut out after too many wrong passwords."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "name", metavar="NAME", help="the user name, from wherever; or an IP address, for all names"
        )

    def handle(self, *args: Any, name: str, **options: Any) -> None:
        address = read_address(name)
        if not (reset(ip=network_of(str(address))) if address else reset(username=name)):
            raise CommandError(
                f"No wrong password was typed {'from' if address else 'for'} {name} lately: nothing to unlock."
            )
        AuditEvent.record(AuditEvent.Action.SIGN_IN_UNLOCKED, name)
        self.stdout.write(f"Sign-ins {'from' if address else 'of'} {name} are looked at again.")
