"""Who may report."""

import base64
import logging
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from notifications.api.limiter import ALLOWED_FAILURES
from notifications.models import ApiToken, Completion, rate_counter
from tests.api.errors import error_of
from tests.base import administrator
from tests.reports import a_body

pytestmark = pytest.mark.django_db
URL = "/api/v1/completions"


def send(client: Client, authorization: str | None = None, url: str = URL, **options: Any) -> Any:
    headers = {"Authorization": authorization} if authorization is not None else {}
    return client.post(url, a_body(), content_type="application/json", headers=headers, **options)


class TestToken:
    def test_a_good_one_is_let_in_and_its_use_is_noted(self, client: Client, secret: str) -> None:
        assert send(client, f"Bearer {secret}").status_code == 202
        assert ApiToken.objects.get().last_used_at is not None

    def test_the_scheme_is_read_in_any_case(self, client: Client, secret: str) -> None:
        assert send(client, f"bearer  {secret} ").status_code == 202

    def test_a_missing_one_is_refused(self, client: Client) -> None:
        response = send(client)
        assert "missing" in error_of(response, 401, "unauthorized")["message"]
        assert response["WWW-Authenticate"] == 'Bearer realm="mailadmin"'

    @pytest.mark.parametrize(
        "header", ["Bearer", "Bearer ", "Bearer x", "Token {}", "{}", "Bearer {} {}", "Bearer {},{}"]
    )
    def test_a_malformed_header_is_refused(self, client: Client, secret: str, header: str) -> None:
        response = send(client, header.format(secret, secret))
        error_of(response, 401, "unauthorized")
        assert "WWW-Authenticate" in response

    @pytest.mark.parametrize("odd", ["\x00", "é", "ma_\x85" + "a" * 40, "ma_" + "a" * 100_000, "ma_" + "a" * 43 + "\n"])
    def test_an_odd_one_is_refused_too(self, client: Client, odd: str) -> None:
        error_of(client.post(URL, HTTP_AUTHORIZATION=f"Bearer {odd}"), 401, "unauthorized")

    def test_one_with_the_right_prefix_only_is_refused(self, client: Client, secret: str) -> None:
        error_of(send(client, f"Bearer {secret[:-1]}{'A' if secret[-1] != 'A' else 'B'}"), 401, "unauthorized")

    def test_basic_authentication_is_refused(self, client: Client, secret: str) -> None:
        error_of(send(client, "Basic " + base64.b64encode(f"x:{secret}".encode()).decode()), 401, "unauthorized")

    def test_a_revoked_one_is_refused_at_once_like_an_unknown_one(self, client: Client, secret: str) -> None:
        assert send(client, f"Bearer {secret}").status_code == 202
        ApiToken.objects.get().revoke()
        revoked, unknown = send(client, f"Bearer {secret}"), send(client, f"Bearer ma_{'x' * 43}")
        assert revoked.content == unknown.content
        error_of(revoked, 401, "unauthorized")

    @pytest.mark.parametrize("name", ["token", "access_token", "Api_Key", "anything"])
    def test_one_in_the_address_is_refused_even_beside_a_good_header(
        self, client: Client, secret: str, name: str
    ) -> None:
        response = send(client, f"Bearer {secret}", url=f"{URL}?{name}={secret}")
        assert "logs" in error_of(response, 401, "unauthorized")["message"]

    def test_a_session_is_no_token(self, client: Client) -> None:
        client.force_login(administrator())
        error_of(send(client), 401, "unauthorized")

    def test_no_csrf_token_is_asked_for(self, secret: str) -> None:
        assert send(Client(enforce_csrf_checks=True), f"Bearer {secret}").status_code == 202

    @pytest.mark.parametrize("path", ["completions", "messages"])
    def test_reading_needs_one_as_well(self, client: Client, path: str) -> None:
        url = f"/api/v1/{path}/11111111-1111-1111-1111-111111111111"
        error_of(client.get(url), 401, "unauthorized")

    def test_it_is_never_logged(self, client: Client, secret: str, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        send(client, f"Bearer {secret}")
        send(client, f"Bearer {secret}x")
        send(client, url=f"{URL}?token={secret}")
        assert caplog.records
        assert secret not in caplog.text


class TestLimiter:
    @pytest.fixture(autouse=True)
    def within_a_minute(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(rate_counter, "time", SimpleNamespace(time=lambda: 6_000_015.5))

    def test_too_many_failures_of_an_address_are_asked_to_wait(self, client: Client) -> None:
        statuses = [send(client, "Bearer x").status_code for _ in range(ALLOWED_FAILURES)]
        response = send(client, "Bearer x")
        assert set(statuses) == {401}
        error_of(response, 429, "too_many_failures")
        assert response["Retry-After"] == "45"

    def test_another_address_is_not_held_responsible(self, client: Client) -> None:
        for _ in range(ALLOWED_FAILURES + 1):
            send(client, "Bearer x")
        assert send(client, "Bearer x", REMOTE_ADDR="192.0.2.7").status_code == 401

    def test_a_good_token_passes_all_the_same(self, client: Client, secret: str) -> None:
        for _ in range(ALLOWED_FAILURES + 1):
            send(client, "Bearer x")
        assert send(client, f"Bearer {secret}").status_code == 202
        assert Completion.objects.count() == 1

    def test_behind_a_trusted_proxy_its_word_for_the_address_counts(self, client: Client, settings: Any) -> None:
        settings.TRUST_PROXY_HEADERS = True
        for number in range(ALLOWED_FAILURES + 1):
            last = send(client, "Bearer x", HTTP_X_FORWARDED_FOR=f"10.0.0.{number}, 192.0.2.7")
        assert last.status_code == 429
        assert send(client, "Bearer x", HTTP_X_FORWARDED_FOR="192.0.2.7, 192.0.2.8").status_code == 401

    def test_without_a_trusted_proxy_nobody_can_make_up_an_address(self, client: Client) -> None:
        for number in range(ALLOWED_FAILURES + 1):
            last = send(client, "Bearer x", HTTP_X_FORWARDED_FOR=f"192.0.2.{number}")
        assert last.status_code == 429


class TestScopes:
    """What a token may do, and nothing besides."""

    CALLS = (("post", URL, "report"), ("get", f"{URL}/{'0' * 8}-0000-0000-0000-{'0' * 12}", "read"))

    @pytest.mark.parametrize(("method", "url", "scope"), CALLS)
    @pytest.mark.parametrize("has", ["report", "read", "manage"])
    def test_opens_what_it_says_and_nothing_else(
        self, client: Client, method: str, url: str, scope: str, has: str
    ) -> None:
        token = ApiToken.issue("narrow", [has])[1]
        options = {"data": a_body(), "content_type": "application/json"} if method == "post" else {}
        response = getattr(client, method)(url, headers={"Authorization": f"Bearer {token}"}, **options)
        if scope == has:
            assert response.status_code in (202, 404)
        else:
            error_of(response, 403, "insufficient_scope")
            assert f'scope="{scope}"' in response["WWW-Authenticate"]

    def test_the_refusal_says_what_the_token_lacks(self, client: Client) -> None:
        token = ApiToken.issue("narrow", ["read"])[1]
        message = error_of(send(client, f"Bearer {token}"), 403, "insufficient_scope")["message"]
        assert "Report completions" in message

    def test_a_refused_report_stores_nothing(self, client: Client) -> None:
        token = ApiToken.issue("narrow", ["read", "manage"])[1]
        send(client, f"Bearer {token}")
        assert not Completion.objects.exists()

    def test_a_new_token_may_report_only(self, db: None) -> None:
        assert ApiToken.issue("new")[0].scopes == ["report"]
