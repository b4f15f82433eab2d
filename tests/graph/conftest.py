"""A client of the stand-in, with a mailbox of its own in each test."""

from collections.abc import Iterator

import pytest

from tests.graph.client import Client
from tests.graph_stand_in import GraphStandIn


@pytest.fixture
def client(graph: GraphStandIn) -> Iterator[Client]:
    with Client(graph) as client:
        yield client
