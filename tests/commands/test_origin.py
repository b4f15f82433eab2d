"""What is done by a command says so in the audit."""

from pathlib import Path

from tests.installation import Installation
from tests.keys import new_key

TOLD = """
from notifications.models import AuditEvent
for event in AuditEvent.objects.order_by("id"):
    print(f"{event} | {event.origin}")
"""


def test_each_command_is_named_as_where_a_change_came_from(tmp_path: Path) -> None:
    here, old, new = Installation(tmp_path / "data"), new_key(), new_key()
    here.env["DJANGO_SUPERUSER_PASSWORD"] = new_key()
    here.manage(old, "migrate", "--verbosity", "0")
    here.manage(old, "createsuperuser", "--no-input", "--username", "ada", "--email", "ada@contoso.test")
    here.manage(old, "create_token", "Jenkins")
    here.manage(
        old, "shell", "--verbosity", "0", "--command", "from tests.base import use_smtp; use_smtp(password='x')"
    )
    here.manage(f"{new},{old}", "rotate_keys")
    told = here.manage(new, "shell", "--verbosity", "0", "--command", TOLD).splitlines()
    assert told[0] == "Account made: ada, administrator | manage.py createsuperuser"
    assert told[1].startswith("API token made: Jenkins")
    assert told[1].endswith("| manage.py create_token")
    assert told[-1].startswith("Secrets encrypted with a new key: ")
    assert told[-1].endswith("| manage.py rotate_keys")
