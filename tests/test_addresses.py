import contextlib
import re
from email.header import decode_header, make_header
from email.utils import parseaddr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.addresses import NAME_LIMIT, Address, dedupe, parse_address, parse_addresses

NAMES = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=NAME_LIMIT).map(
    lambda name: " ".join(name.split())
)


def refusal_of(text: str) -> str:
    with pytest.raises(ValueError, match=r".") as caught:
        parse_address(text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("typed", "name", "address"),
    [
        ("ops@example.com", "", "ops@example.com"),
        ("  <ops@example.com>\t", "", "ops@example.com"),
        ("Operations <ops@example.com>", "Operations", "ops@example.com"),
        ('"Müller, Jörg; IT" <jm@example.com>', "Müller, Jörg; IT", "jm@example.com"),
        (r'"The \"Boss\" \\o/" <b@example.com>', r'The "Boss" \o/', "b@example.com"),
        ("bob@example.com <bob@example.com>", "bob@example.com", "bob@example.com"),
    ],
)
def test_name_and_address_are_told_apart(typed: str, name: str, address: str) -> None:
    assert parse_address(typed) == Address(name, address)


@pytest.mark.parametrize("domain", ["relay.test", "corp.local", "nas.example", "mail.invalid", "localhost", "mailhost"])
def test_names_that_only_private_relays_know_are_accepted(domain: str) -> None:
    assert parse_address(f"ops@{domain}").address == f"ops@{domain}"


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("jm@MÜLLER.de", "jm@xn--mller-kva.de"),
        ("jm@straße.de", "jm@xn--strae-oqa.de"),
        ("a@例え.jp", "a@xn--r8jz45g.jp"),
        ("Ops@EXAMPLE.Com", "Ops@example.com"),
        ('"plain"@example.com', "plain@example.com"),
        ('"two words"@example.com', '"two words"@example.com'),
        ("a@[192.0.2.1]", "a@[192.0.2.1]"),
        ("a@[ipv6:2001:DB8::1]", "a@[IPv6:2001:db8::1]"),
    ],
)
def test_an_address_takes_its_form_for_the_wire(typed: str, address: str) -> None:
    assert parse_address(typed).address == address


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "Give an address"),
        ("ops", "“ops” cannot be used: it has no @."),
        ("a@x.test, b@x.test", "one address only"),
        ("a@x.test; B <b@x.test>", "one address only"),
        ("jörg@example.com", "SMTPUTF8"),
        ("ops@", "after the @"),
        ("@example.com", "before the @"),
        ("a@b@example.com", "invalid characters"),
        ("two words@example.com", "SPACE"),
        ("a@example..com", "two periods"),
        ("a@example.com.", "end with a period"),
        ("a@192.0.2.1", "in brackets"),
        ("a@[300.0.0.1]", "not an IPv4 address"),
        ("x" * 65 + "@example.com", "too long before the @"),
        ("x@" + ".".join(["y" * 60] * 5), "too long"),
        ("n" * (NAME_LIMIT + 1) + " <a@example.com>", "name has more than"),
        ('Bob "the" Boss <b@example.com>', "in quotes"),
        ("a@example.com <b@example.com> c", "cannot be used"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_reason(typed: str, reason: str) -> None:
    assert reason in refusal_of(typed)


@pytest.mark.parametrize(
    "char", ["\r\n", "\n", "\x00", "\x01", "\x0b", "\x1f", "\x7f", "\x85", "\u2028", "\ud800", "\u202e"]
)
@pytest.mark.parametrize(
    "place", ["{}ops@example.com", "o{}ps@example.com", "ops@example.com{}", "N{}N <ops@example.com>"]
)
def test_a_control_character_is_refused_wherever_it_stands(char: str, place: str) -> None:
    assert "control character" in refusal_of(place.format(char))


def test_a_refusal_is_one_line_that_shows_the_bad_part() -> None:
    message = refusal_of("ops@example.com\x01auth=Bearer token\r\n")
    assert "ops@example.com\\x01auth" in message
    assert message.isprintable()


def test_a_long_bad_part_is_cut_in_the_refusal() -> None:
    assert len(refusal_of("x" * 100_000)) < 150


def test_a_list_may_have_commas_semicolons_and_lines() -> None:
    text = 'a@x.test, "B, b; b" <b@x.test>;c@x.test\r\n\n d@x.test ;,\n'
    assert [address.address for address in parse_addresses(text)] == ["a@x.test", "b@x.test", "c@x.test", "d@x.test"]


def test_a_list_of_nothing_is_empty() -> None:
    assert parse_addresses(" ,;\r\n,") == []


def test_the_bad_one_of_a_list_is_named() -> None:
    with pytest.raises(ValueError, match="“b@@x.test”"):
        parse_addresses("a@x.test, b@@x.test, c@x.test")


def test_a_header_cannot_be_smuggled_in_by_a_line_break() -> None:
    with pytest.raises(ValueError, match="Bcc: eve@x.test"):
        parse_addresses("a@x.test\r\nBcc: eve@x.test")


def test_an_unclosed_quote_does_not_swallow_the_next_line() -> None:
    with pytest.raises(ValueError, match='“"A <a@x.test>”'):
        parse_addresses('"A <a@x.test>\nb@x.test')


@pytest.mark.parametrize(
    "text", ['"\\' * 50_000, '"' * 99_999 + "\\", ",;" * 50_000, "\n" * 100_000, "<" * 100_000 + ">"]
)
def test_hostile_lists_hold_no_address(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert parse_addresses(text) == []


@given(name=NAMES)
def test_what_is_written_is_read_back(name: str) -> None:
    address = Address(name, "a.b+c@x.test")
    assert parse_address(str(address)) == address


@given(name=NAMES)
def test_the_header_form_is_ascii_in_words_of_at_most_75_characters(name: str) -> None:
    header = Address(name, "a@x.test").header
    assert header.isascii()
    assert all(len(word) <= 75 for word in re.findall(r"=\?utf-8\S+\?=", header))


@given(name=NAMES)
def test_the_header_form_is_decoded_to_what_was_typed(name: str) -> None:
    encoded, address = parseaddr(Address(name, "a@x.test").header)
    assert (str(make_header(decode_header(encoded))), address) == (name, "a@x.test")


def test_a_name_that_looks_encoded_is_encoded_so_that_readers_show_it_as_typed() -> None:
    assert Address("=?utf-8?q?CEO?=", "a@x.test").header.startswith("=?utf-8?")


@pytest.mark.parametrize("name", ["Bob (IT)", "a, b", "x@y", "J. Doe", "[list]"])
def test_a_name_with_special_characters_is_quoted(name: str) -> None:
    assert str(Address(name, "a@x.test")) == f'"{name}" <a@x.test>'


def test_a_mailbox_is_kept_once_with_its_first_name() -> None:
    first, other, again = parse_addresses("Ops <ops@Example.com>, b@x.test, ops@EXAMPLE.COM")
    assert dedupe([first, other, again]) == [first, other]


def test_addresses_that_differ_in_case_only_are_one_in_the_first_spelling() -> None:
    assert dedupe(parse_addresses("Ann@x.test, ann@X.test, <ANN@x.test>, Bob@x.test")) == [
        Address("", "Ann@x.test"),
        Address("", "Bob@x.test"),
    ]
