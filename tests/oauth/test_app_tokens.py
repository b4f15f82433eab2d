"""One token for all workers of Graph mode, and few calls for it."""

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections
from django.utils import timezone

from notifications.models import AppToken, MailServerSettings
from notifications.oauth.app_tokens import app_token
from notifications.oauth.client_credentials import AppRegistration, fetch
from notifications.oauth.errors import OAuthFailure, Remedy
from notifications.oauth.settings import graph_registration_of
from tests.oauth.graph_lab import SECRET, use_app, use_graph
from tests.peers.identity import IdentityPeer

pytestmark = pytest.mark.django_db

Use = Callable[..., AppRegistration]


@pytest.fixture
def use(identity_peer: IdentityPeer, tmp_path: Path, settings: Any) -> Use:
    return lambda **columns: use_app(identity_peer, tmp_path, settings, **columns)


def statuses(peer: IdentityPeer) -> list[int]:
    return [call["status"] for call in peer.log()]


def test_a_fresh_token_is_used_again(use: Use, identity_peer: IdentityPeer) -> None:
    registration = use()
    assert app_token(registration) == app_token(registration)
    assert statuses(identity_peer) == [200]


def test_a_token_that_graph_refused_is_replaced_once(use: Use, identity_peer: IdentityPeer) -> None:
    registration = use()
    first = app_token(registration)
    second = app_token(registration, first)
    assert second != first
    assert app_token(registration, first) == second
    assert statuses(identity_peer) == [200, 200]


def test_a_token_near_its_end_is_replaced(use: Use) -> None:
    registration = use()
    first = app_token(registration)
    AppToken.objects.update(
        fetched_at=timezone.now() - timedelta(minutes=56), expires_at=timezone.now() + timedelta(minutes=4)
    )
    assert app_token(registration) != first


def test_a_token_of_a_short_life_is_not_replaced_at_once(use: Use, identity_peer: IdentityPeer) -> None:
    identity_peer.set(access_token_seconds=120)
    registration = use()
    assert app_token(registration) == app_token(registration)


def test_the_row_holds_the_roles_and_forgets_what_the_old_token_could_do(use: Use, identity_peer: IdentityPeer) -> None:
    registration = use()
    first = app_token(registration)
    AppToken.objects.update(may_draft=True)
    identity_peer.set(roles=["Mail.Send"])
    app_token(registration, first)
    row = AppToken.load()
    assert (row.roles, row.may_draft) == ("Mail.Send", None)


@pytest.mark.parametrize(
    "columns",
    [
        {"client_secret": "another"},
        {"client_id": "another"},
        {"tenant_id": "contoso.test"},
        {"graph_host": "https://graph.lab.test"},
    ],
    ids=lambda columns: next(iter(columns)),
)
def test_no_token_is_used_for_other_values_than_it_was_given_to(use: Use, columns: dict[str, str]) -> None:
    registration = use()
    app_token(registration)
    assert use(**columns).fingerprint != registration.fingerprint


def test_a_wrong_new_secret_is_not_covered_up_by_the_old_token(use: Use) -> None:
    app_token(use())
    with pytest.raises(OAuthFailure, match="invalid_client") as caught:
        app_token(use(client_secret="wrong"))
    assert caught.value.remedy is Remedy.SETTINGS
    row = AppToken.load()
    assert (row.access_token, row.roles, row.expires_at) == ("", "", None)


def test_a_mended_secret_works_at_once(use: Use) -> None:
    with pytest.raises(OAuthFailure):
        app_token(use(client_secret="wrong"))
    assert app_token(use())
    assert AppToken.load().reason == ""


def test_what_was_mended_at_microsoft_works_at_once(use: Use, identity_peer: IdentityPeer) -> None:
    registration = use()
    identity_peer.next_answers((401, '{"error": "invalid_client", "error_description": "AADSTS7000222: expired"}'))
    with pytest.raises(OAuthFailure, match="AADSTS7000222"):
        app_token(registration)
    assert app_token(registration)


class TestAfterAFailureThatTimeHeals:
    def test_all_workers_together_make_one_call_a_minute(self, use: Use, identity_peer: IdentityPeer) -> None:
        registration = use()
        identity_peer.next_answers(*[(503, "busy")] * 5)
        for _ in range(5):
            with pytest.raises(OAuthFailure) as caught:
                app_token(registration)
            assert caught.value.remedy is Remedy.WAIT
        assert statuses(identity_peer) == [503]

    def test_each_is_told_when_the_next_call_is_due(self, use: Use, identity_peer: IdentityPeer) -> None:
        registration = use()
        identity_peer.next_answers((503, "busy"))
        waits = []
        for _ in range(2):
            with pytest.raises(OAuthFailure) as caught:
                app_token(registration)
            waits.append(caught.value.retry_after)
        assert waits[0] == timedelta(minutes=1)
        assert waits[1] is not None
        assert timedelta() < waits[1] < waits[0]

    def test_the_next_minute_makes_a_new_call(self, use: Use, identity_peer: IdentityPeer) -> None:
        registration = use()
        identity_peer.next_answers((503, "busy"))
        with pytest.raises(OAuthFailure):
            app_token(registration)
        AppToken.objects.update(retry_at=timezone.now())
        assert app_token(registration)

    def test_other_values_need_not_wait(self, use: Use, identity_peer: IdentityPeer) -> None:
        identity_peer.next_answers((503, "busy"))
        with pytest.raises(OAuthFailure):
            app_token(use(client_secret="wrong"))
        assert app_token(use())

    def test_a_token_that_still_lasts_is_used(self, use: Use, identity_peer: IdentityPeer) -> None:
        registration = use()
        token = app_token(registration)
        AppToken.objects.update(reason="it was busy", retry_at=timezone.now() + timedelta(minutes=1))
        assert app_token(registration) == token


def test_a_draft_of_the_values_leaves_the_row_alone(use: Use) -> None:
    registration = use()
    app_token(registration)
    before = AppToken.objects.values().get()
    assert fetch(AppRegistration(registration.endpoints, "graph-daemon", registration.tenant_id, SECRET)).roles
    assert AppToken.objects.values().get() == before


def test_a_secret_that_no_key_opens_says_so(identity_peer: IdentityPeer, tmp_path: Path, settings: Any) -> None:
    use_graph(identity_peer, tmp_path, settings)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE notifications_mailserversettings SET graph_client_secret = %s", [b"garbage"])
    with pytest.raises(OAuthFailure, match="cannot be read with the present FERNET_KEYS") as caught:
        graph_registration_of(MailServerSettings.load())
    assert caught.value.remedy is Remedy.SETTINGS


def test_a_cloud_that_left_the_file_says_so(identity_peer: IdentityPeer, tmp_path: Path, settings: Any) -> None:
    server = use_graph(identity_peer, tmp_path, settings, cloud="microsoft.gone")
    with pytest.raises(OAuthFailure, match="cloud microsoft.gone is not known any more"):
        graph_registration_of(server)


def test_a_token_that_no_key_opens_is_replaced(use: Use) -> None:
    registration = use()
    app_token(registration)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE notifications_apptoken SET access_token = %s", [b"garbage"])
    assert app_token(registration)


class TestTheTurn:
    def test_of_a_worker_that_died_goes_to_another(self, use: Use) -> None:
        registration = use()
        assert AppToken.load().take_turn(registration.fingerprint, timezone.now() - timedelta(minutes=1))
        assert app_token(registration, patience=0)

    def test_of_somebody_else_is_waited_for_no_longer_than_the_mail_may(self, use: Use) -> None:
        registration = use()
        assert AppToken.load().take_turn(registration.fingerprint, timezone.now())
        with pytest.raises(OAuthFailure, match="another worker is fetching") as caught:
            app_token(registration, patience=0.2)
        assert caught.value.remedy is Remedy.WAIT

    def test_is_one_workers_at_a_time(self, use: Use) -> None:
        fingerprint, now = use().fingerprint, timezone.now()
        rows = [AppToken.load(), AppToken.load()]
        assert [row.take_turn(fingerprint, now) for row in rows] == [True, False]

    def test_that_is_over_writes_nothing(self, use: Use) -> None:
        registration = use()
        late = AppToken.load()
        assert late.take_turn(registration.fingerprint, timezone.now() - timedelta(minutes=1))
        token = app_token(registration)
        assert not late.end_turn(access_token="late", reason="late")
        assert (AppToken.load().access_token, AppToken.load().reason) == (token, "")


@pytest.mark.django_db(transaction=True)
class TestManyWorkers:
    def test_share_one_call(self, use: Use, identity_peer: IdentityPeer) -> None:
        workers = [Worker(use()) for _ in range(8)]
        answers = {worker.answer() for worker in workers}
        assert [len(answer) > 500 for answer in answers] == [True]
        assert statuses(identity_peer) == [200]

    def test_share_one_refusal(self, use: Use, identity_peer: IdentityPeer) -> None:
        registration = use()
        first = AppToken.load()
        assert first.take_turn(registration.fingerprint, timezone.now())
        workers = [Worker(registration) for _ in range(8)]
        assert all(worker.has_asked.wait(30) for worker in workers)
        first.end_turn(reason="invalid_client: AADSTS7000215")
        assert {worker.answer() for worker in workers} == {"settings invalid_client: AADSTS7000215"}
        assert statuses(identity_peer) == []


class Worker:
    """Asks for a token on a connection of its own. `has_asked`: for its turn, once at least."""

    def __init__(self, registration: AppRegistration) -> None:
        self.has_asked = threading.Event()
        self._registration, self._answer = registration, ""
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()

    def answer(self) -> str:
        self._thread.join(60)
        return self._answer

    def _ask(self) -> None:
        try:
            with connection.execute_wrapper(self._watch):
                self._answer = app_token(self._registration)
        except OAuthFailure as error:
            self._answer = f"{error.remedy} {error}"
        finally:
            connections.close_all()

    def _watch(self, execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        result = execute(sql, *rest)
        if sql.startswith("UPDATE"):
            self.has_asked.set()
        return result
