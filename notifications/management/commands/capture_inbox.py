import asyncio
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from notifications.capture import server, switch


class Command(BaseCommand):
    help = "Run the capture inbox: an SMTP server on this machine that keeps what it is sent."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        if reason := switch.why_off():
            raise CommandError(f"The capture inbox is not started: {reason}")
        asyncio.run(server.serve(switch.HOST, switch.make_ready()))
