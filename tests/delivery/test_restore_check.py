"""A database that was restored is noticed before an email of it goes out a second time."""

import json
import os
import shutil
from pathlib import Path

import pytest
from django.conf import settings as environment
from django.db import connection
from django.utils import timezone

from notifications.delivery import data_mark, restore_check
from notifications.delivery.journal import Journal
from notifications.delivery.process import this_process
from notifications.delivery.restore_check import CUT_OFF, check_for_restore, keep_mark
from notifications.delivery.result import SendResult
from notifications.delivery.retry import MOST_CRASHES
from notifications.delivery.sender import send_due
from notifications.delivery.sweep import replay
from notifications.models import (
    Attempt,
    AuditEvent,
    BulkJob,
    MailServerState,
    Message,
    Recipient,
    Restoration,
)
from tests.base import a_message, begin_attempt, use_smtp
from tests.smtp_sink import SmtpSink

pytestmark = pytest.mark.django_db
# A server's database is used from many folders.
COPIED = "copied" if connection.vendor == "sqlite" else ""


@pytest.fixture
def folder(tmp_path: Path, settings: object, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder without a mark, in a process that has not checked anything."""
    settings.DATA_DIR = tmp_path  # type: ignore[attr-defined]
    settings.JOURNAL_DIR = tmp_path / "journal"  # type: ignore[attr-defined]
    monkeypatch.setattr(restore_check, "_checked", set())
    return tmp_path


def used(marks: int = 3) -> None:
    """A panel that has run for so many minutes and has an email."""
    a_message()
    for _ in range(marks):
        Restoration.objects.update(marks=Restoration.load().marks + 1)
        data_mark.write(environment.DATA_DIR, str(Restoration.load().identity), Restoration.load().marks)


def noticed() -> str:
    check_for_restore()
    return Restoration.load().sign


class TestNotices:
    def test_nothing_in_a_new_installation(self, folder: Path) -> None:
        assert noticed() == ""
        keep_mark()
        assert noticed() == ""

    def test_nothing_after_an_upgrade_from_a_version_without_marks(self, folder: Path) -> None:
        a_message()
        assert noticed() == ""

    def test_nothing_in_every_next_start(self, folder: Path) -> None:
        used()
        assert noticed() == ""

    def test_a_database_with_fewer_marks_than_the_file(self, folder: Path) -> None:
        used(marks=5)
        Restoration.objects.update(marks=4)
        assert noticed() == "older"

    def test_what_the_restore_command_left(self, folder: Path) -> None:
        a_message()
        (folder / restore_check.RESTORED_FILE).write_text("{}")
        assert noticed() == "command"
        assert list(folder.iterdir()) == [folder / data_mark.FILE]

    def test_a_database_in_a_folder_that_never_had_one(self, folder: Path) -> None:
        used()
        (folder / data_mark.FILE).unlink()
        assert noticed() == COPIED

    def test_a_folder_that_was_copied_as_a_whole(
        self, folder: Path, settings: object, tmp_path_factory: object
    ) -> None:
        used()
        copy = folder.with_name(f"{folder.name}-copy")
        shutil.copytree(folder, copy)
        settings.DATA_DIR = copy  # type: ignore[attr-defined]
        assert noticed() == COPIED

    def test_another_database_in_the_place_of_the_one_before(self, folder: Path) -> None:
        data_mark.write(folder, "11111111-2222-3333-4444-555555555555", 9)
        a_message()
        assert noticed() == COPIED

    def test_nothing_where_the_database_was_replaced_by_an_empty_one(self, folder: Path) -> None:
        data_mark.write(folder, "11111111-2222-3333-4444-555555555555", 9)
        assert noticed() == ""
        assert json.loads((folder / data_mark.FILE).read_text())["identity"] == str(Restoration.load().identity)

    def test_a_restore_once_on_all_machines(self, folder: Path, settings: object) -> None:
        used(marks=9)
        here, other = folder, folder / "other"
        other.mkdir()
        data_mark.write(other, str(Restoration.load().identity), 10)
        Restoration.objects.update(marks=2)
        assert noticed() == "older"
        Restoration.lock().end()
        settings.DATA_DIR = other  # type: ignore[attr-defined]
        assert noticed() == ""
        settings.DATA_DIR = here  # type: ignore[attr-defined]
        assert noticed() == ""

    def test_a_second_restore_of_the_same_backup(self, folder: Path) -> None:
        used(marks=9)
        for _ in range(2):
            Restoration.objects.update(marks=2, noticed_at=None, sign="")
            assert noticed() == "older"

    @pytest.mark.parametrize("content", ["", "[]", "{", '{"identity": 1}', '{"marks": "x"}'])
    def test_nothing_by_a_file_that_cannot_be_read_in_a_new_installation(self, folder: Path, content: str) -> None:
        (folder / data_mark.FILE).write_text(content)
        assert noticed() == ""

    def test_and_goes_on_where_the_folder_is_not_there(self, folder: Path, settings: object) -> None:
        settings.DATA_DIR = folder / "away"  # type: ignore[attr-defined]
        assert noticed() == ""


class TestMark:
    def test_advances_in_the_database_first(self, folder: Path) -> None:
        keep_mark()
        assert (Restoration.load().marks, mark().marks) == (1, 1)
        # The database is ahead after a crash between the two.
        Restoration.objects.update(marks=2)
        assert noticed() == ""

    def test_advances_once_a_minute_for_all_processes(self, folder: Path) -> None:
        for _ in range(3):
            keep_mark()
        assert mark().marks == 1
        for late in (-70, 3600):
            at = os.stat(folder / data_mark.FILE).st_mtime + late
            os.utime(folder / data_mark.FILE, (at, at))
            keep_mark()
        assert mark().marks == 3

    def test_is_for_the_panels_own_user(self, folder: Path) -> None:
        keep_mark()
        assert (folder / data_mark.FILE).stat().st_mode & 0o777 == 0o600


def mark() -> data_mark.DataMark:
    found = data_mark.read(environment.DATA_DIR)
    assert found
    return found


class TestHold:
    def test_begins_before_the_first_email_is_sent(self, folder: Path) -> None:
        with SmtpSink() as sink:
            use_smtp(sink)
            used()
            Restoration.objects.update(marks=1)
            assert send_due() == 0
            assert sink.mails == []
        assert Restoration.load().is_pending
        event = AuditEvent.objects.get(action="restore_noticed")
        assert "the database is older" in event.subject

    def test_lets_tests_go(self, folder: Path) -> None:
        with SmtpSink() as sink:
            use_smtp(sink)
            restore_check.hold(Restoration.Sign.DECLARED)
            a_message(kind=Message.Kind.TEST)
            waiting = a_message()
            send_due()
            assert len(sink.mails) == 1
        waiting.refresh_from_db()
        assert waiting.state == "queued"

    def test_lets_no_probe_go(self, folder: Path) -> None:
        with SmtpSink() as sink:
            use_smtp(sink)
            message = a_message()
            state = MailServerState.load()
            state.hold("sign_in", "535", "no")  # type: ignore[arg-type]
            state.try_now()
            restore_check.hold(Restoration.Sign.DECLARED)
            assert (send_due(), send_due(message.pk), sink.mails) == (0, 0, [])

    def test_ends_attempts_that_the_backup_caught_without_counting_them(self, folder: Path) -> None:
        messages = [a_message(), a_message(kind=Message.Kind.TEST)]
        for message in messages:
            begin_attempt(message, mode="basic", settings_version=1, worker="gone:1-ab")
        restore_check.hold(Restoration.Sign.DECLARED)
        for message in messages:
            message.refresh_from_db()
        assert [message.state for message in messages] == ["queued", "cancelled"]
        attempts = Attempt.objects.values_list("outcome", "text", "lost_worker")
        assert list(attempts) == [("ambiguous", CUT_OFF, True)] * 2
        assert MOST_CRASHES > 2

    def test_stops_work_on_many_emails(self, folder: Path) -> None:
        job = BulkJob.objects.create(kind="resend", total=5)
        restore_check.hold(Restoration.Sign.DECLARED)
        job.refresh_from_db()
        assert (job.is_finished, job.ended_early) == (True, "a backup was restored")

    def test_knows_what_the_backup_had_and_how_old_it_is(self, folder: Path) -> None:
        swept = timezone.now()
        MailServerState.objects.update(swept_at=swept)
        message = a_message()
        restore_check.hold(Restoration.Sign.DECLARED)
        row = Restoration.load()
        assert (row.last_message, row.data_from) == (message.pk, swept)


def test_a_journal_of_before_the_restore_says_nothing_about_new_attempts(folder: Path) -> None:
    """A restored database gives the same numbers again."""
    message = a_message()
    attempt = begin_attempt(message, mode="basic", settings_version=1, worker=this_process().name)
    assert attempt
    journal = Journal(folder / "journal", "killed_host:12-abcd")
    journal.write(attempt.pk, SendResult({}))
    journal.close()
    replay()
    attempt.refresh_from_db()
    assert attempt.finished_at is None
    assert Recipient.objects.get(message=message).outcome == "pending"
