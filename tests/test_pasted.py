"""Addresses as they come out of other programs, and what nobody sees in them."""

import unicodedata
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from notifications.addresses import FORBIDDEN, Address, parse_address, parse_addresses
from notifications.invisible import is_invisible
from notifications.models import Notification

UNSEEN = [
    "\u00ad",
    "\u061c",
    "\u180e",
    "\u200b",
    "\u200c",
    "\u200d",
    "\u200e",
    "\u200f",
    "\u2060",
    "\u2063",
    "\ufeff",
    "\ufe0f",
    "\u3164",
    "\u2007",
    "\u202f",
    "\u3000",
    "\u202a",
    "\u202e",
    "\u2066",
    "\u2069",
    "\U000e0020",
]  # fmt: skip
PLACES = ["{}ops@example.com", "o{}ps@example.com", "ops{}@example.com", "ops@{}example.com", "ops@example.com{}",
          "Ops <{}ops@example.com>", "Ops <ops@exa{}mple.com>", "<ops@example.com{}>"]  # fmt: skip
FORM = {"name": "Failures", "kind": "deployment", "enabled": "on"}


def refusal_of(text: str) -> str:
    with pytest.raises(ValueError, match=r".") as caught:
        parse_address(text)
    return str(caught.value)


@pytest.mark.parametrize("char", UNSEEN, ids=[f"U+{ord(char):04X}" for char in UNSEEN])
@pytest.mark.parametrize("place", PLACES)
def test_what_nobody_sees_is_named_wherever_it_stands(char: str, place: str) -> None:
    sentence = refusal_of(place.format(char))
    assert f"{unicodedata.name(char)} (U+{ord(char):04X})" in sentence
    assert sentence.isprintable()


def test_a_no_break_space_is_a_blank_around_an_address_and_named_within() -> None:
    assert parse_address("\u00a0ops@example.com\u00a0") == Address("", "ops@example.com")
    assert "NO-BREAK SPACE (U+00A0)" in refusal_of("o\u00a0ps@example.com")


def test_all_of_them_are_named_once() -> None:
    named = "ZERO WIDTH SPACE (U+200B), SOFT HYPHEN (U+00AD). Delete it, or type the address."
    assert refusal_of("o\u200bp\u00ads\u200b@example.com").endswith(f"contains an invisible character: {named}")


def test_a_control_character_without_a_name_has_its_number() -> None:
    assert "control character: U+0001" in refusal_of("ops\x01@example.com")


def test_a_name_loses_them_at_its_ends_and_keeps_those_that_join_letters() -> None:
    assert parse_address("\ufeff Ops\u200b <ops@example.com>") == Address("Ops", "ops@example.com")
    assert parse_address("👩\u200d🚒 <ops@example.com>").name == "👩\u200d🚒"


def result(text: str) -> tuple[list[Address], str]:
    try:
        return parse_addresses(text), ""
    except ValueError as error:
        return [], str(error)


@given(st.characters(), st.integers(0, 15))
def test_no_address_keeps_what_nobody_sees(char: str, at: int) -> None:
    text = "ops@example.com"
    found, sentence = result(text[:at] + char + text[at:])
    assert not sentence or sentence.isprintable()
    assert all(each.address.isascii() and each.address.isprintable() for each in found)
    if char not in "\r\n\t\u00a0" and (is_invisible(char) or FORBIDDEN.match(char)):
        assert f"U+{ord(char):04X}" in sentence


OPS, DEV = Address("", "ops@example.com"), Address("", "dev@example.com")
JOHN, JANE = Address("Doe, John", "john@example.com"), Address("Roe, Jane", "jane@example.com")


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("mailto:ops@example.com", [OPS]),
        ("MAILTO:ops%40example.com?subject=a%20b&body=x", [OPS]),
        ("<mailto:ops@example.com>", [OPS]),
        ("<mailto:ops@example.com|ops@example.com>", [OPS]),
        ("Ops <mailto:ops@example.com>, dev@example.com", [Address("Ops", OPS.address), DEV]),
        ("Ops [mailto:ops@example.com]", [Address("Ops", OPS.address)]),
        ("<ops@example.com>", [OPS]),
        ("<ops@example.com>,<dev@example.com>,", [OPS, DEV]),
        ("ops@example.com;", [OPS]),
        ("ops@example.com,,; ,\n\n;dev@example.com,", [OPS, DEV]),
        ("ops@example.com dev@example.com", [OPS, DEV]),
        ("ops@example.com\tdev@example.com", [OPS, DEV]),
        ("Ops <ops@example.com> <dev@example.com>", [Address("Ops", OPS.address), DEV]),
        ("ops@example.com\r\ndev@example.com\r\n", [OPS, DEV]),
        ('"ops@example.com", "dev@example.com"', [OPS, DEV]),
        ("'ops@example.com'; 'dev@example.com'", [OPS, DEV]),
        ("'ops@example.com' <ops@example.com>", [Address("'ops@example.com'", OPS.address)]),
        ("ops@example.com (Operations)", [Address("Operations", OPS.address)]),
        ("o'neil@example.com, ops@example.com", [Address("", "o'neil@example.com"), OPS]),
        ("Doe, John <john@example.com>; Roe, Jane <jane@example.com>", [JOHN, JANE]),
        ("Doe, John <john@example.com>;", [JOHN]),
        ("Doe, John <john@example.com>; ops@example.com, dev@example.com", [JOHN, OPS, DEV]),
        ("Doe, Dr., John <john@example.com>; ops@example.com", [Address("Doe, Dr., John", JOHN.address), OPS]),
        (r"CORP\Doe, John <john@example.com>; ops@example.com", [Address(r"CORP\Doe, John", JOHN.address), OPS]),
        ('"Doe, John" <john@example.com>, "a; b" <b@example.com>', [JOHN, Address("a; b", "b@example.com")]),
    ],
)  # fmt: skip
def test_a_list_reads_as_it_was_meant(text: str, addresses: list[Address]) -> None:
    assert parse_addresses(text) == addresses


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("mailto:", "Give an address"),
        ("mailto:a@x.test%0D%0ABcc:b@x.test", "control character: U+000D"),
        ("mailto:a%0ab@x.test", "control character"),
        ("ops, Jane <jane@example.com>", "“ops” cannot be used: it has no @."),
        ("Doe, John; jane@example.com", "“Doe” cannot be used: it has no @."),
        ("Doe, <x>; jane@example.com", "it has no @"),
        ("two words@example.com", "SPACE"),
        ("a@example.com b", "SPACE"),
    ],
)
def test_a_list_that_may_mean_something_else_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        parse_addresses(text)
    assert reason in str(caught.value)


PIECES = [
    "Doe, John",
    "ops",
    "a@x.test",
    "<b@x.test>",
    "mailto:",
    ";",
    ",",
    " ",
    "\n",
    '"',
    "'",
    "\\",
    "(",
    ")",
    "[",
    "|",
    "?",
]


@given(st.lists(st.sampled_from(PIECES)).map("".join))
def test_whatever_is_pasted_is_addresses_or_a_sentence(text: str) -> None:
    found, sentence = result(text)
    assert len(sentence) < 250
    assert parse_addresses(", ".join(map(str, found))) == found


@pytest.mark.django_db
class TestOnThePage:
    def post(self, browser: Client, to: str) -> Any:
        return browser.post("/notifications/new/", FORM | {"to": to})

    def test_what_outlook_copies_is_stored(self, admin_client: Client) -> None:
        assert self.post(admin_client, "Doe, John <john@example.com>; Roe, Jane <jane@example.com>").status_code == 302
        assert Notification.objects.get().to == ['"Doe, John" <john@example.com>', '"Roe, Jane" <jane@example.com>']

    @pytest.mark.parametrize("char", ["\u200b", "\ufeff", "\u200e", "\u00ad"])
    @pytest.mark.parametrize("place", ["{}ops@example.com", "ops{}@example.com", "Ops <ops@example.com{}>"])
    def test_the_form_names_what_nobody_sees(self, admin_client: Client, char: str, place: str) -> None:
        page = self.post(admin_client, place.format(char))
        assert page.status_code == 200
        assert f"{unicodedata.name(char)} (U+{ord(char):04X})" in page.content.decode()

    def test_an_account_s_name_too(self, admin_client: Client) -> None:
        html = self.post(admin_client, "user:ada\u200b").content.decode()
        assert "It contains an invisible character: ZERO WIDTH SPACE (U+200B)." in html
