"""Colors and other terminal control that deployment tools print."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.intake.escape_sequences import without_escape_sequences
from notifications.intake.values import many_lines, one_line

ST = "\x1b\\"


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("\x1b[31mfatal: unreachable\x1b[0m\x1b[K", "fatal: unreachable"),
        ("\x1b[38;2;255;0;0mred\x1b[m", "red"),
        ("\x1b[38:2::255:0:0mred\x1b[m", "red"),
        ("\x1b[?25lhidden\x1b[?25h", "hidden"),
        ("\x1b[2 qbar", "bar"),
        ("\x9b1mbold\x9b0m", "bold"),
        ("\x1b]0;title\x07text", "text"),
        (f"\x1b]8;;https://tool/{ST}link\x1b]8;;{ST}", "link"),
        ("\x9d0;title\x9ctext", "text"),
        (f"\x1bP1$r0m{ST}text", "text"),
        (f"\x1b_application{ST}\x1b^private{ST}\x1bXstring{ST}text", "text"),
        ("\x901$r0m\x9ctext", "text"),
        ("\x1b(B\x1b)0text\x1b#8\x1b%G", "text"),
        ("\x1b7save\x1b8", "save"),
        ("\x1b=\x1b>\x1bc\x1bM\x1bDtext", "text"),
    ],
)
def test_a_sequence_is_removed_whole(text: str, plain: str) -> None:
    assert without_escape_sequences(text) == plain


@pytest.mark.parametrize(
    "cut", ["\x1b[", "\x1b[31", "\x1b[31;", "\x1b[?2", "\x1b(", "\x1b]", "\x1b]0;", "\x1b", "\x9b3"]
)
def test_a_sequence_that_was_cut_off_leaves_nothing(cut: str) -> None:
    assert one_line(f"exit code 1603{cut}") == "exit code 1603"


def test_a_title_that_never_ends_does_not_take_the_text_along() -> None:
    assert many_lines("\x1b]0;cmd.exe\nexit code 1603\nring\x07") == "cmd.exe\nexit code 1603\nring"


def test_a_stray_escape_becomes_a_blank() -> None:
    assert one_line("7-Zip\x1b 24.08") == "7-Zip  24.08"


@given(st.text("\x1b\x9b\x9d\x90\x9c\x07[]();:?!0179mKABPX^_\\ ä\n"))
def test_no_escape_is_left_in_a_line(text: str) -> None:
    line = one_line(text)
    assert not any(character < " " or "\x7f" <= character < "\xa0" for character in line)


@given(st.text(st.characters(exclude_categories=["Cc"])))
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert without_escape_sequences(text) == text


@pytest.mark.parametrize("piece", ["\x1b]", "\x1b[", "\x9d", "\x1b[1;", "\x1b]0;a", "\x1b  ", "\x1bP", "\x9bä"])
def test_no_text_takes_more_than_one_look_at_each_character(piece: str) -> None:
    # A million pieces would take hours if each looked at those after it.
    assert "\x1b[" not in without_escape_sequences(piece * (2_000_000 // len(piece)))
