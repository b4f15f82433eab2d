"""What an error of the database means for whoever runs the panel: the cause in words, and what to do."""

from dataclasses import dataclass
from errno import EDQUOT, ENOSPC
from typing import Any

from django.db import DataError, Error, IntegrityError, ProgrammingError, connection


@dataclass(frozen=True)
class DatabaseFault:
    """`cause` begins like a sentence, without a period; `advice` is one or two sentences."""

    cause: str
    advice: str

    def __str__(self) -> str:
        return f"{self.cause}. {self.advice}"


READ_ONLY_FILE = DatabaseFault(
    "The database is read-only",
    "Check the mount options of its disk, and who owns the database file and its folder.",
)
STANDBY = DatabaseFault(
    "PostgreSQL is read-only: it is a standby, or was set to read-only",
    "Let DATABASE_URL name the primary server, or make this one accept writes.",
)
DISK_FULL = DatabaseFault("The database's disk is full", "Make room on it; nothing has to be restarted.")
DISK_ERROR = DatabaseFault(
    "The database's disk reports errors", "Look at the system's log, and check the latest backup."
)
LOCKED = DatabaseFault(
    "Another process keeps the database locked",
    "It passes when that process is done; if it does not, find the process that has the database open.",
)
NOT_OPENED = DatabaseFault(
    "The database file cannot be opened",
    "Check that its folder exists, and that the file and the folder belong to the user who runs the panel.",
)
DAMAGED = DatabaseFault("The database file is damaged", "Stop the panel and restore the latest backup.")
NO_TABLES = DatabaseFault(
    "Tables or columns are missing in the database", "Run manage.py migrate, or restart the panel, which does it."
)
TOO_MANY = DatabaseFault(
    "PostgreSQL has no connection left",
    "Raise max_connections there, or run fewer workers; docs/running.md says how many connections each process needs.",
)
STARTING = DatabaseFault("PostgreSQL is starting, stopping or recovering", "Wait; if it lasts, look at its log.")
GONE = DatabaseFault(
    "PostgreSQL does not answer", "Check that it runs, and that DATABASE_URL and the network lead to it."
)
SIGN_IN = DatabaseFault("PostgreSQL refuses the sign-in", "Check user, password and database name in DATABASE_URL.")
RIGHTS = DatabaseFault(
    "PostgreSQL denies access to a table", "Make the user of DATABASE_URL the owner of the database."
)
UNKNOWN = DatabaseFault("The database does not work", "The log of the process that met the error has the details.")

# https://sqlite.org/rescode.html, without what follows the first word of an extended code.
OF_SQLITE = {
    "READONLY": READ_ONLY_FILE,
    "FULL": DISK_FULL,
    "BUSY": LOCKED,
    "LOCKED": LOCKED,
    "PROTOCOL": LOCKED,
    "CANTOPEN": NOT_OPENED,
    "PERM": NOT_OPENED,
    "AUTH": NOT_OPENED,
    "IOERR": DISK_ERROR,
    "CORRUPT": DAMAGED,
    "NOTADB": DAMAGED,
}
# https://www.postgresql.org/docs/current/errcodes-appendix.html; a class of two letters stands for the rest of it.
OF_POSTGRES = {
    "25006": STANDBY,
    "53100": DISK_FULL,
    "53300": TOO_MANY,
    "57P01": STARTING,
    "57P02": STARTING,
    "57P03": STARTING,
    "55P03": LOCKED,
    "57014": LOCKED,
    "40P01": LOCKED,
    "40001": LOCKED,
    "42P01": NO_TABLES,
    "42703": NO_TABLES,
    "42501": RIGHTS,
    "3D000": SIGN_IN,
    "28": SIGN_IN,
    "58": DISK_ERROR,
    "08": GONE,
}
# libpq has no code for a connection that was refused, and passes the server's words on (PostgreSQL's own are not
# translated before the sign-in unless lc_messages is).
IN_WORDS = (
    ("too many clients", TOO_MANY),
    ("remaining connection slots", TOO_MANY),
    ("too many connections", TOO_MANY),
    ("the database system is", STARTING),
    ("authentication failed", SIGN_IN),
    ("no pg_hba.conf entry", SIGN_IN),
    ("does not exist", SIGN_IN),
)
OF_ONE_ROW = (IntegrityError, DataError)


def fault_of(error: BaseException | None) -> DatabaseFault | None:
    """Why the database failed, when that is what `error`, or an error behind it, says; None for any other error."""
    while error is not None:
        if isinstance(error, Error):
            return fault_of_database_error(error)
        error = error.__cause__ or error.__context__
    return None


def fault_of_database_error(error: Error) -> DatabaseFault | None:
    """None for what concerns one row or is a mistake of ours."""
    if isinstance(error, OF_ONE_ROW):
        return None
    known = known_fault(error.__cause__ or error)
    return known or (None if isinstance(error, ProgrammingError) else UNKNOWN)


def known_fault(error: Any) -> DatabaseFault | None:
    if name := getattr(error, "sqlite_errorname", None):
        if name == "SQLITE_ERROR" and ("no such table" in str(error) or "no such column" in str(error)):
            return NO_TABLES
        return OF_SQLITE.get(name.removeprefix("SQLITE_").partition("_")[0])
    if code := getattr(error, "sqlstate", None):
        return OF_POSTGRES.get(code) or OF_POSTGRES.get(code[:2])
    if connection.vendor != "postgresql":
        return None
    return next((fault for words, fault in IN_WORDS if words in str(error)), GONE)


def fault_of_disk(error: OSError) -> DatabaseFault:
    """Of the disk that SQLite's file is on."""
    return DISK_FULL if error.errno in (ENOSPC, EDQUOT) else READ_ONLY_FILE
