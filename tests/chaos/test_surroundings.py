"""Database, disk, clock and keys fail under a running panel, or go back to yesterday. Only `make chaos` runs this."""

import contextlib
import os
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from supervisor.clock_watch import in_words
from tests.chaos.figures import Figures, Table
from tests.chaos.stage import PATIENCE, Stage, peers_of, stage_on
from tests.panel import Panel
from tests.smtp_sink import SmtpSink
from tests.waiting import wait_until

MAILS = 60
# How long something is away.
AWAY = 20
# Read by every Python process of the panel.
CLOCK = Path(__file__).parent / "clock"


def report_through(stage: Stage, harm: Callable[[], None]) -> int:
    """Report MAILS deployments while `harm` is done; how often a report was refused."""
    refused: list[int] = []
    tool = threading.Thread(target=lambda: refused.append(stage.report_until_accepted(MAILS)))
    tool.start()
    stage.sink.wait_for(MAILS // 10, PATIENCE)
    harm()
    tool.join()
    return refused[0]


def conclude(stage: Stage, what: str, refused: int, began: float, figures: Figures) -> None:
    """Everything arrived once."""
    wait_until(lambda: len(stage.arrived()) >= len(stage.messages), PATIENCE, "every email", every=0.2)
    seconds = time.monotonic() - began
    assert {story["state"] for story in stage.settled()} == {"sent"}
    arrived = stage.arrived()
    copies = arrived.total() - len(arrived)
    figures.add(
        *(Table.SURROUNDINGS, stage.name, what, len(stage.messages), refused, len(arrived), copies, round(seconds))
    )
    assert len(arrived) == len(stage.messages)
    assert copies == 0


class TestDatabase:
    @pytest.fixture(params=["Postgres, Redis"])
    def on_postgres(self, request: pytest.FixtureRequest) -> Iterator[Stage]:
        with stage_on(*peers_of(request), seconds_a_mail=0.05) as stage:
            yield stage

    def test_surroundings_postgres_is_away(self, on_postgres: Stage, figures: Figures) -> None:
        began, postgres = time.monotonic(), on_postgres.postgres
        assert postgres

        def restart() -> None:
            postgres.stop()
            time.sleep(AWAY)
            postgres.start()

        refused = report_through(on_postgres, restart)
        conclude(on_postgres, f"Postgres is stopped for {AWAY} s", refused, began, figures)

    def test_surroundings_sqlite_is_locked(self, figures: Figures) -> None:
        with stage_on(None, None, seconds_a_mail=0.05) as stage:
            began = time.monotonic()

            def lock() -> None:
                with contextlib.closing(sqlite3.connect(stage.panel.data / "mailadmin.sqlite3", timeout=30)) as other:
                    other.execute("BEGIN IMMEDIATE")
                    time.sleep(2 * AWAY)

            refused = report_through(stage, lock)
            what = f"another program holds SQLite's write lock for {2 * AWAY} s"
            conclude(stage, what, refused, began, figures)


class TestDisk:
    @pytest.mark.skipif(os.geteuid() != 0, reason="a small file system can only be mounted by root")
    def test_surroundings_disk_is_full(self, tmp_path: Path, figures: Figures) -> None:
        data = tmp_path / "data"
        data.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", data], check=True)
        try:
            with ExitStack() as stack:
                stage = stack.enter_context(stage_in(data))
                began = time.monotonic()
                refused = report_through(stage, lambda: fill(data))
                conclude(stage, f"the disk is full for {AWAY} s", refused, began, figures)
                assert refused
        finally:
            subprocess.run(["umount", "--lazy", data], check=True)


@contextlib.contextmanager
def stage_in(data: Path, **env: str) -> Iterator[Stage]:
    with SmtpSink() as sink, Panel(data, CAPTURE_INBOX="off", **env) as panel:
        panel.use(sink, total_timeout=30)
        panel.sign_in_tool()
        yield Stage(panel, sink)


def fill(folder: Path) -> None:
    ballast = folder / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    time.sleep(AWAY)
    ballast.unlink()


class TestClock:
    @pytest.mark.parametrize("jump", [timedelta(hours=-1), timedelta(days=-10), timedelta(days=10)], ids=str)
    def test_surroundings_clock_is_set(self, jump: timedelta, tmp_path: Path, figures: Figures) -> None:
        setting = tmp_path / "clock"
        setting.write_text("0")
        env = {"CHAOS_CLOCK": str(setting), "PYTHONPATH": str(CLOCK)}
        with stage_on(None, None, seconds_a_mail=0.05, **env) as stage:
            began = time.monotonic()
            refused = report_through(stage, lambda: setting.write_text(str(jump.total_seconds())) and None)
            direction = "ahead" if jump > timedelta() else "back"
            conclude(
                stage, f"the clock is set {direction} by {in_words(jump.total_seconds())}", refused, began, figures
            )


class TestKeys:
    def test_surroundings_key_is_lost_and_found(self, tmp_path: Path, figures: Figures) -> None:
        with SmtpSink(users={"ops": "a-good-password"}) as sink:
            with Panel(tmp_path, CAPTURE_INBOX="off") as panel:
                panel.use(sink, user="ops", password="a-good-password", allow_clear_password=True, total_timeout=30)
                panel.sign_in_tool()
                stage = Stage(panel, sink)
                began = time.monotonic()
                stage.report(MAILS // 2)
                stage.sink.wait_for(MAILS // 2, PATIENCE)
            panel.env["FERNET_KEYS"] = "another-key-0123456789-abcdefghijklmnopqrstuvwxyz"
            with panel:
                stage.report(MAILS // 2)
                held = "from notifications.models import MailServerState as S; print(S.load().held_reason)"
                wait_until(lambda: panel.shell(held) == "secret", PATIENCE, "the hold that names the secret", every=1)
                assert len(sink.mails) == MAILS // 2
            del panel.env["FERNET_KEYS"]
            with panel:
                probe = "from notifications.models import MailServerState as S; S.load().try_now()"
                panel.shell(probe)
                conclude(stage, "FERNET_KEYS is lost, and found after two restarts", 0, began, figures)


class TestRestore:
    def test_surroundings_yesterdays_backup_is_restored(self, tmp_path: Path, figures: Figures) -> None:
        """What waited at the time of the backup was sent since, so that nothing of it may go out again by itself."""
        with SmtpSink() as sink, Panel(tmp_path, CAPTURE_INBOX="off") as panel:
            panel.use(sink, total_timeout=30)
            panel.sign_in_tool()
            stage = Stage(panel, sink)
            began = time.monotonic()
            panel.shell("from notifications.models import Safety; Safety.objects.update(paused=True)")
            stage.report(MAILS)
            panel.manage("backup", "--to", str(tmp_path / "archives"))
            stage.release()
            stage.sink.wait_for(MAILS, PATIENCE)
            panel.stop()
            (archive,) = (tmp_path / "archives").iterdir()
            panel.manage("restore", str(archive))
            panel.start()
            panel.shell("from notifications.models import Safety; Safety.objects.update(paused=False)")
            # The workers look every five seconds.
            time.sleep(AWAY)
            assert len(sink.mails) == MAILS
            discard = (
                "from notifications.delivery.restore_decision import Choice, Decision, decide; "
                "print(decide(Decision(Choice.DISCARD), by=None))"
            )
            panel.shell(discard)
            time.sleep(AWAY)
            arrived = stage.arrived()
            seconds = round(time.monotonic() - began)
            what = f"a backup with {MAILS} emails waiting that were sent since; an administrator discards them"
            figures.add(
                *(Table.SURROUNDINGS, stage.name, what, MAILS, 0, len(arrived), arrived.total() - MAILS, seconds)
            )
            assert (len(arrived), arrived.total()) == (MAILS, MAILS)
