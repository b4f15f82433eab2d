from pathlib import Path

import pytest
from django.conf import LazySettings

from notifications.capture import switch
from notifications.models import MailServerSettings


@pytest.fixture(autouse=True)
def data(tmp_path: Path, settings: LazySettings) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost", "panel.localhost"])
def test_is_on_for_a_panel_on_this_machine_only(settings: LazySettings, host: str) -> None:
    settings.HOST = host
    assert switch.why_off() == ""


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.5", "panel.example.com", ""])
def test_is_off_for_a_panel_that_others_can_reach(settings: LazySettings, host: str) -> None:
    settings.HOST = host
    assert "not only from this machine" in switch.why_off()


def test_is_off_for_a_public_address_behind_a_proxy(settings: LazySettings) -> None:
    settings.PUBLIC_URL = "https://panel.example.com"
    assert "panel.example.com" in switch.why_off()


def test_is_on_for_a_public_panel_under_development(settings: LazySettings) -> None:
    settings.HOST, settings.DEBUG = "0.0.0.0", True
    assert switch.why_off() == ""


@pytest.mark.django_db
class TestMakingReady:
    def test_a_fresh_installation_sends_to_the_inbox(self) -> None:
        port = switch.make_ready()
        saved = MailServerSettings.load()
        assert (saved.basic_host, saved.basic_port, saved.basic_security) == ("127.0.0.1", port, "none")
        assert saved.basic_sender == "Deployments <deployments@mailadmin.example>"
        assert saved.version == 1

    def test_what_an_administrator_saved_stays(self) -> None:
        MailServerSettings.load().save_version({"basic_host": "mail.contoso.test"}, seen=0)
        switch.make_ready()
        assert MailServerSettings.load().basic_host == "mail.contoso.test"

    def test_a_server_that_an_administrator_emptied_stays_empty(self) -> None:
        MailServerSettings.load().save_version({"basic_host": ""}, seen=0)
        switch.make_ready()
        assert MailServerSettings.load().basic_host == ""

    def test_a_second_start_saves_nothing(self) -> None:
        assert switch.make_ready() == switch.make_ready()
        assert MailServerSettings.load().version == 1

    def test_a_port_that_was_asked_for_is_not_remembered(self, settings: LazySettings, data: Path) -> None:
        settings.CAPTURE_INBOX_PORT = 2500
        assert switch.make_ready() == 2500
        assert not (data / "inbox-port").exists()
