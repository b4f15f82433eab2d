"""An app's tokens from the certified provider, and what its answers can be."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from notifications.oauth.client_credentials import AppRegistration, fetch, roles_of
from notifications.oauth.errors import OAuthFailure, Remedy
from notifications.oauth.providers import CLOUDS
from tests.oauth.graph_lab import NO_GRAPH, SECRET, use_app
from tests.peers.identity import ROLES, IdentityPeer
from tests.peers.need import need

Use = Callable[..., AppRegistration]
APP = AppRegistration(CLOUDS["global"], client_id="app", tenant_id="contoso.com", client_secret="secret")


@pytest.fixture
def use(db: None, identity_peer: IdentityPeer, tmp_path: Path, settings: Any) -> Use:
    return lambda **columns: use_app(identity_peer, tmp_path, settings, **columns)


def token_with(claims: Any) -> str:
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    return f"e30.{base64.urlsafe_b64encode(payload).decode().rstrip('=')}.c2ln"


def claims_in(token: str) -> Any:
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=="))


class TestTheProvidersToken:
    def test_is_for_this_clouds_graph_alone(self, use: Use) -> None:
        assert claims_in(fetch(use()).access_token)["aud"] == NO_GRAPH

    def test_lasts_as_long_as_it_says(self, use: Use, identity_peer: IdentityPeer) -> None:
        identity_peer.set(access_token_seconds=600)
        left = fetch(use()).expires_at - timezone.now()
        assert 590 < left.total_seconds() <= 600

    @pytest.mark.parametrize("roles", [ROLES, ("Mail.Send",), ()])
    def test_tells_the_roles_that_were_given(
        self, use: Use, identity_peer: IdentityPeer, roles: tuple[str, ...]
    ) -> None:
        identity_peer.set(roles=list(roles))
        assert fetch(use()).roles == tuple(sorted(roles))

    def test_is_a_new_one_each_time(self, use: Use) -> None:
        registration = use()
        assert fetch(registration).access_token != fetch(registration).access_token


class TestAFailure:
    @pytest.mark.parametrize(
        "columns",
        [{"client_secret": "wrong"}, {"client_id": "nobody"}, {"tenant_id": "elsewhere.test"}],
        ids=lambda columns: next(iter(columns)),
    )
    def test_of_the_values_is_for_the_settings(self, use: Use, columns: dict[str, str]) -> None:
        assert failure_of(use(**columns)).remedy is Remedy.SETTINGS

    @pytest.mark.parametrize(
        "error", ["invalid_grant", "interaction_required", "consent_required", "access_denied", "unauthorized_client"]
    )
    def test_never_asks_anybody_to_sign_in(self, use: Use, identity_peer: IdentityPeer, error: str) -> None:
        identity_peer.next_answers((400, json.dumps({"error": error, "error_description": "AADSTS53003: blocked"})))
        failure = failure_of(use())
        assert (failure.remedy, failure.code, failure.text) == (Remedy.SETTINGS, error, "AADSTS53003: blocked")

    @pytest.mark.parametrize(
        ("status", "body"),
        [
            (429, '{"error": "too_many_requests"}'),
            (400, '{"error": "temporarily_unavailable"}'),
            (500, "<h1>sorry</h1>"),
            (503, ""),
            (200, "not JSON"),
            (200, "[]"),
            (200, "{}"),
            (200, '{"access_token": null}'),
            (200, '{"access_token": 7}'),
            (200, '{"access_token": {"a": 1}}'),
            (200, '{"access_token": "two\\nlines"}'),
            (200, '{"access_token": "\\ud800"}'),
            (200, "[" * 100_000),
        ],
        ids=lambda value: str(value)[:30],
    )
    def test_of_the_service_is_waited_for(self, use: Use, identity_peer: IdentityPeer, status: int, body: str) -> None:
        identity_peer.next_answers((status, body))
        assert failure_of(use()).remedy is Remedy.WAIT

    def test_names_no_secret(self, use: Use, identity_peer: IdentityPeer) -> None:
        identity_peer.next_answers((503, "busy"))
        registration = use()
        assert SECRET not in str(failure_of(registration)) + repr(registration)

    def test_is_not_remembered(self, use: Use, identity_peer: IdentityPeer) -> None:
        identity_peer.next_answers((400, '{"error": "invalid_client"}'))
        registration = use()
        failure_of(registration)
        assert fetch(registration).access_token


def test_of_a_server_that_is_gone_is_waited_for(db: None, tmp_path: Path, settings: Any) -> None:
    need("node")
    with IdentityPeer() as peer:
        registration = use_app(peer, tmp_path, settings)
        assert fetch(registration).access_token
        # The authority's file goes with the server.
        ca_file = tmp_path / "ca.pem"
        ca_file.write_text(peer.ca_file.read_text())
        registration = use_app(peer, tmp_path, settings, ca_file=str(ca_file))
    failure = failure_of(registration)
    assert failure.remedy is Remedy.WAIT
    assert "did not answer" in failure.text


@pytest.mark.parametrize("tenant", ["common", "organizations", "consumers", "Common", "", "a/b", "..", "a b", "ä.test"])
def test_an_app_has_one_home(tenant: str) -> None:
    failure = failure_of(AppRegistration(CLOUDS["global"], "app", tenant, "secret"))
    assert (failure.remedy, "Tenant ID" in failure.text) == (Remedy.SETTINGS, True)


def test_an_app_has_a_secret() -> None:
    failure = failure_of(AppRegistration(CLOUDS["global"], "app", "contoso.com"))
    assert (failure.remedy, "Client Secret is missing" in failure.text) == (Remedy.SETTINGS, True)


def failure_of(registration: AppRegistration) -> OAuthFailure:
    with pytest.raises(OAuthFailure) as caught:
        fetch(registration)
    return caught.value


class TestTheFingerprint:
    @pytest.mark.parametrize(
        "other",
        [
            AppRegistration(CLOUDS["gcc-high"], "app", "contoso.com", "secret"),
            AppRegistration(CLOUDS["global"], "another", "contoso.com", "secret"),
            AppRegistration(CLOUDS["global"], "app", "fabrikam.com", "secret"),
            AppRegistration(CLOUDS["global"], "app", "contoso.com", "new secret"),
        ],
        ids=["cloud", "client", "tenant", "secret"],
    )
    def test_is_another_one_of_other_values(self, other: AppRegistration) -> None:
        assert other.fingerprint != APP.fingerprint

    def test_is_another_one_in_each_cloud(self) -> None:
        found = {AppRegistration(cloud, "app", "contoso.com", "secret").fingerprint for cloud in CLOUDS.values()}
        assert len(found) == len(CLOUDS)

    def test_fits_its_column_and_holds_no_secret(self) -> None:
        assert len(APP.fingerprint) == 64
        assert APP.client_secret not in APP.fingerprint

    def test_cannot_be_worked_out_without_the_panels_key(self) -> None:
        ours = APP.fingerprint
        with override_settings(SECRET_KEY="another panel's"):
            assert APP.fingerprint != ours


class TestRoles:
    def test_are_sorted_and_each_is_there_once(self) -> None:
        token = token_with({"roles": ["Mail.Send", "Mail.ReadWrite", "Mail.Send"]})
        assert roles_of(token) == ("Mail.ReadWrite", "Mail.Send")

    @pytest.mark.parametrize(
        "token",
        [
            "",
            "opaque",
            "EwB4A8l6BAAURSN/FHlDW5xN74t6GzbtsBBeBUYAAR",
            "..",
            "a.b.c",
            "a.b.c.d.e",
            "ä.ö.ü",
            "\ud800.\ud800.\ud800",
            token_with(b"\xff\xfe"),
            token_with(b"not JSON"),
            token_with(b"[" * 30_000),
            token_with(b'{"roles": ' + b"9" * 20_000 + b"}"),
            token_with([]),
            token_with({}),
            token_with({"roles": None}),
            token_with({"roles": "Mail.Send"}),
            token_with({"roles": {"Mail.Send": True}}),
            token_with({"roles": [1, None, [], {"a": 1}]}),
            token_with({"roles": ["Mail.Send\nMail.ReadWrite", "<script>", "\ud800", "", "x" * 101, "a b"]}),
            token_with({"roles": ["Mail.Send"], "filler": "x" * 100_000}),
            "x" * 1_000_000,
        ],
        ids=lambda token: ascii(token[:20]),
    )
    def test_of_garbage_are_none(self, token: str) -> None:
        assert roles_of(token) == ()

    def test_that_are_too_many_are_cut_off(self) -> None:
        assert len(roles_of(token_with({"roles": [f"Role.{number}" for number in range(1000)]}))) == 200

    @settings(deadline=None)
    @given(
        st.text()
        | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(lambda x: token_with({"roles": x}))
    )
    def test_never_fail(self, token: str) -> None:
        assert all(isinstance(role, str) for role in roles_of(token))
