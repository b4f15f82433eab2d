from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core import checks
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from notifications.health import examine
from notifications.keyring import Opens, survey

SHOWN = 20


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    ok: bool
    name: str
    text: str


class Command(BaseCommand):
    help = "Look at everything that mail needs, the stored secrets included; ends with 1 when something is wrong."
    # It reports the checks itself, beside everything else.
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        wrong = 0
        for finding in findings():
            wrong += not finding.ok
            self.stdout.write(f"{'ok   ' if finding.ok else 'WRONG'}  {finding.name + ':':<14} {finding.text}")
        if wrong:
            raise CommandError(f"{wrong} of the above need somebody. docs/troubleshooting.md says what helps.")


def findings() -> Iterator[Finding]:
    yield from environment()
    parts = examine()
    yield from (Finding(part.ok, part.name, part.text) for part in parts)
    # Without the database nothing else can be asked.
    if parts[0].ok:
        try:
            yield tables()
            yield from secrets()
        except DatabaseError as error:
            yield Finding(False, "database", str(error))


def environment() -> Iterator[Finding]:
    messages = checks.run_checks(tags=[checks.Tags.security])
    if not messages:
        yield Finding(True, "environment", "keys and providers can be used")
    for message in messages:
        yield Finding(False, "environment", f"{message.msg} {message.hint or ''}".rstrip())


def tables() -> Finding:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        return Finding(False, "tables", f"{len(missing)} migrations are missing: run manage.py migrate")
    return Finding(True, "tables", "up to date")


def secrets() -> Iterator[Finding]:
    found: Counter[Opens] = Counter()
    for secret in survey():
        found[secret.opens] += 1
        if secret.opens is Opens.NONE and found[Opens.NONE] <= SHOWN:
            yield Finding(False, "secret", f"{secret} cannot be read with any of FERNET_KEYS")
    if found[Opens.NONE] > SHOWN:
        yield Finding(False, "secret", f"and {found[Opens.NONE] - SHOWN} more")
    if found[Opens.OLDER]:
        text = f"{found[Opens.OLDER]} have an older key: run manage.py rotate_keys before that key goes"
        yield Finding(True, "secrets", text)
    elif not found[Opens.NONE]:
        yield Finding(True, "secrets", f"all {found[Opens.NEWEST]} open with the newest key")
