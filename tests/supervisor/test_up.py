"""The whole panel with its real processes."""

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.panel import Panel
from tests.smtp_sink import SmtpSink
from tests.supervisor.processes import alive, descendants
from tests.waiting import wait_until

PROGRAMS = ("broker", "inbox", "worker", "web")


@pytest.fixture(scope="module")
def shared() -> Iterator[Panel]:
    """For tests that leave the panel as it was."""
    with Panel() as panel:
        yield panel


@pytest.fixture
def panel() -> Iterator[Panel]:
    with Panel() as panel:
        yield panel


def said(panel: Panel, text: str) -> None:
    wait_until(lambda: any(text in line for line in panel.output), 30, f"{text!r} among the printed lines")


def sends_a_mail(panel: Panel) -> bool:
    """From a report to the capture inbox."""
    panel.sign_in_tool()
    panel.shell("from tests.base import a_notification; a_notification()")
    (uuid,) = panel.report(1)["messages"]
    wait_until(lambda: panel.message(uuid)["state"] == "sent", 60, "a mail sent")
    return any((panel.data / "inbox" / "new").iterdir())


def mode(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


def test_all_of_its_processes_run(shared: Panel) -> None:
    assert all(shared.pid(name) for name in PROGRAMS)


def test_says_where_it_is_ready(shared: Panel) -> None:
    said(shared, f"Ready at {shared.url}/")


def test_data_is_for_its_own_user_alone(shared: Panel) -> None:
    modes = {name: mode(shared.data / name) for name in ("keys.env", "mailadmin.sqlite3", "lock", "run/broker.sock")}
    assert modes.pop("run/broker.sock") == "0o700"
    assert set(modes.values()) == {"0o600"}
    assert {mode(shared.data / name) for name in ("run", "broker")} == {"0o700"}


def test_the_broker_listens_on_no_network_port(shared: Panel) -> None:
    assert shared.broker().config_get("port") == {"port": "0"}


def test_the_broker_is_told_no_secret(shared: Panel) -> None:
    assert Path(f"/proc/{shared.pid('broker')}/environ").read_bytes() == b""


def test_a_second_start_is_refused_and_told_where_the_first_one_runs(shared: Panel) -> None:
    second = subprocess.run(
        shared.process.args, env=shared.env, cwd=Path.cwd(), capture_output=True, text=True, timeout=60, check=False
    )
    assert second.returncode == 1
    assert f"runs already, at {shared.url}" in second.stderr


def test_a_command_in_another_shell_finds_the_broker(shared: Panel) -> None:
    printed = shared.shell("from mailadmin.celery import app; print(app.connection().ensure_connection().connected)")
    assert printed.endswith("True")


def test_a_fresh_mail_server_points_at_the_capture_inbox(shared: Panel) -> None:
    saved = "from notifications.models import MailServerSettings as S; s = S.load()"
    port = shared.shell(f"{saved}; print(s.basic_host, s.basic_port)").split()[-1]
    assert port == (shared.data / "inbox-port").read_text()


def test_the_setup_link_is_shown_until_there_is_a_user(panel: Panel) -> None:
    assert panel.setup_link.startswith(f"{panel.url}/setup/")
    panel.env |= {"DJANGO_SUPERUSER_PASSWORD": "correct horse battery staple"}
    panel.manage("createsuperuser", "--noinput", "--username", "ada", "--email", "ada@contoso.test")
    panel.stop()
    panel.output.clear()
    panel.start()
    said(panel, "Ready at")
    panel.stop()
    assert not any("/setup/" in line for line in panel.output)


class Impatient(Panel):
    """Takes a fifth of a second for too long, as a slow machine takes a minute."""

    program = (
        sys.executable,
        "-c",
        "import manage; from supervisor import panel; panel.WEB_START_LIMIT = 0.2; manage.main()",
    )


def test_a_slow_start_still_shows_the_setup_link() -> None:
    with Impatient() as panel:
        link = panel.setup_link
        said(panel, "Still waiting.")
        assert panel.http.get(link, timeout=30).status_code == 200


def test_a_clean_stop_leaves_nothing_behind(panel: Panel) -> None:
    assert all(panel.pid(name) for name in PROGRAMS)
    processes = descendants(panel.process.pid)
    panel.process.terminate()
    assert panel.process.wait(60) == 0
    assert not alive(processes)
    assert {path.name for path in (panel.data / "run").iterdir()} == set()


def test_a_mail_on_its_way_is_finished_before_the_stop(panel: Panel) -> None:
    with SmtpSink().on("DATA", delay=4) as server:
        panel.shell(
            f"from tests.base import *; s = type('S', (), dict(host='127.0.0.1', port={server.port})); use_smtp(s)"
        )
        panel.sign_in_tool()
        panel.shell("from tests.base import a_notification; a_notification()")
        panel.report(1)
        wait_until(lambda: "DATA" in server.commands, 30, "a mail on its way")
        panel.process.terminate()
        assert panel.process.wait(60) == 0
        assert len(server.mails) == 1
    attempts = "from notifications.models import Attempt; print(*Attempt.objects.values_list('outcome', flat=True))"
    assert panel.shell(attempts) == "accepted"


def test_killing_the_supervisor_leaves_no_process_and_nothing_in_the_way(panel: Panel) -> None:
    wait_until(lambda: len(descendants(panel.process.pid)) > len(PROGRAMS) + 2)
    processes = descendants(panel.process.pid)
    panel.kill()
    wait_until(lambda: not alive(processes), 5, "the end of every process")
    panel.output.clear()
    panel.start()
    said(panel, "Ready at")


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_dies_takes_its_own_with_it_and_is_started_again(shared: Panel, name: str) -> None:
    before = shared.pid(name)
    wait_until(lambda: name not in ("worker", "web") or len(descendants(before)) >= 2, 30, "its own processes")
    processes = descendants(before)
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: not alive(processes), 5, "the end of its own processes")
    said(shared, f"{name:<7}| was killed by SIGKILL; it starts again in 1 s")
    wait_until(lambda: shared.pid(name) not in (0, before), 30, f"a new {name}")


def test_mail_goes_out_after_all_of_them_died(shared: Panel) -> None:
    wait_until(shared.is_ready, 30, "the new web process")
    assert sends_a_mail(shared)


def test_a_journal_that_the_broker_refuses_is_put_aside(panel: Panel) -> None:
    panel.stop()
    (journal,) = (panel.data / "broker" / "appendonlydir").glob("*.manifest")
    journal.write_text("nonsense\n")
    panel.start()
    said(panel, "The broker refused its journal")
    assert (panel.data / "broker.unreadable").exists()


def test_a_folder_with_a_very_long_name_works(tmp_path: Path) -> None:
    data = tmp_path.joinpath(*["a folder with a rather long name"] * 5)
    with Panel(data) as panel:
        said(panel, "Ready at")
        url = (data / "run" / "broker-url").read_text()
        folder = Path(url.removeprefix("redis+socket://").partition("?")[0]).parent
        assert panel.broker().ping()
        assert mode(folder) == "0o700"
    assert not folder.exists()


def test_without_any_broker_mail_goes_through_files() -> None:
    with Panel(BROKER_URL="filesystem://") as panel:
        assert sends_a_mail(panel)
    assert not Path("control").exists()


def test_a_port_in_use_is_named_with_the_way_out() -> None:
    panel = Panel()
    with socket.create_server(("127.0.0.1", panel.port)):
        with pytest.raises(AssertionError, match="the panel ended"):
            panel.start()
        panel.stop()
    assert f"127.0.0.1 port {panel.port} cannot be used: Address already in use" in " ".join(panel.output)


def test_a_weak_key_stops_the_start() -> None:
    panel = Panel(SECRET_KEY="s" * 50, FERNET_KEYS="short")
    with pytest.raises(AssertionError, match="the panel ended"):
        panel.start()
    panel.stop()
    assert "notifications.E003" in " ".join(panel.output)


def test_the_inbox_can_be_turned_off() -> None:
    with Panel(CAPTURE_INBOX="off") as panel:
        said(panel, "The capture inbox is not started: CAPTURE_INBOX is off.")
        assert not (panel.data / "inbox-port").exists()
