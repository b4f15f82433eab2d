from typing import Any

from django.core.management.base import BaseCommand, CommandError

from notifications.setup_link import setup_url


class Command(BaseCommand):
    help = "Print the link under which the first administrator is set up; it works for 24 hours."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        url = setup_url()
        if url is None:
            raise CommandError("There is an administrator already, who can invite others under System > People.")
        self.stdout.write(url)
