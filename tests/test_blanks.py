"""Blanks that nobody sees, in secrets that were copied."""

import pytest

from notifications.blanks import odd_blanks, without_blanks


@pytest.mark.parametrize(
    ("secret", "words", "left"),
    [
        ("abcd\u00a0efgh\u00a0ijkl\u00a0mnop", "a no-break space (U+00A0)", "abcdefghijklmnop"),
        ("hunter\u20072", "a figure space (U+2007)", "hunter2"),
        ("hunter\u202f2", "a narrow no-break space (U+202F)", "hunter2"),
        ("\u200bhunter2", "a zero width space (U+200B)", "hunter2"),
        ("hunter2\ufeff", "a zero width no-break space (U+FEFF)", "hunter2"),
        ("hun\u00adter2", "a soft hyphen (U+00AD)", "hunter2"),
        ("hunter2\u3164", "a hangul filler (U+3164)", "hunter2"),
        ("hunter2\t", "a tab", "hunter2"),
        ("hunter2\r\n", "a line break", "hunter2"),
        ("\x07hunter2", "a control character (U+0007)", "hunter2"),
        (" hunter2", "a space at the beginning", "hunter2"),
        ("hunter2  ", "a space at the end", "hunter2"),
        ("abcd efgh ijkl mnop", "the spaces of a Google app password", "abcdefghijklmnop"),
        (" a\u00a0b\t", "a no-break space (U+00A0), a tab and a space at the beginning", "ab"),
        ("\u00a0", "a no-break space (U+00A0)", ""),
    ],
)
def test_odd_blanks_are_named_and_removed(secret: str, words: str, left: str) -> None:
    assert odd_blanks(secret) == words
    assert without_blanks(secret) == left
    assert odd_blanks(left) == ""


@pytest.mark.parametrize("secret", ["", "hunter2", "pass word", "correct horse battery", "pässwörd-🐎", "a b"])
def test_a_space_between_words_is_not_odd(secret: str) -> None:
    assert odd_blanks(secret) == ""
    assert without_blanks(secret) == secret
