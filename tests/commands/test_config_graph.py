"""Microsoft Graph mode in the configuration file."""

import tomllib
from datetime import date
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
active = "graph"
[mail_server.graph]
cloud = "dod"
client_id = "0a1b2c3d-0000-0000-0000-000000000000"
tenant_id = "contoso.com"
client_secret = { env = "GRAPH_SECRET" }
secret_expires = 2027-05-01
save_to_sent_items = true
sender = "Deployments <deploy@example.com>"
"""
SECRET = "correct~horse~battery"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRAPH_SECRET", SECRET)
    return tmp_path


def exported() -> dict[str, Any]:
    text = export()
    assert SECRET not in text
    return tomllib.loads(text)


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(CommandError) as caught:
        load(folder, text)
    assert MailServerSettings.load().version == 0
    assert SECRET not in str(caught.value)
    return str(caught.value)


def test_the_example_becomes_what_is_set(folder: Path) -> None:
    load(folder, EXAMPLE)
    saved = MailServerSettings.load()
    assert (saved.active_mode, saved.graph_cloud) == ("graph", "dod")
    assert (saved.graph_tenant_id, saved.graph_client_secret) == ("contoso.com", SECRET)
    assert (saved.graph_secret_expires, saved.graph_save_to_sent_items) == (date(2027, 5, 1), True)
    assert (saved.graph_total_timeout, saved.graph_pace) == (90, "graph")


@pytest.mark.parametrize(("line", "most"), [("most_recipients = 1000\n", 1000), ("", 500)])
def test_recipients_per_message_are_read_and_written(folder: Path, line: str, most: int) -> None:
    load(folder, EXAMPLE + line)
    assert MailServerSettings.load().graph_most_recipients == most
    assert exported()["mail_server"]["graph"]["most_recipients"] == most


def test_a_second_time_changes_nothing(folder: Path) -> None:
    load(folder, EXAMPLE)
    assert "unchanged" in load(folder, EXAMPLE)


@pytest.mark.parametrize(("said", "kept"), [("save_to_sent_items = false\n", False), ("", True)])
def test_sent_items_are_written_unless_the_file_says_no(folder: Path, said: str, kept: bool) -> None:
    load(folder, EXAMPLE.replace("save_to_sent_items = true\n", said))
    assert MailServerSettings.load().graph_save_to_sent_items is kept
    assert exported()["mail_server"]["graph"]["save_to_sent_items"] is kept


@pytest.mark.parametrize(
    ("old", "new"), [("= true", "= false"), ("= true", "= true"), ("secret_expires = 2027-05-01\n", "")]
)
def test_the_export_reads_back_as_the_same(folder: Path, old: str, new: str) -> None:
    load(folder, EXAMPLE.replace(old, new))
    assert "client_secret" not in exported()["mail_server"]["graph"]
    assert "unchanged" in load(folder, export())
    assert MailServerSettings.load().graph_client_secret == SECRET


def test_the_day_is_exported_as_a_date(folder: Path) -> None:
    load(folder, EXAMPLE)
    assert exported()["mail_server"]["graph"]["secret_expires"] == date(2027, 5, 1)


def test_an_addition_with_a_graph_host_is_taken(folder: Path, tmp_path: Path, settings: Any) -> None:
    table = {"login_host": "https://localhost:8453", "smtp_host": "localhost", "smtp_scope": "https://x/SMTP.Send"}
    providers_file(tmp_path, settings, microsoft={**table, "graph_host": "https://localhost:8445"})
    load(folder, EXAMPLE.replace('"dod"', '"microsoft.lab"'))
    assert exported()["mail_server"]["graph"]["cloud"] == "microsoft.lab"


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("client_id =", "clientid =", "mail_server.graph.clientid: is not known here"),
        ('"dod"', '"moon"', "mail_server.graph.cloud: "),
        ('"dod"', '"microsoft.lab"', "mail_server.graph.cloud: "),
        ('{ env = "GRAPH_SECRET" }', f'"{SECRET}"', "mail_server.graph.client_secret: a secret does not belong"),
        ("2027-05-01", "5", "mail_server.graph.secret_expires: "),
        ("2027-05-01", "[]", "mail_server.graph.secret_expires: "),
        ("2027-05-01", '"soon"', "mail_server.graph.secret_expires: "),
        ("= true", '= "yes"', "mail_server.graph.save_to_sent_items: "),
        ("contoso.com", "common", "mail_server.graph.tenant_id: "),
        ('client_secret = { env = "GRAPH_SECRET" }\n', "", "mail_server.graph.client_secret: "),
        ("save_to", 'pace = "gmail"\nsave_to', "mail_server.graph.pace: "),
    ],
)
def test_what_does_not_fit_is_named_by_its_path(folder: Path, old: str, new: str, path: str) -> None:
    assert path in refusal(folder, EXAMPLE.replace(old, new))


def test_the_saved_secret_is_not_carried_to_another_tenant(folder: Path) -> None:
    load(folder, EXAMPLE)
    moved = EXAMPLE.replace("contoso.com", "fabrikam.com").replace('client_secret = { env = "GRAPH_SECRET" }\n', "")
    with pytest.raises(CommandError, match=r"mail_server\.graph\.client_secret: .*the tenant was changed"):
        load(folder, moved)
