from collections import Counter
from itertools import islice
from typing import Any

from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from notifications.keyring import Opens, Secret, rotate

SHOWN = 20


class Command(BaseCommand):
    help = "Encrypt every stored secret with the first of FERNET_KEYS. Can be cut off and repeated at any time."
    requires_system_checks = [Tags.security]

    def handle(self, *args: Any, **options: Any) -> None:
        found: Counter[Opens] = Counter()
        lost: list[Secret] = []
        try:
            for secret in rotate():
                found[secret.opens] += 1
                if secret.opens is Opens.NONE:
                    lost.append(secret)
        except DatabaseError as error:
            raise CommandError(f"Not finished, the database is out of reach: {error} Run it again.") from error
        self.stdout.write(f"{found[Opens.OLDER]} encrypted with the newest key, {found[Opens.NEWEST]} had it already.")
        if lost:
            raise CommandError(told(lost))
        self.stdout.write("Every stored secret opens with the newest key alone: the others can go.")


def told(lost: list[Secret]) -> str:
    places = "\n".join(f"  {secret}" for secret in islice(lost, SHOWN))
    more = f"\n  and {len(lost) - SHOWN} more" if len(lost) > SHOWN else ""
    return (
        f"{len(lost)} cannot be read with any of FERNET_KEYS and stay as they are:\n{places}{more}\n"
        "Add the key they were saved with to FERNET_KEYS, behind the others, or enter them again in the panel."
    )
