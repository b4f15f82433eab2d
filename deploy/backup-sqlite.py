#!/usr/bin/env python3
"""Copies the panel's SQLite database while everything runs: backup-sqlite.py FROM TO. TO must not exist yet."""

import os
import sqlite3
import sys
from contextlib import closing

if len(sys.argv) != 3:
    sys.exit(__doc__)
source, target = sys.argv[1:]
if not os.path.isfile(source):
    sys.exit(f"Nothing was copied: there is no file {source}.")
if os.path.lexists(target):
    sys.exit(f"Nothing was copied: {target} exists already and is kept. Choose another name, or remove it first.")
# As the database itself: for its owner alone.
os.umask(0o077)
try:
    with closing(sqlite3.connect(source, timeout=60)) as database:
        database.execute("VACUUM INTO ?", (target,))
except sqlite3.Error as error:
    sys.exit(f"There is no good copy of {source} in {target}: {error}.")
