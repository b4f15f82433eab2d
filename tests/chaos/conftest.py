import os
from collections.abc import Iterator

import pytest

from tests.chaos.figures import Figures

# What `make chaos` alone runs; tests/delivery has a small version.
collect_ignore = [] if "CHAOS_MAILS" in os.environ else ["test_graph.py", "test_storm.py", "test_surroundings.py"]


@pytest.fixture(scope="session")
def figures() -> Iterator[Figures]:
    """Written to the documentation by `make chaos` only."""
    figures = Figures()
    yield figures
    if os.environ.get("CHAOS_MAILS"):
        figures.write()
