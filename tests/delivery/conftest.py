from collections.abc import Iterator

import pytest

from tests.base import use_smtp
from tests.smtp_sink import SmtpSink


@pytest.fixture
def sink(db: None) -> Iterator[SmtpSink]:
    """The mail server of the saved settings."""
    with SmtpSink() as sink:
        use_smtp(sink)
        yield sink
