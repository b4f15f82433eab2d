"""`manage.py verify_audit`: is the record of System > Audit as it was written?"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from notifications.models.audit_chain import Chain

NOTHING = " Either nothing was ever done here, or somebody deleted all of it: a hash noted down earlier tells."


class Command(BaseCommand):
    help = (
        "Follow the audit's events from the first to the last. Ends with 1, and names the first event that was "
        "changed, taken out, put elsewhere or cut off, if there is one. Note down the hash it prints, off this "
        "machine: who can write to the database could also seal everything anew, but never to the same hash."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        chain = Chain()
        if found := chain.check():
            told = f"Event {found.number} is broken: {found.fault}. Before it, {good(chain.count)}."
            raise CommandError(told, returncode=1)
        last = f" The last one has the hash {chain.hash}." if chain.count else NOTHING
        self.stdout.write(f"{good(chain.count).capitalize()}.{last}")


def good(count: int) -> str:
    return f"{count:,} event{' is' if count == 1 else 's are'} as written"
