"""Graph mode pointed at the lab: the certified provider gives out an app's tokens."""

from pathlib import Path
from typing import Any

from notifications.models import MailServerSettings
from notifications.oauth.client_credentials import AppRegistration
from notifications.oauth.settings import graph_registration_of
from tests.graph import lab
from tests.oauth.lab import providers_file
from tests.peers.identity import IdentityPeer

SECRET = "graph-secret"
# Nothing listens there: where Graph itself is not the subject.
NO_GRAPH = "https://localhost:9"


def use_graph(
    peer: IdentityPeer,
    folder: Path,
    settings: Any,
    *,
    graph_host: str = NO_GRAPH,
    ca_file: str = "",
    **columns: Any,
) -> MailServerSettings:
    """Save Graph mode as the active one; `columns` without `graph_`."""
    table = peer.provider(smtp_port=587) | {"graph_host": graph_host} | ({"ca_file": ca_file} if ca_file else {})
    providers_file(folder, settings, microsoft=table)
    return lab.use_graph(MailServerSettings.load(), **columns)


def use_app(peer: IdentityPeer, folder: Path, settings: Any, **columns: Any) -> AppRegistration:
    return graph_registration_of(use_graph(peer, folder, settings, **columns))
