"""Times as RFC 3339 has them, and as programs nearly write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.intake.times import UNKNOWN, moment

TEN = "2026-11-22T10:00:00+00:00"


def read(text: str) -> tuple[str, str]:
    time, message = moment(text)
    return (time.isoformat() if time else ""), message


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T10:00:00Z",
        "2026-11-22t10:00:00z",
        "2026-11-22 11:00:00+01:00",
        "2026-11-22T05:00:00.0000000-05:00",
        " 2026-11-22T10:00:00Z\n",
    ],
)
def test_a_time_of_rfc_3339_is_kept_in_utc(text: str) -> None:
    assert read(text) == (TEN, "")


def test_a_leap_second_is_the_one_before() -> None:
    assert read("2016-12-31T23:59:60Z") == ("2016-12-31T23:59:59+00:00", "")


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T11:00:00+0100",
        "2026-11-22T11:00:00+01",
        "2026-11-22T10:00Z",
        "2026-11-22T11:00+0100",
        "2026-11-22 11:00:00 +0100",
        "2026-11-22 10:00:00 UTC",
        "2026-11-22T10:00:00,000Z",
        "20261122T100000Z",
        "2026-W47-7T10:00Z",
        "/Date(1795341600000)/",
        "/Date(1795341600000+0100)/",
    ],
)
def test_another_way_of_writing_it_is_read_and_said(text: str) -> None:
    assert read(text) == (TEN, "is not written as in RFC 3339; it was read as 2026-11-22T10:00:00Z")


@pytest.mark.parametrize(
    "text",
    ["2026-11-22T10:00:00", "2026-11-22", "2026-11-22T10:00", "22.11.2026 10:00", "1795341600", "2026-13-01T00:00:00Z"]
    + [
        "2026-11-22T10:00:00+25:00",
        "10:00Z",
        "+01:00",
        "Z",
        "tomorrow",
        "2026-11-22T10:00:00 CET",
        "２026-11-22T10:00:00Z",
    ]
    + ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-23:00", "/Date(999999999999999999)/", "2026-11-22-05:00"],
)
def test_without_zone_or_sense_it_is_left_out(text: str) -> None:
    assert read(text) == ("", UNKNOWN)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00Z", "2200-01-01T00:00:00Z", "/Date(-62135596800000)/"])
def test_a_year_that_means_never_is_left_out(text: str) -> None:
    assert read(text) == ("", "does not lie between 1970 and 2200 and was left out")


def test_an_empty_one_is_none() -> None:
    assert read(" ") == ("", "")


@given(st.text("0123456789-:+.,TtZzWUGMC/Date() ", max_size=30))
def test_no_text_breaks_the_reader(text: str) -> None:
    time, message = moment(text)
    assert time is not None or message or not text.strip()
