"""Values that do not fit their column are cut, never the report refused."""

import pytest

from notifications.intake.values import HASH_DIGITS, choice, short_identity, short_line


@pytest.mark.parametrize("cut", [short_line, short_identity])
def test_what_fits_stays_as_it_is(cut: object) -> None:
    assert cut("x" * 40, 40) == ("x" * 40, "")  # type: ignore[operator]


def test_a_line_is_cut_with_an_ellipsis() -> None:
    text, repair = short_line("x" * 41, 40)
    assert text == "x" * 39 + "…"
    assert "longer than 40 characters" in repair


def test_no_blank_is_left_before_the_ellipsis() -> None:
    assert short_line("word " * 9, 11)[0] == "word word…"


def test_two_long_identities_that_differ_at_their_end_stay_two() -> None:
    first, second = (short_identity("x" * 60 + end, 40)[0] for end in "ab")
    assert first != second
    assert len(first) == len(second) == 40
    assert first[: 39 - HASH_DIGITS] == second[: 39 - HASH_DIGITS] == "x" * (39 - HASH_DIGITS)


@pytest.mark.parametrize(("text", "word", "is_said"), [("failed", "failed", False), ("FAILED", "failed", True)])
def test_a_choice_is_read_in_any_case(text: str, word: str, is_said: bool) -> None:
    found, repair = choice(text)
    assert (found, bool(repair)) == (word, is_said)
