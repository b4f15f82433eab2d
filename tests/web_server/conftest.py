from collections.abc import Iterator

import pytest

from tests.panel import Panel


@pytest.fixture(scope="package")
def panel() -> Iterator[Panel]:
    with Panel() as panel:
        panel.sign_in_tool()
        yield panel
