import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from notifications.configuration.export import export
from notifications.configuration.load import load
from notifications.configuration.problems import ConfigurationError


class Command(BaseCommand):
    help = "Write what is set to a file without secrets, or read such a file: all of it or nothing."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_subparsers(dest="what", required=True, metavar="export | import")
        what.add_parser("export", help="print the configuration as TOML, without secrets")
        importing = what.add_parser("import", help="make the configuration what a TOML file says")
        importing.add_argument("file", metavar="FILE", help="the TOML file; - for standard input")

    def handle(self, *args: Any, what: str, **options: Any) -> None:
        if what == "export":
            self.stdout.write(export(), ending="")
        else:
            self.load(options["file"])

    def load(self, name: str) -> None:
        folder = Path() if name == "-" else Path(name).parent
        try:
            told = load(text_of(name), folder)
        except ConfigurationError as error:
            raise CommandError(f"Nothing was changed.\n{error}") from error
        except DatabaseError as error:
            raise CommandError(f"Nothing was changed, the database is out of reach: {error}") from error
        for sentence in told:
            self.stdout.write(sentence)


def text_of(name: str) -> str:
    try:
        content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        # TOML 1.1 and Notepad: a byte order mark in front of UTF-8 is ignored.
        return content.decode("utf-8-sig")
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{name} is not UTF-8, which TOML must be.") from error
