"""Graph mode as it is configured, against programs of others: the certified provider and the contract server."""

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from notifications.backends.base import BackendError, Envelope, Fault, Results, TimeLimits
from notifications.backends.trace import Trace
from notifications.delivery.transport import AppTokens, open_backend
from notifications.models import MailServerSettings
from notifications.oauth.settings import graph_registration_of
from tests.backends.graph_props import MB, SENDER, Notes, a_content
from tests.graph.lab import use_peers, use_stand_in
from tests.graph_stand_in import GraphStandIn
from tests.peers.graph import GraphPeer
from tests.peers.identity import IdentityPeer

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab(identity_peer: IdentityPeer, graph_peer: GraphPeer, tmp_path: Path, settings: Any) -> MailServerSettings:
    return use_peers(identity_peer, graph_peer, tmp_path, settings)


def send(server: MailServerSettings, **mail: Any) -> Results:
    backend = open_backend(server)
    content = a_content("ops@peer.test", **mail)
    try:
        notes = Notes(tries=1)
        return backend.send(
            Envelope(SENDER, ("ops@peer.test", "b@peer.test"), content, notes), TimeLimits.without_progress(60), Trace()
        )
    finally:
        backend.close()


def asked(peer: GraphPeer) -> list[str]:
    """The last parts of the addresses, in their order; fails when one was against the contract."""
    return [request.path.partition("?")[0].rpartition("/")[2] for request in peer.check()]


def test_a_mail_by_draft_keeps_to_the_contract(lab: MailServerSettings, graph_peer: GraphPeer) -> None:
    results = send(lab, html="<p>It failed</p>", cc=("cc@peer.test",), X_Deployment="42", attached=(("a.csv", b"a;b"),))
    assert [results[to].reply.code for to in ("ops@peer.test", "b@peer.test")] == [202, 202]
    assert asked(graph_peer) == ["messages", "send"]


def test_a_draft_that_leaves_no_copy_keeps_to_the_contract(lab: MailServerSettings, graph_peer: GraphPeer) -> None:
    lab.graph_save_to_sent_items = False
    send(lab)
    assert "0x0E01" in graph_peer.check()[0].body


@pytest.mark.parametrize(("saves", "media_type"), [(True, "text/plain"), (False, "application/json")])
def test_a_mail_without_drafts_keeps_to_the_contract(
    lab: MailServerSettings, graph_peer: GraphPeer, saves: bool, media_type: str
) -> None:
    access = AppTokens(graph_registration_of(lab))
    access.token(30)
    access.learn(may_draft=False)
    lab.graph_save_to_sent_items = saves
    send(lab, html="<p>It failed</p>", attached=(("a.csv", b"a;b"),))
    assert asked(graph_peer) == ["sendMail"]
    assert graph_peer.captured()[0].type == media_type


def test_an_attachment_of_5_mb_keeps_to_the_contract(lab: MailServerSettings, graph_peer: GraphPeer) -> None:
    content = os.urandom(5 * MB)
    send(lab, attached=(("large.csv", content),))
    assert graph_peer.uploads.sha256s == [hashlib.sha256(content).hexdigest()]
    requests = graph_peer.check()
    assert [request.status for request in requests if request.path.startswith("/uploads/")] == [200, 201]
    assert {request.authorized for request in requests if request.path.startswith("/uploads/")} == {False}
    assert asked(graph_peer)[:2] == ["messages", "createUploadSession"]


@pytest.mark.parametrize(
    ("sender", "fault"),
    [
        ("throttled", Fault.THROTTLED),
        ("denied", Fault.CONFIGURATION),
        ("nouser", Fault.SENDER),
        ("expired", Fault.CONFIGURATION),
        ("busy", Fault.THROTTLED),
        ("timeout", Fault.TRANSIENT),
    ],
)
def test_each_error_is_known_for_what_it_is(
    lab: MailServerSettings, graph_peer: GraphPeer, sender: str, fault: Fault
) -> None:
    lab.graph_sender = f"{sender}@contoso.test"
    with pytest.raises(BackendError) as caught:
        send(lab)
    assert caught.value.fault is fault
    assert graph_peer.check()


def test_the_stand_in_is_configured_as_microsoft_is(graph: GraphStandIn, tmp_path: Path, settings: Any) -> None:
    server = use_stand_in(graph, tmp_path, settings, save_to_sent_items=False)
    send(server)
    assert [(each.mailbox, each.recipients) for each in graph.deliveries] == [
        (SENDER, ("ops@peer.test", "b@peer.test"))
    ]
    assert [call["status"] for call in graph.login.calls] == [200]
    assert graph.store.folder("sentitems") == []
