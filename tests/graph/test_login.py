"""The login host: tokens as msal asks for them, and who may do what with them."""

import json
import tomllib
from typing import Any

import msal
import pytest
import requests

from tests.graph import faults
from tests.graph.client import Client, code, message
from tests.graph.login import EXPIRED_SECRET, READ_WRITE, SEND
from tests.graph_stand_in import GraphStandIn


def application(graph: GraphStandIn, secret: str = "graph-secret", **options: Any) -> Any:
    values = {"tenant": graph.tenant, "client_id": graph.client_id, **options}
    return msal.ConfidentialClientApplication(
        values["client_id"],
        client_credential=secret,
        authority=f"{graph.base}/{values['tenant']}",
        instance_discovery=False,
        http_client=graph.http(),
    )


def ask(graph: GraphStandIn, **options: Any) -> dict[str, Any]:
    answer: dict[str, Any] = application(graph, **options).acquire_token_for_client([f"{graph.base}/.default"])
    return answer


def claims(token: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(msal.oauth2cli.oidc.decode_part(token.split(".")[1]))
    return found


@pytest.mark.parametrize("tenant", ["11111111-2222-3333-4444-555555555555", "contoso.test", "Contoso.Test"])
def test_an_app_gets_a_token_that_tells_of_its_roles(graph: GraphStandIn, tenant: str) -> None:
    answer = ask(graph, tenant=tenant)
    assert answer["expires_in"] == 3599
    said = claims(answer["access_token"])
    assert (said["aud"], said["roles"], said["appid"]) == (graph.base, [READ_WRITE, SEND], "graph-daemon")
    assert said["tid"] == graph.tenant
    assert said["exp"] - said["iat"] == 3599


@pytest.mark.parametrize(
    ("options", "error", "number"),
    [
        ({"secret": "wrong"}, "invalid_client", "AADSTS7000215"),
        ({"secret": EXPIRED_SECRET}, "invalid_client", "AADSTS7000222"),
        ({"client_id": "nobody"}, "unauthorized_client", "AADSTS700016"),
    ],
)
def test_a_wrong_registration_gets_none(graph: GraphStandIn, options: Any, error: str, number: str) -> None:
    answer = ask(graph, **options)
    assert answer["error"] == error
    assert answer["error_description"].startswith(number)
    assert answer["error_codes"] == [int(number.removeprefix("AADSTS"))]
    assert [(call["status"], call["error"]) for call in graph.login.calls] == [
        (401 if error == "invalid_client" else 400, error)
    ]


def test_an_unknown_tenant_is_not_found(graph: GraphStandIn) -> None:
    with pytest.raises(ValueError, match="tenant name"):
        ask(graph, tenant="fabrikam.example")


@pytest.mark.parametrize("scope", ["https://graph.microsoft.com/.default", "User.Read", ""])
def test_another_clouds_scope_is_refused(graph: GraphStandIn, scope: str) -> None:
    form = {"grant_type": "client_credentials", "client_id": graph.client_id, "client_secret": graph.client_secret}
    with graph.http() as http:
        reply = http.post(f"{graph.base}/{graph.tenant}/oauth2/v2.0/token", {**form, "scope": scope}, timeout=10)
    assert (reply.status_code, reply.json()["error"]) == (400, "invalid_scope")


def test_without_a_token_of_its_own_nothing_is_told(graph: GraphStandIn, client: Client) -> None:
    for header in ("", "Bearer eyJhbGciOiJub25lIn0.e30.", f"Basic {graph.token()}"):
        client.http.headers["Authorization"] = header
        reply = client.post("/messages", message())
        assert (reply.status_code, code(reply)) == (401, "InvalidAuthenticationToken")


def test_an_expired_token_is_refused(graph: GraphStandIn) -> None:
    graph.login.token_seconds = -1
    with Client(graph) as client:
        assert client.look("x").status_code == 401


def test_a_token_of_another_cloud_is_refused(graph: GraphStandIn) -> None:
    graph.login.audience = "https://graph.microsoft.us"
    with Client(graph) as client:
        assert "audience" in client.look("x").json()["error"]["message"]


def test_a_forgotten_token_is_refused_and_the_next_one_taken(graph: GraphStandIn, client: Client) -> None:
    graph.login.forget_tokens()
    assert client.post("/messages", message()).status_code == 401
    client.http.headers["Authorization"] = f"Bearer {graph.token()}"
    assert client.post("/messages", message()).status_code == 201


def test_without_read_write_there_are_no_drafts(graph: GraphStandIn, client: Client) -> None:
    item = client.draft()
    graph.login.roles = {SEND}
    refused = [client.post("/messages", message()), client.look(item), client.delete(f"/messages/{item}")]
    assert {(reply.status_code, code(reply)) for reply in refused} == {(403, "ErrorAccessDenied")}
    assert client.post("/sendMail", {"message": message()}).status_code == 202
    assert claims(graph.token())["roles"] == [SEND]


def test_without_send_nothing_goes_out(graph: GraphStandIn, client: Client) -> None:
    graph.login.roles = {READ_WRITE}
    refused = [client.send(client.draft()), client.post("/sendMail", {"message": message()})]
    assert {(reply.status_code, code(reply)) for reply in refused} == {(403, "ErrorAccessDenied")}
    assert graph.deliveries == []


def test_a_grant_in_exchange_does_not_show_in_the_token(graph: GraphStandIn, client: Client) -> None:
    graph.login.roles, graph.login.rbac = set(), {SEND, READ_WRITE}
    assert "roles" not in claims(graph.token())
    assert client.send(client.draft()).status_code == 202


def test_the_mailbox_owner_needs_a_role_of_its_own(graph: GraphStandIn, client: Client) -> None:
    assert code(client.get("")) == "Authorization_RequestDenied"
    graph.login.roles.add("User.Read.All")
    assert client.get("").json()["mail"] == "sender@contoso.test"


def test_faults_strike_at_the_login_too(graph: GraphStandIn) -> None:
    graph.fault(faults.failing(503), "token").fault(faults.cut_before(), "token")
    with pytest.raises(msal.exceptions.MsalServiceError):
        ask(graph)
    with pytest.raises(requests.ConnectionError):
        ask(graph)
    assert "access_token" in ask(graph)
    assert [call["status"] for call in graph.login.calls] == [503, 0, 200]


def test_the_providers_file_names_its_hosts(graph: GraphStandIn) -> None:
    table = tomllib.loads(graph.providers_toml())["microsoft"]["lab"]
    assert (table["login_host"], table["graph_host"]) == (graph.base, graph.base)
