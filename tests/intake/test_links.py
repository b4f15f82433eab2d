"""A link of a report is one that a browser follows, or it is left out."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.intake.links import is_web_address, web_address

LIMIT = 2000
ENCODED = "had characters that no web address has; they were percent-encoded"
NONE = "is not a web address that begins with http:// or https://, and was left out"


@pytest.mark.parametrize(
    "url",
    [
        "http://tool/1",
        "HTTPS://tool.example.com/a?b=c#d",
        "http://[2001:db8::1]/",
        "https://tool:8443/a%20b",
        "https://tool/päckchen?größe=ü",
        "https://bücher.example/",
        "https://उदाहरण.परीक्षा/",
        "https://build_server.local/job/[a]?b[]=1&c='d'",
    ],
)
def test_a_web_address_stays_as_it_is(url: str) -> None:
    assert web_address(url, LIMIT) == (url, "")


@pytest.mark.parametrize(
    ("url", "repaired"),
    [
        ("https://tool/job/My Job/12/", "https://tool/job/My%20Job/12/"),
        ("https://tool/a b?c d#e f", "https://tool/a%20b?c%20d#e%20f"),
        ('https://tool/"<>\\^`{|}', "https://tool/%22%3C%3E%5C%5E%60%7B%7C%7D"),
        ("https://tool/100%/50%zz", "https://tool/100%25/50%25zz"),
        ("https://tool/a\u00a0b\u200b\u3000", "https://tool/a%C2%A0b%E2%80%8B"),
        ("https://tool?q=a b", "https://tool?q=a%20b"),
    ],
)
def test_odd_characters_are_percent_encoded(url: str, repaired: str) -> None:
    assert web_address(url, LIMIT) == (repaired, ENCODED)


@pytest.mark.parametrize(
    "url", [" https://tool/1\n", "https://to\nol/1", "\x1b[4mhttps://tool/1\x1b[0m", "https://tool/\x001"]
)
def test_what_browsers_drop_is_dropped(url: str) -> None:
    assert web_address(url, LIMIT) == ("https://tool/1", "")


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "JaVaScRiPt://x", "data:text/html,x", "file:///etc/passwd", "ftp://tool/1", "//tool/1"]
    + [
        "tool/1",
        "http://",
        "http://[",
        "http:///x",
        "http://a b/",
        "https:/tool/1",
        "\\\\server\\share",
        "https://:80/",
    ]
    + ["https://tool:99999/", "https://./", "https://tool\\.evil/", "https://to\u200bol/", "https://to\uff0fol/"],
)
def test_what_is_no_web_address_is_left_out(url: str) -> None:
    assert web_address(url, LIMIT) == ("", NONE)


@pytest.mark.parametrize("url", ["https://ada:secret@tool/1", "https://evil\\@tool/1"])
def test_a_name_and_password_are_left_out(url: str) -> None:
    assert web_address(url, LIMIT) == ("https://tool/1", "had a user name in front of its host, which was left out")


def test_a_link_over_the_limit_is_left_out_since_half_of_it_leads_elsewhere() -> None:
    assert web_address("https://tool/" + "x" * LIMIT, LIMIT)[0] == ""
    assert web_address("https://tool/" + " " * 700 + "x", LIMIT)[0] == ""


def test_an_empty_one_is_none() -> None:
    assert web_address(" ", LIMIT) == ("", "")


@given(st.text(st.sampled_from("htps:/@\\[]%.?# ab1é\u200b\x00\n<>{}"), max_size=30).map("https://tool".__add__))
def test_what_is_taken_names_one_host_and_stays_as_it_is_the_second_time(url: str) -> None:
    address, _ = web_address(url, LIMIT)
    if address:
        assert is_web_address(address)
        assert urlsplit(address).hostname
        assert web_address(address, LIMIT) == (address, "")
