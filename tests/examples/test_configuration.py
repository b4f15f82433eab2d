"""What docs/configuration.md shows can be imported as it stands, and it names every key there is."""

import re
import tomllib
from pathlib import Path

import pytest
import trustme
from django.core.management import call_command

from notifications.configuration.sections import SECTIONS
from notifications.forms.notification import NotificationForm
from notifications.models import MailServerSettings, Notification
from notifications.oauth.providers import KEYS, Kind
from tests.panel import PROJECT

PAGE = (PROJECT / "docs" / "configuration.md").read_text()
SETTINGS, PROVIDERS = re.findall(r"```toml\n(.*?)```", PAGE, re.S)
SECRETS = ("SMTP_PASSWORD", "OAUTH_SECRET", "GRAPH_SECRET")


@pytest.mark.django_db
def test_the_example_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    for name in SECRETS:
        monkeypatch.setenv(name, "secret7")
    file = tmp_path / "all.toml"
    file.write_text(SETTINGS)
    call_command("config", "import", str(file))
    saved = MailServerSettings.load()
    assert all(saved.has_values(mode) for mode in SECTIONS)
    assert Notification.objects.get().throttle_count == 5


@pytest.mark.parametrize("mode", list(SECTIONS))
def test_the_example_has_every_key_of_a_mode(mode: str) -> None:
    section = SECTIONS[mode]
    shown = {section.files.get(key, key) for key in tomllib.loads(SETTINGS)["mail_server"][mode]}
    fields = section.form(saved=MailServerSettings()).fields
    removing = {name for name in fields if name.startswith("clear_")}
    # An answer to a question that only some secrets raise.
    assert shown == fields.keys() - removing - {"blanks"}
    assert '`blanks = "remove"`' in PAGE
    assert all(f"`{name} = true`" in PAGE for name in removing)


def test_every_key_of_a_notification_is_listed() -> None:
    table = PAGE.partition("## The keys of a notification")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert re.findall(r"`(\w+)`", "".join(rows)) == list(NotificationForm.Meta.fields)


def test_the_providers_have_the_keys_that_are_read() -> None:
    shown = {kind: set(providers["lab"]) for kind, providers in tomllib.loads(PROVIDERS).items()}
    assert shown[Kind.MICROSOFT] == KEYS[Kind.MICROSOFT]
    assert shown[Kind.GOOGLE] <= KEYS[Kind.GOOGLE]
