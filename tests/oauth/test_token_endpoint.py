"""What each reply of a token endpoint means: the OAuth error decides, and where there is none, nothing is decided."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from notifications.models import AppToken
from notifications.oauth.app_tokens import app_token
from notifications.oauth.client_credentials import AppRegistration
from notifications.oauth.errors import OAuthFailure, Remedy
from notifications.oauth.settings import graph_registration_of
from tests.graph.faults import HTML, Fault, cut_before, failing, saying
from tests.graph.lab import use_stand_in
from tests.graph_stand_in import GraphStandIn
from tests.tls_endpoints import WRONG, WrongEndpoint

pytestmark = pytest.mark.django_db

DECISIONS = ("invalid_client", "unauthorized_client", "invalid_request", "invalid_scope", "unsupported_grant_type")
BUSY = ("temporarily_unavailable", "server_error", "slow_down", "internal_failure")
ENDPOINTS = ("token", "discovery")


@pytest.fixture
def registration(graph: GraphStandIn, tmp_path: Path, settings: Any) -> AppRegistration:
    return graph_registration_of(use_stand_in(graph, tmp_path, settings))


def failure_of(registration: AppRegistration) -> OAuthFailure:
    """The next call's, whatever an earlier one has to say about when it is due."""
    AppToken.objects.update(retry_at=None, access_token="")
    with pytest.raises(OAuthFailure) as caught:
        app_token(registration)
    return caught.value


def rejecting(status: int, error: object, text: object = "AADSTS7000: no.") -> Fault:
    body = json.dumps({"error": error, "error_description": text})
    return saying(status, body.encode(), "application/json")


@pytest.mark.parametrize("at", ENDPOINTS)
@pytest.mark.parametrize("status", [400, 401, 403])
@pytest.mark.parametrize("error", [*DECISIONS, "invalid_resource", "invalid_tenant", "some_error_of_tomorrow"])
def test_an_oauth_error_is_about_the_settings(
    registration: AppRegistration, graph: GraphStandIn, at: str, status: int, error: str
) -> None:
    graph.fault(rejecting(status, error), at)
    failure = failure_of(registration)
    assert (failure.remedy, failure.code, failure.text) == (Remedy.SETTINGS, error, "AADSTS7000: no.")


@pytest.mark.parametrize("at", ENDPOINTS)
@pytest.mark.parametrize("error", BUSY)
def test_an_oauth_error_of_a_busy_service_is_waited_for(
    registration: AppRegistration, graph: GraphStandIn, at: str, error: str
) -> None:
    graph.fault(rejecting(400, error, "AADSTS90033: try again."), at)
    failure = failure_of(registration)
    assert failure.remedy is Remedy.WAIT
    assert "AADSTS90033: try again." in failure.text


@pytest.mark.parametrize("at", ENDPOINTS)
@pytest.mark.parametrize("body", [b"", HTML, b"[]", b'"x"', b"{}", b'{"error": null}', b'{"error": {"code": 403}}'])
def test_no_status_without_an_oauth_error_decides_anything(
    registration: AppRegistration, graph: GraphStandIn, at: str, body: bytes
) -> None:
    for status in (200, 203, 299, *range(300, 600, 7), *range(400, 432), 451):
        graph.fault(saying(status, body), at)
        assert failure_of(registration).remedy is Remedy.WAIT, status


@pytest.mark.parametrize("status", [404, 405, 407, 408, 409, 410, 423, 425, 429, 451, 500, 502, 503, 504])
def test_a_status_that_is_none_of_oauths_decides_nothing_whatever_the_body_says(
    registration: AppRegistration, graph: GraphStandIn, status: int
) -> None:
    graph.fault(rejecting(status, "invalid_client"), "token")
    assert failure_of(registration).remedy is Remedy.WAIT


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [("120", 120), ("3", 60), ("1000000000", 3600), ("-5", 60), ("soon", 60), (None, 60)],
)
@pytest.mark.parametrize("status", [429, 503])
def test_a_retry_after_is_honored_by_every_worker(
    registration: AppRegistration, graph: GraphStandIn, status: int, asked: str | None, seconds: int
) -> None:
    graph.fault(failing(status, retry_after=asked), "token")
    failure = failure_of(registration)
    assert failure.retry_after == timedelta(seconds=seconds)
    with pytest.raises(OAuthFailure) as caught:
        app_token(registration)
    assert caught.value.retry_after is not None
    assert timedelta(seconds=seconds - 5) < caught.value.retry_after <= timedelta(seconds=seconds)
    assert len(graph.calls("token")) == 1
    assert AppToken.load().retry_at is not None
    AppToken.objects.update(retry_at=timezone.now())
    assert app_token(registration)


@pytest.mark.parametrize("at", ENDPOINTS)
def test_a_connection_that_breaks_is_waited_for(registration: AppRegistration, graph: GraphStandIn, at: str) -> None:
    graph.fault(cut_before(), at)
    assert failure_of(registration).remedy is Remedy.WAIT


def test_a_name_that_does_not_resolve_is_waited_for(graph: GraphStandIn, tmp_path: Path, settings: Any) -> None:
    nowhere = "https://login.microsoftonline.invalid"
    server = use_stand_in(graph, tmp_path, settings, {"login_host": nowhere})
    assert failure_of(graph_registration_of(server)).remedy is Remedy.WAIT


@pytest.mark.parametrize("wrong", WRONG)
def test_an_endpoint_that_cannot_be_trusted_is_told_nothing(
    graph: GraphStandIn, tmp_path: Path, settings: Any, wrong: str
) -> None:
    with WrongEndpoint(wrong) as endpoint:
        server = use_stand_in(graph, tmp_path, settings, {"login_host": endpoint.base})
        failure = failure_of(graph_registration_of(server))
    assert failure.remedy is Remedy.TLS
    assert endpoint.connections
    assert endpoint.heard == b""
