"""A small fire; `make chaos` makes the great one."""

from pathlib import Path
from typing import Any

import pytest

from notifications.models import Message
from tests import under_fire
from tests.crew import Crew
from tests.graph.lab import use_stand_in
from tests.graph_stand_in import GraphStandIn

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 120


def test_no_mail_is_lost_or_doubled_by_faults_and_kills(
    graph: GraphStandIn, redis_url: str, tmp_path: Path, settings: Any
) -> None:
    use_stand_in(graph, tmp_path, settings, total_timeout=5)
    under_fire.queue(60, large=1)
    with Crew(redis_url) as crew:
        toll = under_fire.burn(graph, crew, kills=2, seed=1, share=0.05, patience=PATIENCE, faults=under_fire.FAULTS)
    assert (toll.lost, toll.copies, toll.deliveries) == (0, 0, 60)
    assert under_fire.states() == {Message.State.SENT: 60}


def test_without_drafts_no_mail_is_lost_and_every_copy_is_explained(
    graph: GraphStandIn, redis_url: str, tmp_path: Path, settings: Any
) -> None:
    use_stand_in(graph, tmp_path, settings, total_timeout=5)
    graph.login.roles = {"Mail.Send"}
    under_fire.queue(40)
    with Crew(redis_url) as crew:
        toll = under_fire.burn(graph, crew, kills=1, seed=2, share=0.15, patience=PATIENCE, faults=under_fire.FAULTS)
    assert toll.lost == 0
    assert under_fire.states() == {Message.State.SENT: 40}
    assert under_fire.unexplained_copies(graph) == {}
