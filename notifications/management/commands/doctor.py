from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.core import checks
from django.core.management.base import BaseCommand, CommandError
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor

from notifications.health import Part, examine, unavailable
from notifications.keyring import Opens, survey
from notifications.models import MailServerState


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    ok: bool
    name: str
    text: str


class Command(BaseCommand):
    help = "Check everything that email needs, the stored secrets included; exits with 1 when something is wrong."
    # It reports the checks itself, beside everything else.
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        wrong = 0
        for finding in findings():
            wrong += not finding.ok
            self.stdout.write(f"{'ok   ' if finding.ok else 'WRONG'}  {finding.name + ':':<14} {finding.text}")
        if wrong:
            verb = "needs" if wrong == 1 else "need"
            raise CommandError(f"{wrong} of the above {verb} attention. docs/running.md says what each line means.")


def findings() -> Iterator[Finding]:
    yield from environment()
    database, *others = examine()
    yield stored() if database.ok else of_part(database)
    yield from (of_part(part) for part in others)
    try:
        yield tables()
        yield from secrets()
    except Error as error:
        # Told above already where the database does not answer.
        if others:
            yield of_part(unavailable(error))


def of_part(part: Part) -> Finding:
    return Finding(part.ok, part.name, part.in_full)


def stored() -> Finding:
    """Write and commit, as a report would: some disks fail only then."""
    try:
        MailServerState.objects.filter(pk=1).update(id=1)
    except Error as error:
        return of_part(unavailable(error))
    return Finding(True, "database", "answers and takes reports")


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
    there = set(connection.introspection.table_names())
    if absent := sorted({model._meta.db_table for model in apps.get_models()} - there):
        names = ", ".join(absent)
        return Finding(
            False, "tables", f"{names} not there, though its migration ran: a version before 0.1.0 made this"
        )
    return Finding(True, "tables", "up to date")


def secrets() -> Iterator[Finding]:
    found: Counter[Opens] = Counter()
    lost: Counter[tuple[str, str]] = Counter()
    for secret in survey():
        found[secret.opens] += 1
        if secret.opens is Opens.NONE:
            lost[str(secret), secret.remedy] += 1
    for (place, remedy), count in lost.items():
        text = f"{place} ({count}) cannot be read with any of FERNET_KEYS"
        yield Finding(not remedy, "secret", f"{text}: {remedy or 'nothing to do, mailadmin replaces it'}")
    if found[Opens.OLDER]:
        text = f"{found[Opens.OLDER]} still use an older key: run manage.py rotate_keys before you remove that key"
        yield Finding(True, "secrets", text)
    elif found[Opens.NEWEST]:
        yield Finding(True, "secrets", f"the newest key opens all {found[Opens.NEWEST]}")
    elif not found:
        yield Finding(True, "secrets", "none is saved")
