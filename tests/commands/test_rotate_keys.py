"""manage.py rotate_keys and doctor, in processes of their own where a kill is due."""

import signal
import subprocess
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from notifications.models import BrowserSession
from tests.base import a_message, use_smtp
from tests.installation import Installation
from tests.keys import UseKeys, new_key
from tests.keys import use_keys as use_keys  # a fixture
from tests.waiting import wait_until

OLD, NEW, STRANGE = new_key(), new_key(), new_key()
MAILS = 4000
ONE_BATCH_OCTETS = 1_000_000
FILL = f"""
from notifications.models import Message
from notifications.models import BrowserSession
from tests.base import a_message, use_smtp
use_smtp(host="mail.contoso.test", port=25, password="secret7")
one = a_message()
Message.objects.bulk_create(
    Message(kind="test", subject=str(number), content=b"", internet_message_id="x", draft_server=f"draft {{number}}")
    for number in range({MAILS})
)
"""
READ = """
from collections import Counter
from notifications.keyring import survey
print({found.name: count for found, count in Counter(secret.opens for secret in survey()).items()})
"""


def run(command: str) -> str:
    out = StringIO()
    call_command(command, stdout=out)
    return out.getvalue()


@pytest.mark.django_db
class TestTheCommand:
    def test_says_when_the_older_keys_can_go(self, use_keys: UseKeys) -> None:
        use_keys(OLD)
        use_smtp(host="mail.contoso.test", port=25, password="secret7")
        use_keys(NEW, OLD)
        said = run("rotate_keys")
        assert "encrypted with the newest key, 0 had it already" in said
        assert "the others can go" in said

    def test_fails_when_it_could_not_read_something(self, use_keys: UseKeys) -> None:
        use_keys(OLD)
        use_smtp(host="mail.contoso.test", port=25, password="secret7")
        use_keys(STRANGE)
        with pytest.raises(CommandError, match="MailServerSettings: basic_password: enter it again"):
            run("rotate_keys")


@pytest.mark.django_db
class TestTheDoctor:
    def told(self) -> str:
        out = StringIO()
        with pytest.raises(CommandError, match="attention"):
            call_command("doctor", stdout=out)
        return out.getvalue()

    def test_names_what_no_key_opens(self, use_keys: UseKeys) -> None:
        use_keys(OLD)
        use_smtp(host="mail.contoso.test", port=25, password="secret7")
        use_keys(STRANGE)
        said = self.told()
        assert "WRONG  secret:        MailServerSettings: basic_password (1) cannot be read" in said
        assert "enter it again under Options" in said
        assert "secret7" not in said

    def test_is_content_once_a_lost_secret_was_entered_again(self, use_keys: UseKeys) -> None:
        use_keys(OLD)
        saved = use_smtp(host="mail.contoso.test", port=25, user="ops", password="secret7")
        use_keys(STRANGE)
        saved.save_version({"basic_password": "secret8"}, seen=saved.version)
        said = self.told()
        assert "cannot be read" not in said
        assert "ok     secrets:       the newest key opens all 1" in said

    def test_says_that_no_secret_is_saved(self) -> None:
        use_smtp(host="mail.contoso.test", port=25)
        assert "ok     secrets:       none is saved" in self.told()

    def test_is_not_troubled_by_what_comes_back_by_itself(self, use_keys: UseKeys) -> None:
        use_keys(OLD)
        for number in range(3):
            a_message(draft_server=f"draft {number}")
        a_message()
        use_keys(STRANGE)
        assert "ok     secret:        Message: draft_server (3) cannot be read" in self.told()

    def test_asks_for_a_rotation_when_an_older_key_is_in_use(self, use_keys: UseKeys) -> None:
        use_keys(OLD)
        use_smtp(host="mail.contoso.test", port=25, password="secret7")
        use_keys(NEW, OLD)
        assert "run manage.py rotate_keys" in self.told()

    def test_misses_a_table_that_its_migration_should_have_made(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE {BrowserSession._meta.db_table}")
        assert "WRONG  tables:        notifications_browsersession not there" in self.told()

    def test_tells_of_a_worker_that_was_never_seen(self) -> None:
        said = self.told()
        assert "WRONG  worker:" in said
        assert "ok     tables:" in said


def test_killed_midway_it_loses_nothing_and_goes_on_from_there(tmp_path: Path) -> None:
    here = Installation(tmp_path / "data")
    here.manage(OLD, "migrate", "--verbosity", "0")
    here.manage(OLD, "shell", "--verbosity", "0", "--command", FILL)
    kill_after_its_first_batch(here.start(f"{NEW},{OLD}", "rotate_keys"), here)
    half = opens(here, f"{NEW},{OLD}")
    assert half["NEWEST"]
    assert half["OLDER"]
    assert "NONE" not in half
    said = here.manage(f"{NEW},{OLD}", "rotate_keys")
    assert f"{half['OLDER']} encrypted with the newest key, {half['NEWEST']} had it already" in said
    assert set(opens(here, NEW)) == {"NEWEST"}


def opens(here: Installation, keys: str) -> dict[str, int]:
    found: dict[str, int] = eval(here.manage(keys, "shell", "--verbosity", "0", "--command", READ))
    return found


def kill_after_its_first_batch(process: subprocess.Popen[str], here: Installation) -> None:
    """The journal holds more than one batch writes, and less than all of them do."""
    journal = Path(here.env["MAILADMIN_DATA"]) / "mailadmin.sqlite3-wal"
    wait_until(lambda: journal.exists() and journal.stat().st_size > ONE_BATCH_OCTETS, 60, "a batch", every=0.001)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=20)
    assert process.returncode == -signal.SIGKILL, "it was over before it could be killed"
