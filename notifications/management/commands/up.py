import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import Tags, run_checks
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from notifications.capture import switch
from notifications.delivery.restore_check import keep_mark
from notifications.setup_link import setup_url
from supervisor.data_folder import why_unusable
from supervisor.lock import AlreadyRunning, InstanceLock
from supervisor.panel import CannotStart, Panel, require_free


class Command(BaseCommand):
    help = "Start the panel with all it needs, and keep it running until Ctrl-C or SIGTERM."
    # Those of the environment stop the start, see below; the rest is for `manage.py check`, which loads every page.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        # Read before the settings are, by supervisor.bootstrap; here for --help and for a value that is wrong.
        parser.add_argument("--host", help="address to listen on (MAILADMIN_HOST, 127.0.0.1)")
        parser.add_argument("--port", type=int, help="port to listen on (MAILADMIN_PORT, 8000); 0 for a free one")
        parser.add_argument("--data", help="folder for everything that is kept (MAILADMIN_DATA, ./data)")

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_unusable_environment()
        try:
            with InstanceLock(settings.DATA_DIR / "lock", settings.PUBLIC_URL):
                self.run()
        except AlreadyRunning as error:
            raise CommandError(f"The panel with the data in {settings.DATA_DIR} runs already, at {error}") from error
        except CannotStart as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            path = Path(error.filename or settings.DATA_DIR)
            raise CommandError(f"The panel cannot start. {path} cannot be used: {why_unusable(path, error)}") from error

    def run(self) -> None:
        require_free(settings.HOST, settings.PORT)
        # whitenoise warns of a folder that is not there; files collected into it are served.
        settings.STATIC_ROOT.mkdir(exist_ok=True)
        call_command("migrate", interactive=False, verbosity=0)
        # Before anything can send.
        keep_mark()
        panel = Panel(
            data=settings.DATA_DIR,
            host=settings.HOST,
            port=settings.PORT,
            # Not the setting: that may be the address which an earlier run left in its file.
            broker_url=os.environ.get("BROKER_URL", ""),
            broker_url_file=settings.BROKER_URL_FILE,
            inbox_port=self.inbox_port(),
            say=self.say,
        )
        connection.close()
        panel.run(when_ready=self.announce)

    def inbox_port(self) -> int | None:
        if reason := switch.why_off():
            self.say("panel", f"The capture inbox is not started: {reason}")
            return None
        return switch.make_ready()

    def announce(self) -> None:
        self.say("panel", f"Ready at {settings.PUBLIC_URL}/")
        if url := setup_url():
            self.say("panel", "There is no user yet. Set up the first administrator here, within 24 hours:")
            self.say("panel", url)
        connection.close()

    def say(self, who: str, what: str) -> None:
        self.stdout.write(f"{who:<7}| {what}")
        self.stdout.flush()


def refuse_unusable_environment() -> None:
    """Raises CommandError with a sentence for each variable that would cost a secret, a link or an email later."""
    faults = [message for message in run_checks(tags=[Tags.security]) if message.is_serious()]
    if faults:
        raise CommandError("\n".join(f"{fault.msg} {fault.hint or ''} ({fault.id})" for fault in faults))
