import sqlite3
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error, connection

from notifications.models import AuditEvent
from supervisor import archive
from supervisor.archive import BadArchive
from supervisor.data_folder import why_unusable
from supervisor.replace import BACKUPS
from supervisor.version import VERSION

POSTGRES = "This installation uses PostgreSQL: use pg_dump, as docs/running.md describes."


class Command(BaseCommand):
    help = (
        "Write the SQLite database and keys.env into one checked archive, while the panel runs. Whoever reads the "
        "archive has every saved password, unless it is --without-keys."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", type=Path, help="folder for the archive (backups in the data folder)")
        parser.add_argument("--keep", type=int, help="delete all but this many archives in that folder")
        parser.add_argument("--without-keys", action="store_true", help="leave keys.env out; back it up elsewhere")

    def handle(self, *args: Any, **options: Any) -> None:
        keep, folder = options["keep"], options["to"] or settings.DATA_DIR / BACKUPS
        if connection.vendor != "sqlite":
            raise CommandError(POSTGRES)
        if keep is not None and keep < 1:
            raise CommandError("--keep must be 1 or more.")
        made = self.create(folder, self.others(without_keys=options["without_keys"]))
        self.stdout.write(f"{made}: {made.stat().st_size / 1e6:.1f} MB, checked.")
        gone = archive.rotate(folder, made, keep) if keep else []
        if gone:
            self.stdout.write(f"{len(gone)} older deleted.")
        self.note(made)

    def others(self, *, without_keys: bool) -> list[Path]:
        keys, port = settings.DATA_DIR / archive.KEYS, settings.DATA_DIR / archive.INBOX_PORT
        if not without_keys and not keys.exists():
            self.stdout.write(f"There is no {keys}: back up the place that sets FERNET_KEYS and SECRET_KEY, too.")
        return [path for path in ([] if without_keys else [keys]) + [port] if path.exists()]

    def create(self, folder: Path, others: list[Path]) -> Path:
        database = Path(connection.settings_dict["NAME"])
        try:
            return archive.create(folder, database, others, VERSION)
        except BadArchive as error:
            raise CommandError(f"No backup was made. {error}") from error
        except sqlite3.Error as error:
            raise CommandError(f"No backup was made. SQLite could not copy {database}: {error}.") from error
        except OSError as error:
            path = Path(error.filename or folder)
            raise CommandError(f"No backup was made. {path} cannot be used: {why_unusable(path, error)}") from error

    def note(self, made: Path) -> None:
        try:
            AuditEvent.record(AuditEvent.Action.BACKUP_CREATED, made.name)
        except Error as error:
            # A full disk or a locked database makes the archive no worse.
            self.stderr.write(f"The audit has no event of it: {error}")
