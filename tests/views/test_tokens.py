"""System > API tokens."""

import re
from datetime import date

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client

from notifications.models import ApiToken, AuditEvent
from notifications.views import tokens
from tests.views.conftest import CountQueries

pytestmark = pytest.mark.django_db
SECRET = re.compile(r'id="token"[^>]*>(ma_[\w-]{43})<')


def make(page: Client, name: str = "pdq") -> str:
    found = SECRET.search(page.post("/tokens/", {"name": name, "scopes": "report"}, follow=True).content.decode())
    assert found
    return found[1]


class TestMake:
    def test_shows_the_secret_that_opens_the_api(self, page: Client) -> None:
        token = ApiToken.verify(make(page))

        assert token is not None
        assert (token.name, str(token.created_by)) == ("pdq", "ada")

    def test_shows_it_once(self, page: Client) -> None:
        address = page.post("/tokens/", {"name": "pdq", "scopes": "report"}).headers["Location"]
        found = SECRET.search(page.get(address).content.decode())
        assert found

        again = page.get(address, follow=True)

        assert again.redirect_chain == [("/tokens/", 302)]
        assert "is shown once" in again.content.decode()
        assert "error-summary" not in again.content.decode()
        assert found[1] not in again.content.decode()

    def test_shows_it_in_no_other_browser(self, page: Client, ada: User) -> None:
        address = page.post("/tokens/", {"name": "pdq", "scopes": "report"}).headers["Location"]
        other = Client()
        other.force_login(ada)

        assert not SECRET.search(other.get(address, follow=True).content.decode())
        assert SECRET.search(page.get(address).content.decode())

    def test_shows_it_for_a_minute_only(self, page: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        address = page.post("/tokens/", {"name": "pdq", "scopes": "report"}).headers["Location"]
        monkeypatch.setattr(tokens, "KEPT_SECONDS", -1)

        assert not SECRET.search(page.get(address, follow=True).content.decode())

    def test_lets_nobody_store_the_page(self, page: Client) -> None:
        response = page.post("/tokens/", {"name": "pdq", "scopes": "report"}, follow=True)
        assert "no-store" in response.headers["Cache-Control"]

    def test_keeps_the_secret_nowhere_in_clear(self, page: Client) -> None:
        address = page.post("/tokens/", {"name": "pdq", "scopes": "report"}).headers["Location"]
        before = str([session.get_decoded() for session in Session.objects.all()])
        found = SECRET.search(page.get(address).content.decode())
        assert found

        assert tokens.UNSEEN in before
        assert found[1] not in before
        assert found[1] not in str(list(ApiToken.objects.values()))
        assert found[1] not in str(page.cookies)
        assert all(tokens.UNSEEN not in session.get_decoded() for session in Session.objects.all())

    def test_shows_the_one_token_to_who_clicked_twice(self, page: Client) -> None:
        first = page.post("/tokens/", {"name": "pdq", "scopes": "report"}).headers["Location"]

        assert page.post("/tokens/", {"name": "pdq", "scopes": "report"}).headers["Location"] == first
        assert ApiToken.objects.count() == 1

    def test_makes_no_second_one_of_a_name(self, page: Client) -> None:
        make(page)

        assert "in use" in page.post("/tokens/", {"name": "pdq", "scopes": "report"}).content.decode()
        assert ApiToken.objects.count() == 1

    def test_gives_the_name_of_a_revoked_one_again(self, page: Client) -> None:
        make(page)
        ApiToken.objects.get().revoke()

        assert make(page)

    def test_wants_something_that_it_may(self, page: Client) -> None:
        assert "Select at least one" in page.post("/tokens/", {"name": "pdq"}).content.decode()
        assert not ApiToken.objects.exists()

    @pytest.mark.parametrize("name", ["", "   ", "\0", "a\nb", "x" * 201, "\u2028"])
    def test_refuses_a_name_that_is_none(self, page: Client, name: str) -> None:
        response = page.post("/tokens/", {"name": name, "scopes": "report"})

        assert response.status_code == 200
        assert "error-summary" in response.content.decode()
        assert not ApiToken.objects.exists()


class TestList:
    def test_tells_name_prefix_and_maker(self, page: Client) -> None:
        secret = make(page, "<b>pdq</b>")

        html = page.get("/tokens/").content.decode()

        assert "&lt;b&gt;pdq&lt;/b&gt;" in html
        assert f"{secret[:12]}…" in html
        assert "by ada" in html

    def test_takes_as_many_queries_for_thirty_as_for_three(self, page: Client, count_queries: CountQueries) -> None:
        for number in range(3):
            make(page, f"tool {number}")
        few = count_queries("/tokens/")
        for number in range(27):
            make(page, f"further tool {number}")

        assert count_queries("/tokens/") == few

    @pytest.mark.parametrize("query", ["after=x", "before=%00"])
    def test_says_404_to_a_place_that_is_none(self, page: Client, query: str) -> None:
        assert page.get(f"/tokens/?{query}").status_code == 404


LIMITS = {
    "sources": "pdq\r\n\r\n jenkins-* \r\npdq",
    "link_hosts": "tool.example.com",
    "reports_per_minute": "60",
    "expires_on": "2999-12-31",
    "conflict_recipients": "Ops <ops@peer.test>, user:ada",
}


class TestLimits:
    def test_are_given_to_a_new_token(self, page: Client) -> None:
        page.post("/tokens/", {"name": "pdq", "scopes": "report"} | LIMITS)
        token = ApiToken.objects.get()

        assert (token.sources, token.link_hosts) == (["pdq", "jenkins-*"], ["tool.example.com"])
        assert (token.reports_per_minute, token.expires_on) == (60, date(2999, 12, 31))
        assert token.conflict_recipients == ["Ops <ops@peer.test>", "user:ada"]
        event = AuditEvent.objects.get()
        assert (event.action, event.fields) == ("token_made", sorted(LIMITS))

    def test_are_in_the_list(self, page: Client) -> None:
        page.post("/tokens/", {"name": "pdq", "scopes": "report"} | LIMITS)

        html = page.get("/tokens/").content.decode()

        for text in ("Sources: pdq, jenkins-*", "tool.example.com", "60 reports a minute", "until 31 Dec 2999"):
            assert text in html

    def test_are_changed_later_with_a_record_of_which(self, page: Client) -> None:
        token = ApiToken.issue("pdq", sources=["pdq"])[0]
        address = f"/tokens/{token.pk}/limits/"
        assert page.get(address).context["form"]["sources"].value() == "pdq"

        page.post(address, {"sources": "pdq", "reports_per_minute": "5"})

        token.refresh_from_db()
        assert (token.sources, token.reports_per_minute) == (["pdq"], 5)
        event = AuditEvent.objects.first()
        assert event
        assert (event.action, event.actor_name, event.fields) == ("token_changed", "ada", ["reports_per_minute"])
        assert "Reports a minute" in page.get("/audit/").content.decode()

    def test_that_are_as_they_were_make_no_record(self, page: Client) -> None:
        token = ApiToken.issue("pdq")[0]

        page.post(f"/tokens/{token.pk}/limits/", {})

        assert [event.action for event in AuditEvent.objects.all()] == ["token_made"]

    def test_of_an_expired_token_may_be_prolonged_and_the_past_day_kept(self, page: Client) -> None:
        token = ApiToken.issue("pdq", expires_on=date(2020, 1, 1))[0]
        address = f"/tokens/{token.pk}/limits/"
        assert "Expired" in page.get("/tokens/").content.decode()

        assert page.post(address, {"sources": "pdq", "expires_on": "2020-01-01"}).status_code == 302
        assert page.post(address, {"expires_on": "2999-12-31"}).status_code == 302

        token.refresh_from_db()
        assert not token.is_expired

    @pytest.mark.parametrize(
        ("field", "value"),
        [("sources", "x" * 301), ("sources", "*" * 21), ("link_hosts", "https://tool/"), ("link_hosts", "a b")]
        + [("reports_per_minute", "0"), ("expires_on", "31.12.2999"), ("expires_on", "2020-01-01")]
        + [("conflict_recipients", "nobody"), ("sources", "\n".join(map(str, range(51))))],
    )
    def test_that_do_not_fit_are_refused(self, page: Client, field: str, value: str) -> None:
        token = ApiToken.issue("pdq")[0]

        response = page.post(f"/tokens/{token.pk}/limits/", {field: value})

        assert list(response.context["form"].errors) == [field]
        assert "error-summary" in response.content.decode()

    def test_of_a_revoked_token_stay(self, page: Client) -> None:
        token = ApiToken.issue("pdq")[0]
        token.revoke()

        assert page.post(f"/tokens/{token.pk}/limits/", {"sources": "pdq"}).headers["Location"] == "/tokens/"
        assert ApiToken.objects.get().sources == []


class TestRevoke:
    def test_asks_first(self, page: Client) -> None:
        secret = make(page)
        token = ApiToken.objects.get()

        assert "Revoke “pdq”" in page.get(f"/tokens/{token.pk}/revocation/").content.decode()
        assert ApiToken.verify(secret)

    def test_shuts_the_api_at_once(self, page: Client) -> None:
        secret = make(page)
        token = ApiToken.objects.get()

        page.post(f"/tokens/{token.pk}/revocation/")

        assert ApiToken.verify(secret) is None
        assert "Revoked" in page.get("/tokens/").content.decode()

    def test_keeps_the_time_of_the_first_revocation(self, page: Client) -> None:
        make(page)
        token = ApiToken.objects.get()
        page.post(f"/tokens/{token.pk}/revocation/")
        first = ApiToken.objects.get().revoked_at

        page.post(f"/tokens/{token.pk}/revocation/")

        assert ApiToken.objects.get().revoked_at == first

    def test_says_404_to_an_id_that_is_none(self, page: Client) -> None:
        assert page.post("/tokens/99999999999999999999/revocation/").status_code == 404

    def test_needs_somebody_who_is_signed_in(self, client: Client) -> None:
        token, _ = ApiToken.issue("pdq")

        assert client.post(f"/tokens/{token.pk}/revocation/").status_code == 302
        assert ApiToken.objects.get().revoked_at is None
