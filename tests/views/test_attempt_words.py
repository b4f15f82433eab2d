"""How one try reads."""

import pytest

from notifications.models import Attempt
from notifications.templatetags.attempt_words import outcome_words, values_words

CERTIFICATE = "CERTIFICATE_VERIFY_FAILED: certificate has expired (certificate shown by mail.test)"
KEYS = "SMTP Server Password cannot be read with the present FERNET_KEYS: enter it again"


def an_attempt(code: str = "", text: str = "", transcript: str = "", **columns: object) -> Attempt:
    values = {"outcome": "configuration", "mode": "basic", "settings_version": 2} | columns
    return Attempt(code=code, text=text, transcript=transcript, **values)


@pytest.mark.parametrize(
    ("code", "text", "transcript", "mode", "words"),
    [
        ("535 5.7.8", "authentication failed", "  0.010 > AUTH PLAIN ••••", "basic", "Sign-in refused"),
        ("550", "no", "  0.010 > AUTH LOGIN ••••", "basic", "Sign-in refused"),
        (
            "550 5.7.1",
            "not you",
            "  0.010 > AUTH PLAIN ••••\n  0.020 > MAIL FROM:<a@b.test>",
            "basic",
            "Sender refused",
        ),
        ("", CERTIFICATE, "", "basic", "Connection not secure"),
        ("", KEYS, "", "basic", "Secret not readable"),
        ("", "invalid_grant: AADSTS700082: the refresh token has expired", "", "oauth2", "Consent missing"),
        ("", "invalid_client: AADSTS7000215: wrong secret", "", "graph", "Sign-in refused"),
        ("403 ErrorAccessDenied", "Access is denied", "", "graph", "Settings do not work"),
        ("", "something new", "", "basic", "Settings do not work"),
    ],
)
def test_a_fault_of_the_settings_is_called_by_what_was_refused(
    code: str, text: str, transcript: str, mode: str, words: str
) -> None:
    assert outcome_words(an_attempt(code, text, transcript, mode=mode)) == words


def test_any_other_outcome_is_called_as_ever() -> None:
    assert outcome_words(an_attempt(outcome="accepted")) == "Accepted"


def test_saved_values_are_known_by_their_version() -> None:
    assert values_words(an_attempt()) == "settings version 2"


def test_unsaved_values_are_known_by_what_the_transcript_says() -> None:
    step = "  0.000 * unsaved values: mail.test:587 as ops"
    assert values_words(an_attempt(transcript=step, settings_version=0)) == "unsaved values (mail.test:587 as ops)"
    assert values_words(an_attempt(settings_version=0)) == "unsaved values"
