"""The warning ahead of the client secret's end."""

from datetime import date, timedelta

import pytest

from notifications.diagnosis.expiry import secret_expiry
from notifications.models import MailServerSettings

EXPIRES = date(2027, 3, 1)


def of(days: int) -> tuple[str, str] | None:
    return secret_expiry(MailServerSettings(graph_secret_expires=EXPIRES), EXPIRES - timedelta(days=days))


@pytest.mark.parametrize(
    ("days", "tone", "words"),
    [
        (30, "warning", "expires in 30 days (2027-03-01). Make a new one in the portal and enter it here"),
        (8, "warning", "expires in 8 days (2027-03-01). Make a new one"),
        (7, "warning", "expires in 7 days (2027-03-01). Without a new one mail stops then"),
        (2, "warning", "expires in 2 days"),
        (1, "failed", "expires tomorrow (2027-03-01). Without a new one mail stops then"),
        (0, "failed", "expires today"),
        (-1, "failed", "expired yesterday (2027-03-01). If mail still goes out, the day given here is wrong"),
        (-400, "failed", "expired 400 days ago"),
    ],
)
def test_says_how_long_and_what_to_do(days: int, tone: str, words: str) -> None:
    found = of(days)
    assert found is not None
    assert found[0] == tone
    assert words in found[1]


@pytest.mark.parametrize("days", [31, 700])
def test_keeps_quiet_while_there_is_time(days: int) -> None:
    assert of(days) is None


def test_keeps_quiet_where_nobody_gave_a_day() -> None:
    assert secret_expiry(MailServerSettings(), EXPIRES) is None
