"""A deployment tool that reports what happens, and the clock on the wall while it does."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from notifications.intake.accept import accept
from notifications.models import Message
from tests.reports import a_report

_numbers = itertools.count(1)


class Tool:
    """Each method says the names of the notifications that mailed because of it, by name."""

    def __init__(self, **usual: Any) -> None:
        self._usual = {"targets": []} | usual

    def reports(self, outcome: str = "failed", **fields: Any) -> list[str]:
        return [message.notification.name for message in self.mails(outcome, **fields)]

    def reports_all(self, *outcomes: str) -> list[list[str]]:
        return [self.reports(outcome) for outcome in outcomes]

    def mails(self, outcome: str = "failed", **fields: Any) -> list[Message]:
        fields = self._usual | {"id": f"run {next(_numbers)}", "outcome": outcome} | fields
        return accept(a_report(**fields)).messages

    def takes(self, **length: float) -> list[str]:
        """A failure that took so long."""
        begin = datetime(2026, 11, 22, 10, tzinfo=UTC)
        return self.reports(started_at=begin.isoformat(), finished_at=(begin + timedelta(**length)).isoformat())

    def fails_on(self, failed: int, of: int, **fields: Any) -> list[str]:
        targets = [
            {"name": f"PC-{number:03}", "outcome": "failed" if number < failed else "success"} for number in range(of)
        ]
        return self.reports("partial", targets=targets, **fields)


@pytest.fixture
def tool() -> Tool:
    return Tool()


@pytest.fixture
def it_is(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], datetime]:
    """`it_is("2026-11-22 21:00+00:00")` sets the clock."""

    def set_to(text: str) -> datetime:
        moment = datetime.fromisoformat(text).astimezone(UTC)
        monkeypatch.setattr(timezone, "now", lambda: moment)
        return moment

    return set_to
