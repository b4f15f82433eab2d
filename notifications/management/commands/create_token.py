from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from notifications.forms.api_token import ApiTokenForm
from notifications.models import ApiToken, Scope


class Command(BaseCommand):
    help = "Create an API token. It is printed once, as the last word; only its hash is kept."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME", help="who will use it, such as the tool and its host")
        often = "may be given several times"
        scopes = f"what it may do; {often} (default: report)"
        parser.add_argument("--scope", action="append", default=[], choices=Scope.values, help=scopes)
        sources = f"a source that it may report for, such as pdq or jenkins-*; {often} (default: any)"
        parser.add_argument("--source", action="append", default=[], help=sources)
        hosts = f"a host that its links may lead to, such as *.example.com; {often} (default: any)"
        parser.add_argument("--link-host", action="append", default=[], help=hosts)
        parser.add_argument("--rate", metavar="N", help="how many reports a minute it may send (default: no limit)")
        parser.add_argument("--expires", metavar="YYYY-MM-DD", help="its last day (default: it does not expire)")
        recipients = f"who gets an email when a report of it is refused because its ID is taken; {often}"
        parser.add_argument("--conflicts-to", action="append", default=[], metavar="RECIPIENT", help=recipients)

    def handle(self, *args: Any, **options: Any) -> None:
        form = ApiTokenForm(
            {
                "name": options["name"],
                "scopes": options["scope"] or [Scope.REPORT],
                "sources": options["source"],
                "link_hosts": options["link_host"],
                "reports_per_minute": options["rate"],
                "expires_on": options["expires"],
                "conflict_recipients": options["conflicts_to"],
            }
        )
        if not form.is_valid():
            raise CommandError(" ".join(str(error) for errors in form.errors.values() for error in errors))
        token, secret = ApiToken.issue(form.cleaned_data["name"], form.cleaned_data["scopes"], **form.limits)
        self.stdout.write(f"The token of {token.name}, which cannot be shown again: {secret}")
