import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from notifications.delivery.journal import living_workers
from supervisor import archive
from supervisor.archive import FORMAT, KEYS, BadArchive, Manifest
from supervisor.data_folder import why_unusable
from supervisor.lock import AlreadyRunning, InstanceLock
from supervisor.replace import replace
from supervisor.version import VERSION

POSTGRES = "This installation uses PostgreSQL: use pg_restore and manage.py restored, as docs/running.md describes."


class Command(BaseCommand):
    help = (
        "Put an archive of `manage.py backup` in the place of the present data, which is kept aside. After the next "
        "start email is on hold until an administrator decides what is sent."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("archive", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        if connection.vendor != "sqlite":
            raise CommandError(POSTGRES)
        try:
            with InstanceLock(settings.DATA_DIR / "lock", "manage.py restore"):
                refuse_running_workers()
                self.restore(options["archive"])
        except AlreadyRunning as error:
            raise CommandError(f"Nothing was restored: the panel runs ({error}). Stop it first.") from error
        except BadArchive as error:
            raise CommandError(f"Nothing was restored. {error}") from error
        except OSError as error:
            path = Path(error.filename or options["archive"])
            why = "there is no such file." if isinstance(error, FileNotFoundError) else why_unusable(path, error)
            raise CommandError(f"Nothing was restored. {path} cannot be used: {why}") from error

    def restore(self, file: Path) -> None:
        with tempfile.TemporaryDirectory(prefix=".restore-", dir=settings.DATA_DIR) as work:
            fresh = Path(work) / "files"
            manifest = archive.extract(file, fresh)
            refuse_newer(manifest)
            aside = replace(settings.DATA_DIR, Path(connection.settings_dict["NAME"]), fresh, manifest)
        self.stdout.write(f"Restored: {file.name}, made {manifest.made_at} by version {manifest.version}.")
        self.stdout.write(f"The data before are kept in {aside}.")
        if KEYS not in manifest.files:
            self.stdout.write("The backup has no keys: the present ones stay. manage.py doctor says whether they fit.")
        self.stdout.write(
            "Start the panel: email is on hold until an administrator decides, at /restoration/, what is sent."
        )


def refuse_running_workers() -> None:
    """Those that no supervisor started."""
    if running := living_workers(settings.JOURNAL_DIR):
        raise CommandError(f"Nothing was restored: a worker runs ({running[0]}). Stop it first.")


def refuse_newer(manifest: Manifest) -> None:
    known = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
    if manifest.format > FORMAT or numbers(manifest.version) > numbers(VERSION) or set(manifest.migrations) - known:
        raise BadArchive(
            f"The backup is of version {manifest.version}, which is newer than this {VERSION}: install that one first."
        )


def numbers(version: str) -> list[int]:
    """Raises BadArchive for what is no version."""
    try:
        return [int(part) for part in version.split(".")]
    except ValueError:
        raise BadArchive(f"The backup is of version {version[:40]!r}, which is none.") from None
