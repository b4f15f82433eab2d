#!/usr/bin/env python3
"""Copies the panel's SQLite database while everything runs: backup-sqlite.py FROM TO. TO must not exist yet."""

import os
import sqlite3
import sys
from contextlib import closing

if len(sys.argv) != 3 or not os.path.isfile(sys.argv[1]):
    sys.exit(__doc__)
# As the database itself: for its owner alone.
os.umask(0o077)
with closing(sqlite3.connect(sys.argv[1], timeout=60)) as database:
    database.execute("VACUUM INTO ?", (sys.argv[2],))
