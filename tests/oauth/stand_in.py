"""OAuth2 mode whose sign-in service is the stand-in of Microsoft: tokens are whatever a test says."""

import json
import time
from pathlib import Path
from typing import Any

from notifications.models import MailServerSettings
from notifications.oauth import consent
from tests.graph.faults import saying
from tests.graph.login import TENANT
from tests.graph_stand_in import GraphStandIn
from tests.oauth.lab import ACCOUNT, SESSION, answer_of, providers_file, use_oauth2
from tests.oauth.test_id_tokens import jwt

FIRST_TOKEN, NEXT_TOKEN = "first-access-token-0123456789", "next-access-token-9876543210"


def use_microsoft(
    graph: GraphStandIn,
    folder: Path,
    settings: Any,
    port: int = 1,
    *,
    smtp: dict[str, Any] | None = None,
    **columns: Any,
) -> MailServerSettings:
    """The mail server is at `port`, unless `smtp` replaces more of the provider; `columns` without `oauth2_`."""
    providers_file(folder, settings, microsoft=graph.provider(port) | (smtp or {}))
    return use_oauth2(**{"provider": "microsoft.lab", "client_id": "desktop", "tenant_id": TENANT, **columns})


def connect(graph: GraphStandIn, server: MailServerSettings, **changes: Any) -> None:
    """A person signs in; `changes` to the answer of the token endpoint, None leaves a member out."""
    asked = answer_of(consent.begin(server, SESSION, None))
    now = int(time.time())
    claims = {"sub": ACCOUNT, "oid": ACCOUNT, "tid": TENANT, "aud": "desktop", "nonce": asked["nonce"]}
    claims |= {"iss": f"{graph.base}/{TENANT}/v2.0", "iat": now, "exp": now + 3600, "preferred_username": ACCOUNT}
    give_tokens(graph, **{"id_token": jwt(claims), **changes})
    consent.complete(server, SESSION, {"code": "code", "state": asked["state"]}, None)


def give_tokens(graph: GraphStandIn, **changes: Any) -> None:
    """What the token endpoint answers next."""
    tokens = {"access_token": FIRST_TOKEN, "refresh_token": "second", "expires_in": 3600, "token_type": "Bearer"}
    tokens |= {"scope": f"{graph.base}/SMTP.Send", **changes}
    body = {name: value for name, value in tokens.items() if value is not None}
    graph.fault(saying(200, json.dumps(body).encode(), "application/json"), "token")
