"""Notices that the database was restored, before an email of it goes out a second time.

What waits in a backup was most likely sent after the backup was made. So a restored queue goes on hold until an
administrator decides. It is noticed by what `manage.py restore` leaves in the data folder, or by the folder's mark.
"""

import logging
import os
import time
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from notifications.database_writes import durable
from notifications.delivery import data_mark
from notifications.delivery.data_mark import DataMark
from notifications.models import (
    Attempt,
    AttemptReport,
    AuditEvent,
    BulkJob,
    MailServerState,
    Message,
    OpenConnection,
    Restoration,
)

logger = logging.getLogger(__name__)

# Written by `manage.py restore`.
RESTORED_FILE = "restored.json"
MARK_SECONDS = 60
CUT_OFF = "The backup was made during this attempt, so it is not known whether the server accepted the email."
Sign = Restoration.Sign
_checked: set[int] = set()


def check_once() -> None:
    """Check before this process sends or records anything. A database that is away is asked again the next time."""
    if os.getpid() not in _checked:
        check_for_restore()
        _checked.add(os.getpid())


def check_for_restore(*, advance: bool = False) -> None:
    """Put the queue on hold if the database was restored; with `advance`, note how far it has come, once a minute."""
    folder = settings.DATA_DIR
    try:
        with data_mark.locked(folder):
            compare(folder, data_mark.read(folder), advance=advance)
    except OSError as error:
        logger.warning("a restored database would not be noticed: %s", error)


def keep_mark() -> None:
    check_for_restore(advance=True)


def compare(folder: Path, mark: DataMark | None, *, advance: bool) -> None:
    row, note = Restoration.load(), folder / RESTORED_FILE
    sign = Sign.COMMAND if note.exists() else sign_of_restore(row, mark)
    if sign:
        hold(sign, mark.marks if mark and mark.identity == str(row.identity) else 0)
    elif mark and mark.identity == str(row.identity):
        is_recent = 0 <= time.time() - mark.written_at < MARK_SECONDS * 0.9
        if not advance or is_recent:
            return
    # First the database, so that the file is never ahead of it.
    data_mark.write(folder, str(row.identity), next_marks() if advance else Restoration.load().marks)
    note.unlink(missing_ok=True)


def sign_of_restore(row: Restoration, mark: DataMark | None) -> Restoration.Sign | None:
    is_same = mark is not None and mark.identity == str(row.identity)
    if mark and is_same and mark.marks > row.marks:
        return Sign.OLDER
    # A server's database is used from many folders, and its own files are nowhere near them.
    if connection.vendor != "sqlite" or (mark and is_same and mark.is_original):
        return None
    # One that was never marked is new, or of the version before.
    was_used = Message.objects.exists() if mark else row.marks > 0
    return Sign.COPIED if was_used else None


def next_marks() -> int:
    with durable(), transaction.atomic():
        row = Restoration.lock()
        row.marks += 1
        row.save(update_fields=["marks"])
    return row.marks


def hold(sign: Restoration.Sign, seen_marks: int = 0) -> None:
    """Put the queue on hold until an administrator decides, and end what was going on when the backup was made."""
    with durable(), transaction.atomic():
        state, row = MailServerState.lock(), Restoration.lock()
        row.overtake(seen_marks)
        if row.is_pending:
            return
        newest = Message.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        row.begin(sign, data_from=state.swept_at, last_message=newest)
        cut_off_attempts()
        OpenConnection.objects.all().delete()
        for job in BulkJob.objects.select_for_update().filter(finished_at=None):
            job.end_early("a backup was restored")
        AuditEvent.record(AuditEvent.Action.RESTORE_NOTICED, str(row))
    logger.warning("the database was restored (%s): the queue is on hold until an administrator decides", row)


def cut_off_attempts() -> None:
    """Neither counts as a crash that its email caused, nor as a try that may have arrived: no one watched it here."""
    for attempt in Attempt.objects.filter(finished_at=None).select_related("message"):
        attempt.finish(Attempt.Outcome.AMBIGUOUS, AttemptReport(text=CUT_OFF, lost_worker=True))
        attempt.message.requeue(timezone.now())
    for message in Message.objects.filter(kind=Message.Kind.TEST, state=Message.State.QUEUED):
        message.cancel()
