"""An import lets others write while it is checked, and notices what they wrote."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError
from django.db import connection

from notifications.models import AuditEvent, MailServerSettings, Notification, Safety
from tests.base import a_notification, use_smtp
from tests.commands.config_file import load

pytestmark = pytest.mark.django_db(transaction=True)

ONE = '[[notifications]]\nname = "Notification {number}"\nto = ["ops@peer.test"]\nname_glob = "*Lab {number}*"\n'
SAFETY = "[safety]\nallowed_domains = ['contoso.test']\n"
SERVER = "[mail_server.basic]\nserver = 'mail.contoso.test:25'\nsecurity = 'none'\nsender = 'a@contoso.test'\n"


def elsewhere(work: Callable[[], object]) -> None:
    """In a thread, and so over a connection of its own."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(30)
    assert not thread.is_alive(), "somebody else could not write"


@contextmanager
def before_each_store(work: Callable[[], object], times: int = 1) -> Iterator[None]:
    """Somebody else does `work` right before the import stores something, the first `times` that it tries."""
    left = [times]

    def hook(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        # SQLite's transaction begins with a statement; PostgreSQL's first one sees what was committed before it.
        begins = sql.startswith("BEGIN") if connection.vendor == "sqlite" else is_first_of_its_transaction()
        if begins and left[0]:
            left[0] -= 1
            elsewhere(work)
        return execute(sql, params, many, context)

    seen: list[object] = []

    def is_first_of_its_transaction() -> bool:
        block = id(connection.run_on_commit) if connection.in_atomic_block else None
        is_first = block is not None and block not in seen
        seen[:] = [block]
        return is_first

    with connection.execute_wrapper(hook):
        yield
    assert not left[0], "nothing was stored"


def test_others_can_write_until_everything_is_checked(tmp_path: Path) -> None:
    checked: list[int] = []

    def write() -> None:
        Safety.objects.update(reroute_to="")
        checked.append(1)

    with before_each_store(write):
        load(tmp_path, "".join(ONE.format(number=number) for number in range(30)))
    assert checked
    assert Notification.objects.count() == 30


def test_storing_one_more_notification_takes_few_queries(tmp_path: Path) -> None:
    def queries(numbers: range) -> int:
        count = [0]

        def hook(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
            count[0] += connection.in_atomic_block
            return execute(sql, params, many, context)

        with connection.execute_wrapper(hook):
            load(tmp_path, "".join(ONE.format(number=number) for number in numbers))
        return count[0]

    few, more = queries(range(10)), queries(range(100, 140))
    assert (more - few) / 30 <= 6


@pytest.mark.parametrize("is_new", [True, False])
def test_a_notification_saved_meanwhile_ends_as_the_file_says(tmp_path: Path, is_new: bool) -> None:
    if not is_new:
        a_notification(name="Notification 1", name_glob="old")

    def save() -> None:
        if is_new:
            a_notification(name="Notification 1", name_glob="theirs")
        else:
            Notification.objects.filter(name="Notification 1").update(name_glob="theirs", version=1)

    with before_each_store(save):
        assert "Notification 1 is updated" in load(tmp_path, ONE.format(number=1))
    assert Notification.objects.get().name_glob == "*Lab 1*"


def test_what_was_unchanged_and_is_changed_meanwhile_ends_as_the_file_says(tmp_path: Path) -> None:
    load(tmp_path, ONE.format(number=1))

    def save() -> None:
        Notification.objects.update(name_glob="theirs", version=1)

    with before_each_store(save):
        assert "Notification 1 is updated" in load(tmp_path, ONE.format(number=1))


def test_a_mail_server_and_a_safety_saved_meanwhile_end_as_the_file_says(tmp_path: Path) -> None:
    def save() -> None:
        use_smtp(host="theirs.contoso.test", port=26)
        Safety.load().change({"paused": True})

    with before_each_store(save):
        load(tmp_path, SERVER + SAFETY)
    assert MailServerSettings.load().basic_host == "mail.contoso.test"
    assert (Safety.load().paused, Safety.load().allowed_domains) == (False, ["contoso.test"])


def test_somebody_who_saves_each_time_wins_and_nothing_is_changed(tmp_path: Path) -> None:
    def save() -> None:
        saved = MailServerSettings.load()
        saved.save_version({"basic_host": f"theirs-{saved.version}.contoso.test"}, seen=saved.version)

    with (
        before_each_store(save, times=3),
        pytest.raises(CommandError, match="Somebody else changed the configuration at the same time"),
    ):
        load(tmp_path, SERVER + SAFETY + ONE.format(number=1))
    assert MailServerSettings.load().basic_host == "theirs-2.contoso.test"
    assert not Notification.objects.exists()
    assert Safety.load().allowed_domains == []
    assert not AuditEvent.objects.filter(action="configuration_loaded").exists()
