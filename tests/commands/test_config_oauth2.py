"""OAuth2 mode in the configuration file."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError

from notifications.models import MailServerSettings
from tests.commands.config_file import export, load
from tests.oauth.lab import providers_file

pytestmark = pytest.mark.django_db

EXAMPLE = """
[mail_server]
active = "oauth2"
[mail_server.oauth2]
provider = "microsoft"
cloud = "gcc-high"
client_id = "0a1b2c3d-0000-0000-0000-000000000000"
tenant_id = "contoso.com"
client_secret = { env = "OAUTH_SECRET" }
redirect_uri = "https://panel.example.com/mail-server/oauth/callback"
sign_in_as = "robot@example.com"
sender = "Deployments <deploy@example.com>"
"""
SECRET = "correct~horse~battery"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OAUTH_SECRET", SECRET)
    return tmp_path


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(CommandError) as caught:
        load(folder, text)
    assert MailServerSettings.load().version == 0
    assert SECRET not in str(caught.value)
    return str(caught.value)


def test_the_example_becomes_what_is_set(folder: Path) -> None:
    load(folder, EXAMPLE)
    saved = MailServerSettings.load()
    assert (saved.active_mode, saved.oauth2_provider, saved.oauth2_cloud) == ("oauth2", "microsoft", "gcc-high")
    assert (saved.oauth2_tenant_id, saved.oauth2_client_secret) == ("contoso.com", SECRET)
    assert (saved.oauth2_sign_in_as, saved.oauth2_sender) == ("robot@example.com", "Deployments <deploy@example.com>")
    assert (saved.oauth2_port, saved.oauth2_pace) == (None, "exchange_online")


def test_the_rest_may_be_said_too(folder: Path) -> None:
    limits = 'port = 2525\nsecurity = "tls"\nconnect_timeout = 5\ntotal_timeout = 60\npace = "unlimited"\n'
    limits += "most_recipients = 50\n"
    load(folder, EXAMPLE + limits)
    saved = MailServerSettings.load()
    assert (saved.oauth2_port, saved.oauth2_security, saved.oauth2_pace) == (2525, "tls", "unlimited")
    assert (saved.oauth2_connect_timeout, saved.oauth2_total_timeout, saved.oauth2_most_recipients) == (5, 60, 50)


def test_a_second_time_changes_nothing(folder: Path) -> None:
    load(folder, EXAMPLE)
    assert "unchanged" in load(folder, EXAMPLE)


def test_the_export_has_no_secret_and_reads_back_as_the_same(folder: Path) -> None:
    load(folder, EXAMPLE)
    text = export()
    assert SECRET not in text
    assert "client_secret" not in tomllib.loads(text)["mail_server"]["oauth2"]
    assert "unchanged" in load(folder, text)
    assert MailServerSettings.load().oauth2_client_secret == SECRET


def test_an_addition_of_the_operators_is_taken(folder: Path, tmp_path: Path, settings: Any) -> None:
    table = {"login_host": "https://localhost:8453", "smtp_host": "localhost", "smtp_scope": "https://x/SMTP.Send"}
    providers_file(tmp_path, settings, microsoft=table)
    load(folder, EXAMPLE.replace('"microsoft"', '"microsoft.lab"').replace('cloud = "gcc-high"\n', ""))
    assert tomllib.loads(export())["mail_server"]["oauth2"]["provider"] == "microsoft.lab"


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("client_id =", "clientid =", "mail_server.oauth2.clientid: is not known here"),
        ("gcc-high", "moon", "mail_server.oauth2.cloud: "),
        ('"microsoft"', '"microsoft.lab"', "mail_server.oauth2.provider: "),
        ('{ env = "OAUTH_SECRET" }', f'"{SECRET}"', "mail_server.oauth2.client_secret: a secret does not belong"),
        ("https://panel.example.com", "http://panel.example.com", "mail_server.oauth2.redirect_uri: "),
        ("contoso.com", "../common", "mail_server.oauth2.tenant_id: "),
        ("robot@example.com", "robot@example.com\\u0001auth=Bearer x", "mail_server.oauth2.sign_in_as: "),
    ],
)
def test_what_does_not_fit_is_named_by_its_path(folder: Path, old: str, new: str, path: str) -> None:
    assert path in refusal(folder, EXAMPLE.replace(old, new))


def test_a_mode_without_values_cannot_be_active(folder: Path) -> None:
    assert "OAuth2 is not set up" in refusal(folder, '[mail_server]\nactive = "oauth2"\n')


def test_the_saved_secret_is_not_carried_to_another_cloud(folder: Path) -> None:
    load(folder, EXAMPLE)
    moved = EXAMPLE.replace("gcc-high", "china").replace('client_secret = { env = "OAUTH_SECRET" }\n', "")
    with pytest.raises(CommandError, match=r"mail_server\.oauth2\.client_secret: .*the cloud was changed"):
        load(folder, moved)
