"""`python -m tests.stories.together 20`: so many failures of one series at once, on a database of their own.

Prints what each was told of the failures before it, as JSON. A program, because the tests' own connection is to SQLite.
"""

import json
import os
import sys
import threading

import django
from django.core.management import call_command
from django.db import connection


def main(count: int) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    call_command("migrate", verbosity=0)
    gate, told = threading.Barrier(count), []

    def one(number: int) -> None:
        from notifications.intake.accept import accept
        from tests.reports import a_report

        try:
            gate.wait()
            told.append(accept(a_report(id=f"run {number}")).completion.failures_before)
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=[number]) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(int(sys.argv[1]))
