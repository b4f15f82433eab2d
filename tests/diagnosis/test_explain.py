import re
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.diagnosis import Explanation, explain
from notifications.diagnosis.entry import Entry
from notifications.diagnosis.explain import TABLE, entry_for
from tests.diagnosis.forty import FORTY

NEW = "It did not work, and the reason is a new one"


def title(code: str, text: str, mode: str = "basic") -> str:
    return entry_for(code, text, mode).explanation.title


def spellings(code: str, text: str) -> list[tuple[str, str]]:
    """The same failure as other servers, libraries and line ends would put it."""
    wrapped = textwrap.wrap(text, 30, break_long_words=False, break_on_hyphens=False)
    told = [
        (code, text),
        (code, text.upper()),
        (code, text.lower()),
        (code, "\r\n".join(wrapped)),
        (code, f"{text} [AM0PR01CA0123.eurprd01.prod.exchangelabs.com 2026-11-22T10:00:00.000Z 08DE1234]"),
        (code, f"{text} Learn more at\n https://help.example/?p=1 a640c23a62f3a-ab68e - gsmtp"),
    ]
    if re.fullmatch(r"\d{3} \d\.\d+\.\d+", code):
        reply, enhanced = code.split()
        told += [
            ("", f"{code} {text}"),
            (reply, f"{enhanced} {text}"),
            ("", f"({reply}, b'{enhanced} {text}')"),
            ("", "\r\n".join([*(f"{reply}-{enhanced} {line}" for line in wrapped), f"{code} end"])),
            ("", f"SMTP error from mail.example.com: {code} {text}"),
        ]
    return told


@pytest.mark.parametrize(("mode", "code", "text", "wanted"), FORTY)
def test_each_of_the_forty_is_told_apart_in_every_spelling(mode: str, code: str, text: str, wanted: str) -> None:
    assert {title(*spelling, mode) for spelling in spellings(code, text)} == {wanted}


@pytest.mark.parametrize("entry", TABLE, ids=lambda entry: entry.explanation.title)
def test_each_entry_wins_its_examples(entry: Entry) -> None:
    assert entry.examples
    for code, text in entry.examples:
        assert entry_for(code, text, entry.mode) is entry


@pytest.mark.parametrize(
    ("host", "address", "typed"),
    [
        ("mail.contoso.test", "mail.contoso.test:25", "mail.contoso.test 25"),
        ("2001:db8::1", "[2001:db8::1]:25", "2001:db8::1 25"),
    ],
)
def test_a_closed_port_is_named_with_a_command_to_try(host: str, address: str, typed: str) -> None:
    told = explain("", f"Could not connect to {host}:25 (192.0.2.1): Connection refused")
    assert told.title == f"Nothing listens at {address}"
    assert told.clause == f"nothing listens at {address}"
    assert f"`nc -vz {typed}` should connect" in told.fix


def test_a_name_keeps_its_capital_behind_a_colon() -> None:
    assert explain("429", "too many requests", "graph").clause.startswith("Graph asks")


def test_no_two_entries_say_the_same() -> None:
    assert len({entry.explanation.title for entry in TABLE}) == len(TABLE)
    assert len({entry.explanation.fix for entry in TABLE}) == len(TABLE)


@pytest.mark.parametrize("entry", TABLE, ids=lambda entry: entry.explanation.title)
def test_each_explanation_is_whole_sentences(entry: Entry) -> None:
    told = entry.explanation
    assert told.title[0].isupper() or told.title.startswith("mailadmin")
    assert not told.title.endswith(".")
    assert told.cause.endswith(".")
    assert told.fix.endswith(".")
    assert told.guide == "" or told.guide.startswith("https://")


@pytest.mark.parametrize("entry", TABLE, ids=lambda entry: entry.explanation.title)
def test_fragments_are_written_as_they_are_looked_for(entry: Entry) -> None:
    assert all(sign.text == " ".join(sign.text.lower().split()) for sign in entry.signs)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("", ""),
        ("", "hello"),
        ("", "The weather is fine on 5.1.1999"),
        ("", "10.5.7.30 is an address, and so is 192.5.1.1"),
        ("", "version 2.5.7.8"),
        ("", "It took 535 seconds"),
        ("250 2.0.0", "Ok: queued as 4F5D7139"),
        ("", "AADSTS is a prefix"),
    ],
)
def test_what_is_no_known_failure_is_not_taken_for_one(code: str, text: str) -> None:
    assert title(code, text) == NEW


@pytest.mark.parametrize(
    ("code", "text", "wanted"),
    [
        ("451 4.4.1", "connect to backend[192.0.2.9]:25: Connection refused", "The mail could not be routed"),
        ("450 4.3.0", "lookup timed out", "The mail server cannot take the mail just now"),
        ("554 5.3.0", "certificate has expired on the next hop", "The mail server refused"),
    ],
)
def test_a_server_s_report_of_its_own_network_is_not_ours(code: str, text: str, wanted: str) -> None:
    assert title(code, text) == wanted


@pytest.mark.parametrize(
    ("code", "mode", "wanted"),
    [
        ("404", "graph", "Microsoft does not know the sender"),
        ("503", "graph", "Microsoft Graph is in trouble"),
        ("503", "basic", "The mail server refused"),
        ("421", "basic", "The mail server closed for a moment"),
        ("499", "basic", "The mail server cannot take the mail just now"),
        ("599 5.9.9", "basic", "The mail server refused"),
        ("550 5.7.999", "basic", "The mail server's rules forbid it"),
    ],
)
def test_a_code_alone_says_what_its_class_says(code: str, mode: str, wanted: str) -> None:
    assert title(code, "", mode) == wanted


def test_a_code_decides_against_words_that_say_otherwise() -> None:
    assert title("550 5.1.1", "Mailbox full of spam, but: greylisted") == "There is no such recipient"


def test_a_number_that_begins_like_a_known_one_is_another() -> None:
    assert title("", "invalid_grant: AADSTS7000829: something new") == "The sign-in service refused"


@given(st.text(st.characters()), st.text(st.characters()), st.text())
def test_no_text_is_too_odd(code: str, text: str, mode: str) -> None:
    assert isinstance(explain(code, text, mode), Explanation)


@given(st.sampled_from(TABLE), st.text(st.characters(), max_size=30))
def test_no_known_text_becomes_too_odd_by_an_addition(entry: Entry, addition: str) -> None:
    code, text = entry.examples[0]
    assert isinstance(explain(code + addition, addition + text, entry.mode), Explanation)


def test_an_endless_text_comes_to_an_answer() -> None:
    assert title("", "5.1." * 1_000_000) == NEW
    assert title("", "\n" * 1_000_000 + "x") == NEW
