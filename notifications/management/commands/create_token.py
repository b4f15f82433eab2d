from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from notifications.forms.api_token import ApiTokenForm
from notifications.models import ApiToken, Scope


class Command(BaseCommand):
    help = "Make an API token. It is printed once, as the last word; only its hash is kept."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME", help="who will use it, such as the tool and its host")

        parser.add_argument(
            "--scope",
            action="append",
            choices=Scope.values,
            help="what it may do; may be given several times (report, if none is)",
        )

    def handle(self, *args: Any, name: str, scope: list[str] | None, **options: Any) -> None:
        form = ApiTokenForm({"name": name, "scopes": scope or [Scope.REPORT]})
        if not form.is_valid():
            raise CommandError(" ".join(str(error) for errors in form.errors.values() for error in errors))
        token, secret = ApiToken.issue(**form.cleaned_data)
        self.stdout.write(f"The token of {token.name}, which cannot be shown again: {secret}")
