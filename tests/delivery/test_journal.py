"""What a server replied survives the process until the database has it."""

import os
from pathlib import Path

import pytest

from notifications.delivery.journal import Journal, journal_files
from notifications.delivery.leases import AttemptLease
from notifications.delivery.result import SendResult
from notifications.delivery.sender import SenderConnection
from notifications.delivery.sweep import sweep
from notifications.models import Message, OpenConnection
from tests.base import a_message, claim, outcomes, use_smtp
from tests.smtp_sink import SmtpSink

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path: Path, settings: object) -> Path:
    settings.JOURNAL_DIR = tmp_path / "journal"  # type: ignore[attr-defined]
    return tmp_path / "journal"


def sent_by(worker: str) -> tuple[Message, int, SendResult]:
    """An email that the server accepted for one recipient and refused for the other, and nobody recorded."""
    message = a_message("one@peer.test", "nouser@peer.test")
    with SmtpSink().on("RCPT", "550 5.1.1 User unknown", address="nouser@") as sink:
        use_smtp(sink)
        claimed = claim(worker)
        assert claimed
        with SenderConnection() as sender:
            result = sender.send(claimed, AttemptLease(claimed.attempt))
    return message, claimed.attempt.pk, result


def test_reply_to_a_killed_process_is_recorded(folder: Path) -> None:
    message, attempt, result = sent_by("dead:1")
    journal = Journal(folder, "dead:1")
    journal.write(attempt, result)
    journal.close()  # the kernel does it for a process that is killed
    sweep()
    assert Message.objects.get(pk=message.pk).state == "partly_sent"
    assert outcomes(message) == {"one@peer.test": "accepted", "nouser@peer.test": "refused"}
    assert message.attempts.get().transcript == result.transcript
    assert list(folder.iterdir()) == []


def test_what_the_killed_process_had_not_finished_is_queued_immediately(folder: Path) -> None:
    message, _, _ = sent_by("dead:1")
    OpenConnection.open("dead:1")
    journal = Journal(folder, "dead:1")
    journal.begin(message.attempts.get().pk)
    journal.close()
    assert sweep() == 1
    attempt = message.attempts.get()
    assert (attempt.outcome, attempt.lost_worker) == ("ambiguous", True)
    assert not OpenConnection.objects.filter(worker="dead:1").exists()


def test_what_the_killed_process_had_not_begun_is_queued_as_if_it_had_not_been_claimed(folder: Path) -> None:
    message, _, _ = sent_by("dead:1")
    Journal(folder, "dead:1").close()
    assert sweep() == 1
    assert not message.attempts.exists()
    found = Message.objects.get(pk=message.pk)
    assert (found.state, found.attempt_count, found.next_attempt_at) == ("queued", 0, message.next_attempt_at)


def test_journal_of_a_living_process_is_its_own(folder: Path) -> None:
    message, attempt, result = sent_by("alive:1")
    journal = Journal(folder, "alive:1")
    journal.write(attempt, result)
    sweep()
    assert Message.objects.get(pk=message.pk).state == "sending"
    journal.close()


def test_living_process_whose_lease_is_over_is_helped(folder: Path) -> None:
    message, attempt, result = sent_by("slow:1")
    journal = Journal(folder, "slow:1")
    journal.write(attempt, result)
    message.attempts.update(lease_expires_at=message.created_at)
    sweep()
    assert Message.objects.get(pk=message.pk).state == "partly_sent"
    journal.close()


def test_line_that_was_cut_off_is_left_out(folder: Path) -> None:
    message, attempt, result = sent_by("dead:1")
    journal = Journal(folder, "dead:1")
    journal.write(attempt, result)
    journal.close()
    (file,) = folder.iterdir()
    file.write_bytes(file.read_bytes() + file.read_bytes()[: -file.stat().st_size // 2])
    sweep()
    assert Message.objects.get(pk=message.pk).state == "partly_sent"


def test_recorded_replies_leave_the_file_empty(folder: Path) -> None:
    journal = Journal(folder, "me")
    for attempt in (1, 2):
        journal.write(attempt, SendResult({}))
    journal.done([1])
    (file,) = folder.iterdir()
    assert file.stat().st_size > 0
    journal.done([2])
    assert file.stat().st_size == 0
    assert file.stat().st_mode & 0o777 == 0o600
    journal.close()


def test_folder_that_cannot_be_written_costs_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("a file is in the way")
    journal = Journal(tmp_path / "journal", "me")
    journal.write(1, SendResult({}))
    journal.done([1])
    journal.close()


def test_lock_of_a_killed_process_is_gone(folder: Path) -> None:
    pid = os.fork()
    if pid == 0:
        Journal(folder, "child")
        os._exit(0)
    os.waitpid(pid, 0)
    with journal_files(folder) as files:
        assert [(file.worker, file.is_orphan) for file in files] == [("child", True)]
