import re
from email.header import decode_header, make_header
from email.parser import HeaderParser
from email.utils import getaddresses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.addresses import Address
from notifications.emails.headers import SUBJECT_LIMIT, one_line
from notifications.header_lines import LINE, address_header, text_header

ANY_TEXT = st.text(st.characters(), max_size=300)
NAMES = st.text(max_size=60).map(one_line)


def unfolded(header: str) -> str:
    assert header.endswith("\r\n")
    return re.sub(r"\r\n(?=[ \t])", "", header).removesuffix("\r\n").partition(": ")[2]


@given(ANY_TEXT)
def test_a_subject_reads_back_as_it_was_written(text: str) -> None:
    subject = one_line(text, SUBJECT_LIMIT)
    assert str(make_header(decode_header(unfolded(text_header("Subject", subject))))) == subject


@given(ANY_TEXT)
def test_header_lines_are_short_and_ascii(text: str) -> None:
    header = text_header("Subject", one_line(text, SUBJECT_LIMIT))
    assert header.isascii()
    assert all(len(line) <= LINE for line in header.split("\r\n"))


@given(ANY_TEXT)
def test_one_line_is_one_line_without_controls(text: str) -> None:
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]", line)


@given(st.lists(NAMES, min_size=1, max_size=40))
def test_address_lists_read_back_whole(names: list[str]) -> None:
    addresses = [Address(name, f"a{place}@x.test") for place, name in enumerate(names)]
    header = address_header("To", addresses)
    parsed = getaddresses([unfolded(header)])
    assert [(str(make_header(decode_header(name))), address) for name, address in parsed] == [
        (address.name, address.address) for address in addresses
    ]


def test_a_thousand_recipients_are_folded_between_names_and_addresses() -> None:
    header = address_header("To", [Address(f"Müller, Jörg {n}", f"user{n}@example.com") for n in range(1000)])
    assert all(len(line) <= LINE for line in header.split("\r\n"))
    assert len(getaddresses([unfolded(header)])) == 1000


def test_folding_leaves_one_header_and_no_empty_line() -> None:
    header = address_header("To", [Address("", f"user{n}@example.com") for n in range(50)])
    assert HeaderParser().parsestr(header + "X-Next: 1\r\n\r\n").keys() == ["To", "X-Next"]


@pytest.mark.parametrize("text", ["x" * 500, "é" * 500, "🚀" * 500, "שלום " * 100, "a " * 300])
def test_a_long_line_is_cut_with_an_ellipsis(text: str) -> None:
    line = one_line(text, SUBJECT_LIMIT)
    assert len(line) <= SUBJECT_LIMIT
    assert line.endswith("…")


def test_a_line_that_just_fits_is_left_alone() -> None:
    assert one_line("x" * 200, 200) == "x" * 200
