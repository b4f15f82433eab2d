import json
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from notifications.intake.accept import Accepted, Conflict, accept
from notifications.intake.refusals import InvalidReport
from notifications.intake.report import read
from notifications.intake.strict_json import InvalidJson


class Command(BaseCommand):
    help = "Report a completed deployment or schedule: the same JSON, checks and answer as POST /api/v1/completions."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", help="file with the report as JSON; - for standard input")

    def handle(self, *args: Any, file: str, **options: Any) -> None:
        self.stdout.write(json.dumps(accepted(content_of(file)).answer))


def content_of(name: str) -> bytes:
    limit = settings.API_BODY_LIMIT
    try:
        with sys.stdin.buffer if name == "-" else Path(name).open("rb") as source:
            content = source.read(limit + 1)
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}.") from error
    if len(content) > limit:
        raise CommandError(f"The report is larger than {limit // 1024**2} MiB.")
    return content


def accepted(content: bytes) -> Accepted:
    try:
        return accept(read(content))
    except InvalidReport as error:
        raise CommandError(f"The report does not fit: {error}.") from error
    except (InvalidJson, Conflict) as error:
        raise CommandError(str(error)) from error
    except DatabaseError as error:
        raise CommandError(f"Nothing was stored, the database is out of reach: {error}") from error
