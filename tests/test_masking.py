"""Secrets that another side repeats are masked however it does so; other texts stay as they are."""

import base64
import itertools
import random
import re
import urllib.parse
from collections.abc import Callable, Iterator

import pytest

from notifications import masking
from notifications.backends.base import BackendError, Fault, Reply
from notifications.backends.trace import Trace
from notifications.masking import MASK, mask, remember
from notifications.oauth.errors import OAuthFailure, Remedy

PASSWORD = "Tr0ub4dor&3/horse+staple"
SHORT = "s3cr3t-pw"
TOKEN = "".join(random.Random(7).choices("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.", k=400))
USER = "ops@contoso.test"

Text = Callable[[str], str]


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


# What a server received, by what it may repeat of it: AUTH PLAIN, AUTH LOGIN, XOAUTH2, and the secrets themselves.
RECEIVED = {
    "the password": PASSWORD,
    "the token": TOKEN,
    "PLAIN": b64(f"\0{USER}\0{PASSWORD}"),
    "LOGIN": b64(PASSWORD),
    "XOAUTH2": b64(f"user={USER}\x01auth=Bearer {TOKEN}\x01\x01"),
    "base64url": base64.urlsafe_b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode(),
    "hex": TOKEN.encode().hex(),
    "hex of the password": PASSWORD.encode().hex(),
}
ECHOES: dict[str, Text] = {
    "whole": str,
    "in capitals": str.upper,
    "in small letters": str.lower,
    "backwards": lambda text: text[::-1],
    "percent-encoded": lambda text: urllib.parse.quote(text, safe=""),
    "percent-encoded throughout": lambda text: "".join(f"%{ord(char):02X}" for char in text),
    "in quoted-printable": lambda text: "".join(f"={ord(char):02X}" if not char.isalnum() else char for char in text),
    "as in a program": lambda text: "".join(f"\\x{ord(char):02x}" if not char.isalnum() else char for char in text),
    "as in JSON": lambda text: "".join(f"\\u{ord(char):04x}" if not char.isalnum() else char for char in text),
    "as in HTML": lambda text: "".join(f"&#{ord(char)};" if not char.isalnum() else char for char in text),
    "with blanks": " ".join,
    "with soft hyphens": "\xad".join,
    "with zero-width spaces": "​".join,
    "with colons": ":".join,
    "in groups": lambda text: "-".join(wrapped(text, 5)),
    "over lines": lambda text: "\n".join(f"535-5.7.8 {part}" for part in wrapped(text, 60)),
    "over lines with enhanced codes alone": lambda text: "\n".join(f"5.7.8 {part}" for part in wrapped(text, 10)),
    "over short lines": lambda text: "\n".join(f"535-5.7.8 {part}" for part in wrapped(text, 7)),
    "over lines without codes": lambda text: "\r\n".join(wrapped(text, 11)),
    "in quotes": lambda text: f"'{text}'",
}
CUTS: dict[str, Text] = {
    "all of it": str,
    "the beginning": lambda text: text[: len(text) * 2 // 3],
    "the end": lambda text: text[len(text) // 3 :],
    "the middle": lambda text: text[len(text) // 4 : -len(text) // 4],
    "the first sixteen": lambda text: text[:16],
    "the last twelve": lambda text: text[-12:],
}


def wrapped(text: str, width: int) -> list[str]:
    return [text[start : start + width] for start in range(0, len(text), width)]


def shown(text: str) -> str:
    """What a reader sees of an echo: without masks, without what stands in front of lines and between characters."""
    visible = re.sub(r"(?m)^(?:\d{3}[- ])?(?:\d\.\d\.\d )?", "", text.replace(MASK, "\0"))
    return re.sub(r"[\W_]|\0", "", visible)


@pytest.fixture(autouse=True)
def known() -> Iterator[None]:
    """As a sign-in leaves it: the secrets themselves, and the lines that carried them."""
    masking.forget()
    remember(PASSWORD, TOKEN, SHORT, RECEIVED["PLAIN"], RECEIVED["XOAUTH2"])
    yield
    masking.forget()


def repeated(echo: str) -> Iterator[tuple[str, str]]:
    """What was received and cut, and how the server repeats it."""
    for received, cut in itertools.product(RECEIVED.values(), CUTS.values()):
        # With visible characters in between, only letters and digits are compared: of those, twelve have to be there.
        if echo not in ("with colons", "in groups") or len(shown(cut(received))) >= 12:
            yield cut(received), ECHOES[echo](cut(received))


@pytest.mark.parametrize("echo", ECHOES)
def test_nothing_is_shown_of_a_secret_that_a_server_repeats(echo: str) -> None:
    for received, text in repeated(echo):
        assert shown(mask(text)) == "", received
        # The next character may happen to be the one that follows in the secret.
        assert shown(mask(f"535-5.7.8 Error:\n{text}\n535 is wrong")) in ("Erroriswrong", "Errorswrong"), received


@pytest.mark.parametrize("before", ["x", "xy", "Password: ", "credentials "])
def test_nothing_but_the_ends_is_shown_of_a_secret_that_is_encoded_again(before: str) -> None:
    """In base64, the characters at both ends belong to the secret and to what is next to it."""
    for secret in (PASSWORD, TOKEN):
        spare = len(b64(before)) + 1
        assert len(shown(mask(b64(f"{before}{secret} is wrong")))) <= spare + len(b64(" is wrong"))


@pytest.mark.parametrize("length", range(12, 40))
@pytest.mark.parametrize("secret", [PASSWORD, TOKEN[100:], RECEIVED["PLAIN"]], ids=["password", "token", "PLAIN"])
def test_every_run_of_twelve_characters_is_masked(secret: str, length: int) -> None:
    for start in range(min(len(secret), 60) - length + 1):
        assert mask(f"<{secret[start : start + length]}>") == f"<{MASK}>"


@pytest.mark.parametrize(
    "echo",
    [
        SHORT,
        SHORT.upper(),
        " ".join(SHORT),
        b64(SHORT),
        b64(f"x{SHORT}")[2:],
        SHORT.encode().hex(),
        urllib.parse.quote(SHORT, safe=""),
        base64.b64encode(SHORT.encode()).decode().lower(),
    ],
)
def test_a_short_secret_is_masked_as_a_whole(echo: str) -> None:
    assert shown(mask(f"({echo})")) in ("", "=")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2.0.0 Ok: queued as 4cXYZ012345",
        "535 5.7.8 Error: authentication failed: authentication failure",
        "Tr0ub4dor&3 is a password from a comic",  # eleven characters of it
        f"{TOKEN[:11]} and {TOKEN[20:31]}",
        "s3cr3t or pw",
        "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. "
        "Visit https://aka.ms/smtp_auth_disabled for more information. "
        "[ZR0P278CA0123.CHEP278.PROD.OUTLOOK.COM 2026-11-02T07:12:11.123Z 08DE1B1F0A2C33DD]",
        "Grüße, 日本語, 🙂, \x1b[31m, %41%42=43, &#65; SIZE=35882577",
        "İstanbul ẞ",
        "\ud800 alone",
    ],
)
def test_an_unrelated_text_stays_as_it_is(text: str) -> None:
    assert mask(text) == text


def test_line_breaks_and_codes_stay() -> None:
    text = "\n".join(f"535-5.7.8 {part}" for part in wrapped(RECEIVED["PLAIN"], 20))
    assert mask(text).split("\n") == [f"535-5.7.8 {MASK}"] * len(text.split("\n"))


def test_a_secret_of_few_characters_is_masked_as_a_word() -> None:
    remember("abc")
    assert mask("abc, ABC: abcd xabc") == f"{MASK}, {MASK}: abcd xabc"


def test_a_long_text_is_masked_wherever_the_secret_is() -> None:
    filler = "unrelated text " * 500
    assert mask(f"{filler}{TOKEN}{filler}") == f"{filler}{MASK}{filler}"


def test_only_the_latest_secrets_are_kept() -> None:
    for number in range(masking.MOST_SECRETS + 1):
        remember(f"secret-number-{number:04}-of-many")
    assert MASK in mask(f"secret-number-{masking.MOST_SECRETS:04}-of-many")
    assert mask(PASSWORD) == PASSWORD


@pytest.mark.parametrize(
    ("stored", "secret", "other"),
    [
        ('{"refresh_token": "0123456789abcdef", "scope": "https://mail.google.com/"}', "0123456789abcdef", "scope"),
        (
            '{"RefreshToken": {"k": {"secret": "0123456789abcdef", "target": "SMTP.Send"}}}',
            "0123456789abcdef",
            "target",
        ),
        ('{"basic_password": "0123456789abcdef", "basic_host": "mail.contoso.test"}', "0123456789abcdef", "contoso"),
        ('{"no": "names of secrets"}', '{"no": "names of secrets"}', ""),
        ("{not json at all", "{not json at all", ""),
    ],
)
def test_of_stored_json_what_is_called_a_secret_is_one(stored: str, secret: str, other: str) -> None:
    masking.remember_stored(stored)
    assert secret not in mask(f"it was {stored}")
    assert other in mask(f"it was {stored}")
    assert mask("https://mail.google.com/ mail.contoso.test") == "https://mail.google.com/ mail.contoso.test"


class TestTheDoors:
    def test_of_a_transcript_mask_what_is_spread_over_lines(self) -> None:
        trace = Trace()
        for part in wrapped(RECEIVED["PLAIN"], 8):
            trace.sent("NOOP")
            trace.received(f"250 2.0.0 {part}")
        assert {line[8:] for line in trace.lines} == {"> NOOP", f"< 250 2.0.0 {MASK}"}

    def test_of_a_transcript_mask_before_a_line_is_cut(self) -> None:
        trace = Trace()
        trace.received("x" * 490 + TOKEN)
        assert TOKEN[:5] not in str(trace)

    def test_of_errors_mask_their_messages(self) -> None:
        for error in (
            BackendError(Fault.SIGN_IN, Reply(535, "5.7.8", f"no: {PASSWORD}", f"id {TOKEN}")),
            OAuthFailure(Remedy.SETTINGS, "invalid_client", f"secret {PASSWORD} is wrong"),
        ):
            assert PASSWORD not in str(error)
            assert MASK in str(error)
        assert TOKEN not in Reply(reference=f"id {TOKEN}").reference
