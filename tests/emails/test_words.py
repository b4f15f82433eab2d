from datetime import UTC, datetime, timedelta

import pytest
from django.test import override_settings

from notifications.emails.words import counted, duration, moment, seconds, web_link

START = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (None, ""),
        (0, "0 s"),
        (12.5, "12.5 s"),
        (59.97, "1 min"),
        (60, "1 min"),
        (252, "4 min 12 s"),
        (3600, "1 h"),
        (12_000, "3 h 20 min"),
        (187_200, "2 d 4 h"),
        (-1, ""),
        (float("nan"), ""),
        (float("inf"), ""),
    ],
)
def test_seconds_are_said_in_the_units_people_use(number: float | None, text: str) -> None:
    assert seconds(number) == text


def test_a_duration_needs_both_ends_in_their_order() -> None:
    assert duration(START, START + timedelta(minutes=4)) == "4 min"
    assert duration(START, None) == duration(None, START) == duration(START, START - timedelta(1)) == ""


@override_settings(TIME_ZONE="Europe/Berlin")
def test_a_moment_is_told_in_the_zone_of_the_installation() -> None:
    assert moment(START) == "22 Nov 2026, 11:00:00 CET"


@override_settings(TIME_ZONE="America/New_York")
def test_the_first_moment_of_all_is_told_although_no_zone_can_shift_it() -> None:
    assert moment(datetime(1, 1, 1, tzinfo=UTC)) == "1 Jan 1, 00:00:00 UTC"


@pytest.mark.parametrize(("number", "text"), [(0, "0 targets"), (1, "1 target"), (20_000, "20,000 targets")])
def test_counts_agree_with_their_noun(number: int, text: str) -> None:
    assert counted(number, "target") == text


@pytest.mark.parametrize("url", ["https://tool/12345", "http://10.0.0.1:8080/x?a=b&c=%20d#e", "HTTPS://tool.example/"])
def test_web_links_are_kept(url: str) -> None:
    assert web_link(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "tool/12345",
        "//tool/12345",
        "javascript:alert(1)",
        " javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,<script>",
        "file:///etc/passwd",
        "https://",
        "https:tool",
        "https://to ol/",
        "https://tool/\r\nx",
        "http://[half",
        "https://tool/" + "x" * 3000,
    ],
)
def test_anything_else_is_never_made_clickable(url: str) -> None:
    assert web_link(url) == ""
