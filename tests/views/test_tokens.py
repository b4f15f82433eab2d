"""System > API tokens."""

import re

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from notifications.models import ApiToken
from notifications.views import tokens
from tests.views.conftest import CountQueries

pytestmark = pytest.mark.django_db
SECRET = re.compile(r'id="token"[^>]*>(ma_[\w-]{43})<')


def make(browser: Client, name: str = "pdq") -> str:
    found = SECRET.search(browser.post("/tokens/", {"name": name, "scopes": "report"}, follow=True).content.decode())
    assert found
    return found[1]


class TestMake:
    def test_shows_the_secret_that_opens_the_api(self, browser: Client) -> None:
        token = ApiToken.verify(make(browser))

        assert token is not None
        assert (token.name, str(token.created_by)) == ("pdq", "olga")

    def test_shows_it_once(self, browser: Client) -> None:
        address = browser.post("/tokens/", {"name": "pdq", "scopes": "report"}).headers["Location"]
        found = SECRET.search(browser.get(address).content.decode())
        assert found

        again = browser.get(address, follow=True)

        assert again.redirect_chain == [("/tokens/", 302)]
        assert "is shown once" in again.content.decode()
        assert "error-summary" not in again.content.decode()
        assert found[1] not in again.content.decode()

    def test_shows_it_in_no_other_browser(self, browser: Client, page: Client) -> None:
        address = browser.post("/tokens/", {"name": "pdq", "scopes": "report"}).headers["Location"]

        assert not SECRET.search(page.get(address, follow=True).content.decode())
        assert SECRET.search(browser.get(address).content.decode())

    def test_shows_it_for_a_minute_only(self, browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        address = browser.post("/tokens/", {"name": "pdq", "scopes": "report"}).headers["Location"]
        monkeypatch.setattr(tokens, "KEPT_SECONDS", -1)

        assert not SECRET.search(browser.get(address, follow=True).content.decode())

    def test_lets_nobody_store_the_page(self, browser: Client) -> None:
        response = browser.post("/tokens/", {"name": "pdq", "scopes": "report"}, follow=True)
        assert "no-store" in response.headers["Cache-Control"]

    def test_keeps_the_secret_nowhere_in_clear(self, browser: Client) -> None:
        address = browser.post("/tokens/", {"name": "pdq", "scopes": "report"}).headers["Location"]
        before = str([session.get_decoded() for session in Session.objects.all()])
        found = SECRET.search(browser.get(address).content.decode())
        assert found

        assert tokens.UNSEEN in before
        assert found[1] not in before
        assert found[1] not in str(list(ApiToken.objects.values()))
        assert found[1] not in str(browser.cookies)
        assert all(tokens.UNSEEN not in session.get_decoded() for session in Session.objects.all())

    def test_shows_the_one_token_to_who_clicked_twice(self, browser: Client) -> None:
        first = browser.post("/tokens/", {"name": "pdq", "scopes": "report"}).headers["Location"]

        assert browser.post("/tokens/", {"name": "pdq", "scopes": "report"}).headers["Location"] == first
        assert ApiToken.objects.count() == 1

    def test_makes_no_second_one_of_a_name(self, browser: Client) -> None:
        make(browser)

        assert "in use" in browser.post("/tokens/", {"name": "pdq", "scopes": "report"}).content.decode()
        assert ApiToken.objects.count() == 1

    def test_gives_the_name_of_a_revoked_one_again(self, browser: Client) -> None:
        make(browser)
        ApiToken.objects.get().revoke()

        assert make(browser)

    def test_wants_something_that_it_may(self, browser: Client) -> None:
        assert "Tick what it may do" in browser.post("/tokens/", {"name": "pdq"}).content.decode()
        assert not ApiToken.objects.exists()

    @pytest.mark.parametrize("name", ["", "   ", "\0", "a\nb", "x" * 201, "\u2028"])
    def test_refuses_a_name_that_is_none(self, browser: Client, name: str) -> None:
        response = browser.post("/tokens/", {"name": name, "scopes": "report"})

        assert response.status_code == 200
        assert "error-summary" in response.content.decode()
        assert not ApiToken.objects.exists()


class TestList:
    def test_tells_name_prefix_and_maker(self, browser: Client) -> None:
        secret = make(browser, "<b>pdq</b>")

        html = browser.get("/tokens/").content.decode()

        assert "&lt;b&gt;pdq&lt;/b&gt;" in html
        assert f"{secret[:12]}…" in html
        assert "by olga" in html

    def test_takes_as_many_queries_for_thirty_as_for_three(self, browser: Client, count_queries: CountQueries) -> None:
        for number in range(3):
            make(browser, f"tool {number}")
        few = count_queries("/tokens/")
        for number in range(27):
            make(browser, f"further tool {number}")

        assert count_queries("/tokens/") == few

    @pytest.mark.parametrize("query", ["after=x", "before=%00"])
    def test_says_404_to_a_place_that_is_none(self, browser: Client, query: str) -> None:
        assert browser.get(f"/tokens/?{query}").status_code == 404


class TestRevoke:
    def test_asks_first(self, browser: Client) -> None:
        secret = make(browser)
        token = ApiToken.objects.get()

        assert "Revoke “pdq”" in browser.get(f"/tokens/{token.pk}/revocation/").content.decode()
        assert ApiToken.verify(secret)

    def test_shuts_the_api_at_once(self, browser: Client) -> None:
        secret = make(browser)
        token = ApiToken.objects.get()

        browser.post(f"/tokens/{token.pk}/revocation/")

        assert ApiToken.verify(secret) is None
        assert "Revoked" in browser.get("/tokens/").content.decode()

    def test_keeps_the_time_of_the_first_revocation(self, browser: Client) -> None:
        make(browser)
        token = ApiToken.objects.get()
        browser.post(f"/tokens/{token.pk}/revocation/")
        first = ApiToken.objects.get().revoked_at

        browser.post(f"/tokens/{token.pk}/revocation/")

        assert ApiToken.objects.get().revoked_at == first

    def test_says_404_to_an_id_that_is_none(self, browser: Client) -> None:
        assert browser.post("/tokens/99999999999999999999/revocation/").status_code == 404

    def test_needs_somebody_who_is_signed_in(self, client: Client) -> None:
        token, _ = ApiToken.issue("pdq")

        assert client.post(f"/tokens/{token.pk}/revocation/").status_code == 302
        assert ApiToken.objects.get().revoked_at is None
