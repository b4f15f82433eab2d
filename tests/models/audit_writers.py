"""`python -m tests.models.audit_writers THREADS EVENTS`: that many writers at once, on a database of their own.

Prints the number of events and what `Chain` finds broken. A program, because the tests' own connection is to SQLite.
"""

import json
import os
import sys
import threading

import django
from django.core.management import call_command
from django.db import DatabaseError, connection


def main(threads: int, events: int) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    call_command("migrate", verbosity=0)
    from notifications.models import AuditEvent
    from notifications.models.audit_chain import Chain

    gate, errors = threading.Barrier(threads), []

    def write(writer: int) -> None:
        try:
            gate.wait()
            for number in range(events):
                AuditEvent.record(AuditEvent.Action.PROBE, f"writer {writer}, event {number}")
        except DatabaseError as error:
            errors.append(repr(error))
        finally:
            connection.close()

    writers = [threading.Thread(target=write, args=[writer]) for writer in range(threads)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    chain = Chain()
    broken = chain.check()
    sys.stdout.write(json.dumps({"count": chain.count, "broken": broken and str(broken), "errors": errors}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
