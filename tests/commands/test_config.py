"""The configuration as a file."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
import trustme
from django.core.management import CommandError, call_command

from notifications.models import MailServerSettings, Notification
from tests.base import a_notification, use_smtp
from tests.commands.config_file import export, load

pytestmark = pytest.mark.django_db

EXAMPLE = """
[mail_server]
active = "basic"
[mail_server.basic]
server = "mail.example.com:587"
security = "starttls"
user = "ops"
password = { env = "SMTP_PASSWORD" }
sender = "Deployments <deploy@example.com>"
ca_file = "ca.pem"
[[notifications]]
name = "Failures to operations"
kind = "deployment"
outcomes = ["failed", "partial"]
to = ["ops@example.com"]
"""
SERVER = """
[mail_server.basic]
server = "mail.example.com"
security = "starttls"
sender = "deploy@example.com"
"""
SECRET = "correct horse"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the file lies, with the certificate and the variable that the example names."""
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SMTP_PASSWORD", SECRET)
    return tmp_path


def refusal(folder: Path, text: str) -> str:
    """Why the import is refused, once it is clear that it changed nothing."""
    before = state()
    with pytest.raises(CommandError) as caught:
        load(folder, text)
    assert state() == before
    assert SECRET not in str(caught.value)
    return str(caught.value)


def state() -> tuple[Any, ...]:
    return (list(MailServerSettings.objects.values()), list(Notification.objects.order_by("pk").values()))


class TestImport:
    def test_the_example_becomes_what_is_set(self, folder: Path) -> None:
        load(folder, EXAMPLE)
        saved, notification = MailServerSettings.load(), Notification.objects.get()
        assert (saved.basic_host, saved.basic_port, saved.basic_security) == ("mail.example.com", 587, "starttls")
        assert (saved.basic_user, saved.basic_password) == ("ops", SECRET)
        assert saved.basic_sender == "Deployments <deploy@example.com>"
        assert saved.basic_ca_certificate == (folder / "ca.pem").read_text()
        assert (notification.name, notification.kind, notification.enabled) == (
            "Failures to operations",
            "deployment",
            True,
        )
        assert (notification.outcomes, notification.to, notification.cc) == (
            ["failed", "partial"],
            ["ops@example.com"],
            [],
        )

    def test_a_byte_order_mark_is_ignored(self, folder: Path) -> None:
        load(folder, f"\ufeff{EXAMPLE}")
        assert Notification.objects.get().name == "Failures to operations"

    def test_a_second_time_changes_nothing(self, folder: Path) -> None:
        assert "version 1" in load(folder, EXAMPLE)
        before = state()
        assert load(folder, EXAMPLE).count("unchanged") == 2
        assert state() == before

    def test_without_its_password_the_saved_one_is_kept(self, folder: Path) -> None:
        load(folder, EXAMPLE)
        load(folder, EXAMPLE.replace('password = { env = "SMTP_PASSWORD" }\n', "connect_timeout = 7\n"))
        saved = MailServerSettings.load()
        assert (saved.basic_password, saved.basic_connect_timeout, saved.version) == (SECRET, 7, 2)

    def test_a_new_value_of_the_variable_is_saved(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        load(folder, EXAMPLE)
        monkeypatch.setenv("SMTP_PASSWORD", "battery staple")
        load(folder, EXAMPLE)
        assert MailServerSettings.load().basic_password == "battery staple"

    def test_the_certificate_may_stand_in_the_file_itself(self, folder: Path) -> None:
        pem = (folder / "ca.pem").read_text()
        load(folder, f'{SERVER}ca_certificate = """\n{pem}"""\n')
        assert MailServerSettings.load().basic_ca_certificate == pem

    def test_notifications_are_found_by_name_and_others_left_alone(self, folder: Path) -> None:
        other = a_notification(name="Mine")
        old = a_notification(name="Failures to operations", package_glob="7-*", enabled=False)
        told = load(folder, EXAMPLE)
        old.refresh_from_db()
        assert "Failures to operations is updated" in told
        assert (old.package_glob, old.enabled, old.outcomes) == ("", True, ["failed", "partial"])
        assert set(Notification.objects.all()) == {other, old}

    def test_a_file_without_a_part_leaves_that_part_alone(self, folder: Path) -> None:
        use_smtp(host="kept.example.com", port=25)
        load(folder, '[[notifications]]\nname = "A"\nto = ["a@example.com"]\n')
        assert MailServerSettings.load().basic_host == "kept.example.com"
        load(folder, SERVER)
        assert Notification.objects.get().name == "A"

    def test_an_empty_file_changes_nothing(self, folder: Path) -> None:
        assert load(folder, "") == ""


class TestRefusals:
    @pytest.mark.parametrize(
        ("text", "path"),
        [
            ("[mail_servr]\n", "mail_servr"),
            ("[mail_server]\nactiv = 'basic'\n", "mail_server.activ"),
            ("[mail_server.pigeon]\n", "mail_server.pigeon"),
            (SERVER.replace("server =", "servr ="), "mail_server.basic.servr"),
            ("[[notifications]]\nname = 'A'\n[[notifications]]\npakage_glob = '*'\n", "notifications[1].pakage_glob"),
        ],
    )
    def test_an_unknown_key_is_named_by_its_path(self, folder: Path, text: str, path: str) -> None:
        assert f"{path}: is not known here" in refusal(folder, text)

    @pytest.mark.parametrize(
        ("text", "path"),
        [
            (SERVER.replace("mail.example.com", "mail.example.com:99999"), "mail_server.basic.server"),
            (SERVER.replace("starttls", "ssl"), "mail_server.basic.security"),
            (SERVER.replace("deploy@example.com", "nobody"), "mail_server.basic.sender"),
            (SERVER + "connect_timeout = 'soon'\n", "mail_server.basic.connect_timeout"),
            (SERVER + "user = 'ops'\n", "mail_server.basic.password"),
            (SERVER + "allow_clear_password = 'yes'\n", "mail_server.basic.allow_clear_password"),
            ("mail_server = 1\n", "mail_server"),
            ("[mail_server]\nbasic = 1\n", "mail_server.basic"),
            ("[mail_server]\nactive = 'graph'\n", "mail_server.active"),
            ("[mail_server]\nactive = ['basic']\n", "mail_server.active"),
            ("notifications = 1\n", "notifications"),
            ("notifications = [1]\n", "notifications"),
            ("[[notifications]]\nto = ['a@example.com']\n", "notifications[0].name"),
            ("[[notifications]]\nname = 'A'\n", "notifications[0].to"),
            ('[[notifications]]\nname = "A\\u0000"\nto = ["a@example.com"]\n', "notifications[0].name"),
            ("[[notifications]]\nname = 'A'\nto = ['nobody']\n", "notifications[0].to"),
            (
                "[[notifications]]\nname = 'A'\nto = ['a@example.com']\noutcomes = 'failed'\n",
                "notifications[0].outcomes",
            ),
            ("[[notifications]]\nname = 'A'\nto = ['a@example.com']\nkind = 'rollout'\n", "notifications[0].kind"),
            ("[[notifications]]\nname = 'A'\nto = ['a@example.com']\nenabled = 1\n", "notifications[0].enabled"),
            (
                "[[notifications]]\nname='A'\nto=['a@b.cc']\n[[notifications]]\nname='A '\nto=['a@b.cc']\n",
                "notifications[1].name",
            ),
        ],
    )
    def test_a_value_that_does_not_fit_is_named_by_its_path(self, folder: Path, text: str, path: str) -> None:
        assert f"\n{path}: " in refusal(folder, text)

    def test_one_bad_notification_leaves_everything_as_it_was(self, folder: Path) -> None:
        assert "notifications[1].to" in refusal(folder, f"{EXAMPLE}\n[[notifications]]\nname = 'B'\n")
        assert MailServerSettings.load().version == 0

    def test_a_literal_password_is_refused(self, folder: Path) -> None:
        told = refusal(folder, EXAMPLE.replace('{ env = "SMTP_PASSWORD" }', f'"{SECRET}"'))
        assert "mail_server.basic.password: a secret does not belong into this file" in told

    @pytest.mark.parametrize(
        "value", ["5", "{ file = 'x' }", "{ env = 5 }", "{ env = 'A', file = 'B' }", "['SMTP_PASSWORD']"]
    )
    def test_a_password_from_anywhere_but_the_environment_is_refused(self, folder: Path, value: str) -> None:
        told = refusal(folder, EXAMPLE.replace('{ env = "SMTP_PASSWORD" }', value))
        assert "mail_server.basic.password: must read { env" in told

    def test_a_missing_variable_is_named(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("SMTP_PASSWORD")
        assert "password: the environment variable SMTP_PASSWORD is not set" in refusal(folder, EXAMPLE)

    def test_a_certificate_that_is_not_there_is_named(self, folder: Path) -> None:
        (folder / "ca.pem").unlink()
        assert "mail_server.basic.ca_file: ca.pem cannot be read (No such file or directory)" in refusal(
            folder, EXAMPLE
        )

    @pytest.mark.parametrize("content", [b"no certificate", b"\xff\xfe", b"", b"x" * 300_000])
    def test_a_certificate_that_is_none_is_blamed_on_its_key(self, folder: Path, content: bytes) -> None:
        (folder / "ca.pem").write_bytes(content)
        assert "mail_server.basic.ca_file: " in refusal(folder, EXAMPLE)

    def test_certificate_and_file_together_are_refused(self, folder: Path) -> None:
        told = refusal(folder, SERVER + "ca_file = 'ca.pem'\nca_certificate = 'x'\n")
        assert "either ca_file or ca_certificate" in told

    @pytest.mark.parametrize("text", ["[", "a = 1\na = 2\n", "x = " + "[" * 100_000])
    def test_what_is_no_toml_is_refused(self, folder: Path, text: str) -> None:
        assert "not valid TOML" in refusal(folder, text)

    def test_a_file_in_another_encoding_is_refused(self, folder: Path) -> None:
        (folder / "mailadmin.toml").write_bytes("[mail_server]\n".encode("utf-16"))
        with pytest.raises(CommandError, match="not UTF-8"):
            call_command("config", "import", str(folder / "mailadmin.toml"))

    def test_a_file_that_is_not_there_is_named(self, folder: Path) -> None:
        with pytest.raises(CommandError, match="No such file"):
            call_command("config", "import", str(folder / "nothing.toml"))

    def test_the_saved_password_is_not_carried_to_another_server(self, folder: Path) -> None:
        load(folder, EXAMPLE)
        moved = EXAMPLE.replace("mail.example.com", "evil.example.net").replace(
            'password = { env = "SMTP_PASSWORD" }\n', ""
        )
        assert "mail_server.basic.password: " in refusal(folder, moved)


class TestExport:
    def test_names_what_is_set(self, folder: Path) -> None:
        load(folder, EXAMPLE)
        found = tomllib.loads(export())
        assert found["mail_server"]["active"] == "basic"
        assert found["mail_server"]["basic"]["server"] == "mail.example.com"
        assert found["mail_server"]["basic"]["ca_certificate"] == (folder / "ca.pem").read_text()
        assert found["notifications"] == [
            {
                "name": "Failures to operations",
                "kind": "deployment",
                "enabled": True,
                "outcomes": ["failed", "partial"],
                "to": ["ops@example.com"],
            }
        ]

    def test_leaves_the_secret_out_and_says_so(self, folder: Path) -> None:
        load(folder, EXAMPLE)
        text = export()
        assert SECRET not in text
        assert "Secrets are left out" in text

    def test_of_a_fresh_panel_can_be_read_back(self, folder: Path) -> None:
        assert "unchanged" in load(folder, export())

    def test_read_back_changes_nothing(self, folder: Path) -> None:
        load(folder, EXAMPLE)
        a_notification(
            name='Ünïcode "quotes" \\ and #',
            kind="schedule",
            enabled=False,
            schedule_glob="Nightly ?*",
            source_glob="*",
            to=['"Doe, Jane" <jane@example.com>', "ops@xn--bcher-kva.example"],
            bcc=["b@example.com"],
            reply_to=["r@example.com"],
        )
        before = state()
        assert load(folder, export()).count("unchanged") == 3
        assert state() == before

    def test_read_into_an_empty_panel_gives_the_same_export(self, folder: Path) -> None:
        load(folder, EXAMPLE.replace('user = "ops"\n', "").replace('password = { env = "SMTP_PASSWORD" }\n', ""))
        first = export()
        MailServerSettings.objects.all().delete()
        Notification.objects.all().delete()
        load(folder, first)
        assert export() == first
