"""Microsoft's endpoints with a certificate or protocol that cannot be trusted: held, and told no secret."""

from pathlib import Path
from typing import Any

import pytest

from notifications.delivery.sender import send_due
from notifications.models import Attempt, HoldReason, MailServerState, Message
from tests.base import a_message
from tests.graph.lab import use_stand_in
from tests.graph_stand_in import GraphStandIn
from tests.tls_endpoints import WRONG, WrongEndpoint

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("endpoint", ["login_host", "graph_host"])
@pytest.mark.parametrize("wrong", WRONG)
def test_an_untrusted_endpoint_holds_the_queue_and_hears_nothing(
    graph: GraphStandIn, tmp_path: Path, settings: Any, endpoint: str, wrong: str
) -> None:
    with WrongEndpoint(wrong) as untrusted:
        graph.login.resources.add(untrusted.base)
        use_stand_in(graph, tmp_path, settings, {endpoint: untrusted.base})
        message = a_message()
        send_due()
    assert untrusted.connections
    assert untrusted.heard == b""
    assert MailServerState.load().held_reason == HoldReason.TLS
    assert Message.objects.get(pk=message.pk).state == Message.State.QUEUED
    assert [attempt.outcome for attempt in Attempt.objects.all()] == [Attempt.Outcome.CONFIGURATION]


@pytest.mark.parametrize("drafts", [True, False])
def test_an_endpoint_that_loses_its_trust_between_two_requests_leaves_no_doubt(
    graph: GraphStandIn, tmp_path: Path, settings: Any, drafts: bool
) -> None:
    if not drafts:
        graph.login.roles = {"Mail.Send"}
    use_stand_in(graph, tmp_path, settings)
    a_message()
    send_due()
    with WrongEndpoint("expired") as untrusted:
        graph.login.resources.add(untrusted.base)
        use_stand_in(graph, tmp_path, settings, {"graph_host": untrusted.base})
        a_message()
        send_due()
    assert untrusted.heard == b""
    assert MailServerState.load().held_reason == HoldReason.TLS
    assert len(graph.deliveries) == 1
