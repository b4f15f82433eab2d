#!/usr/bin/env python
"""Django's command line, with a data folder and keys made ready on first use."""

import os
import sys

from django.core.management import execute_from_command_line
from django.db import Error

from notifications import origin
from notifications.database_faults import fault_of
from supervisor import bootstrap


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailadmin.settings")
    bootstrap.prepare(sys.argv)
    with origin.of(f"manage.py {sys.argv[1]}" if len(sys.argv) > 1 else "manage.py"):
        try:
            execute_from_command_line(sys.argv)
        except Error as error:
            fault = fault_of(error)
            if fault is None or "--traceback" in sys.argv:
                raise
            sys.exit(f"manage.py {sys.argv[1]} failed. {fault}")


if __name__ == "__main__":
    main()
