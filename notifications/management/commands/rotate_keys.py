from collections import Counter
from typing import Any

from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from notifications.keyring import Opens, Secret, rotate
from notifications.models import AuditEvent


class Command(BaseCommand):
    help = "Encrypt every stored secret with the first of FERNET_KEYS. Can be cut off and repeated at any time."
    requires_system_checks = [Tags.security]

    def handle(self, *args: Any, **options: Any) -> None:
        found: Counter[Opens] = Counter()
        lost: list[Secret] = []
        try:
            for secret in rotate():
                found[secret.opens] += 1
                if secret.opens is Opens.NONE and secret.remedy:
                    lost.append(secret)
        except DatabaseError as error:
            raise CommandError(f"Not finished, the database is out of reach: {error} Run it again.") from error
        if found[Opens.OLDER]:
            AuditEvent.record(AuditEvent.Action.KEYS_ROTATED, f"{found[Opens.OLDER]} of them")
        self.stdout.write(f"{found[Opens.OLDER]} encrypted with the newest key, {found[Opens.NEWEST]} had it already.")
        if lost:
            raise CommandError(told(lost))
        self.stdout.write("Every stored secret opens with the newest key alone: the others can go.")


def told(lost: list[Secret]) -> str:
    places = "\n".join(f"  {secret}: {secret.remedy}" for secret in lost)
    return (
        f"{len(lost)} cannot be read with any of FERNET_KEYS and stay as they are:\n{places}\n"
        "Or add the key they were saved with to FERNET_KEYS, behind the others, and run this again."
    )
