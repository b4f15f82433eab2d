"""Graph mode pointed at the lab: our stand-in with a memory, or the certified provider and the contract server."""

from pathlib import Path
from typing import Any

from notifications.models import MailServerSettings, Mode
from tests.graph_stand_in import GraphStandIn
from tests.oauth.lab import providers_file
from tests.peers.graph import GraphPeer
from tests.peers.identity import IdentityPeer

CLOUD = "microsoft.lab"
SENDER = "sender@contoso.test"


def use_stand_in(
    stand_in: GraphStandIn, folder: Path, settings: Any, endpoints: dict[str, str] | None = None, **columns: Any
) -> MailServerSettings:
    """Save Graph mode as the active one; `columns` are without `graph_`. `endpoints` replace the stand-in's own."""
    providers_file(folder, settings, microsoft=stand_in.provider() | (endpoints or {}))
    return use_graph(MailServerSettings.load(), **columns)


def use_peers(
    identity: IdentityPeer, graph: GraphPeer, folder: Path, settings: Any, **columns: Any
) -> MailServerSettings:
    """The same with tokens of the identity peer and mails to the contract server."""
    table = {**identity.provider(587), "graph_host": graph.base}
    providers_file(folder, settings, microsoft=table)
    return use_graph(MailServerSettings.load(), **columns)


def use_graph(server: MailServerSettings, **columns: Any) -> MailServerSettings:
    """Save Graph mode, with the registration that both labs know, as the next version of `server`."""
    values = {
        "cloud": CLOUD,
        "client_id": "graph-daemon",
        "client_secret": "graph-secret",
        "tenant_id": IdentityPeer.tenant,
        "sender": f"Deployments <{SENDER}>",
        "pace": "unlimited",
    }
    named = {f"graph_{name}": value for name, value in (values | columns).items()}
    server.save_version({"active_mode": Mode.GRAPH, **named}, seen=server.version)
    return server
