from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from notifications.forms.api_token import ApiTokenForm
from notifications.models import ApiToken


class Command(BaseCommand):
    help = "Make an API token. It is printed once, as the last word; only its hash is kept."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME", help="who will use it, such as the tool and its host")

    def handle(self, *args: Any, name: str, **options: Any) -> None:
        form = ApiTokenForm({"name": name})
        if not form.is_valid():
            raise CommandError(" ".join(map(str, form.errors["name"])))
        token, secret = ApiToken.issue(form.cleaned_data["name"])
        self.stdout.write(f"The token of {token.name}, which cannot be shown again: {secret}")
