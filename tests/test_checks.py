"""The system checks of the keys and of the operator's providers."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from notifications.checks import fernet_keys, providers_file

GOOD = "k" * 40


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ([GOOD], []),
        ([GOOD, "o" * 40], []),
        (None, ["notifications.E002"]),
        ([], ["notifications.E002"]),
        ([GOOD, ""], ["notifications.E002"]),
        (GOOD, ["notifications.E001"]),
        (["short"], ["notifications.E003"]),
        (["the secret key of this installation"], ["notifications.E004"]),
    ],
)
def test_a_missing_weak_or_shared_key_is_an_error(settings: object, keys: object, found: list[str]) -> None:
    settings.SECRET_KEY = "the secret key of this installation"  # type: ignore[attr-defined]
    settings.FERNET_KEYS = keys  # type: ignore[attr-defined]
    assert [message.id for message in fernet_keys()] == found


class TestTheProvidersFile:
    def test_is_not_needed(self, settings: Any) -> None:
        settings.PROVIDERS_FILE = ""
        assert providers_file() == []

    def test_that_can_be_used_is_no_news(self, settings: Any, tmp_path: Path) -> None:
        settings.PROVIDERS_FILE = str(tmp_path / "providers.toml")
        Path(settings.PROVIDERS_FILE).write_text(
            '[google.lab]\nauthorization_endpoint = "https://lab.test/auth"\n'
            'token_endpoint = "https://lab.test/token"\nsmtp_host = "lab.test"\n'
        )
        assert providers_file() == []

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            (None, "No such file"),
            ("[google.lab", "Expected ']' at the end"),
            ("[yahoo.lab]\n", "[yahoo]: only [microsoft.NAME] and [google.NAME] are known"),
            ("[google.lab]\n", "[google.lab]: missing: authorization_endpoint, smtp_host, token_endpoint"),
            ('[microsoft.lab]\nlogin_host = "http://lab.test"\nsmtp_host = "x"\nsmtp_scope = "y"\n', "an https://"),
        ],
    )
    def test_that_cannot_be_used_is_an_error_in_words(
        self, settings: Any, tmp_path: Path, text: str | None, words: str
    ) -> None:
        settings.PROVIDERS_FILE = str(tmp_path / "providers.toml")
        if text is not None:
            Path(settings.PROVIDERS_FILE).write_text(text)
        (found,) = providers_file()
        assert found.id == "notifications.E005"
        assert settings.PROVIDERS_FILE in found.msg
        assert words in found.msg

    def test_stops_the_start(self, settings: Any, tmp_path: Path) -> None:
        settings.PROVIDERS_FILE = str(tmp_path / "providers.toml")
        with pytest.raises(SystemCheckError, match="MAILADMIN_PROVIDERS_FILE cannot be used"):
            call_command("check", tags=["security"])
