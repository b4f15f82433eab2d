"""How a number in a series is written."""

import pytest

from notifications.matching.history import ordinal


@pytest.mark.parametrize(
    ("number", "written"),
    [
        *[(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (10, "10th"), (11, "11th"), (12, "12th"), (13, "13th")],
        *[(14, "14th"), (21, "21st"), (22, "22nd"), (23, "23rd"), (101, "101st"), (111, "111th"), (112, "112th")],
        *[(113, "113th"), (1002, "1,002nd"), (1011, "1,011th")],
    ],
)
def test_ordinal(number: int, written: str) -> None:
    assert ordinal(number) == written
