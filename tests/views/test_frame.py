"""What every page has: the mail state, the menu, the colours, and pages for what went wrong."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import escape
from django.views.defaults import permission_denied

from mailadmin.urls import urlpatterns as pages
from notifications.access import ACCESS, Role, row
from notifications.diagnosis import explain
from notifications.models import HoldReason, MailServerState, Message, Safety
from tests.base import a_message, begin_attempt, use_smtp


def fails(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("the text of an exception is nobody's business")


urlpatterns = [*pages, path("fails/", fails, name="fails")]


def text_of(page: Client, name: str = "deliveries") -> str:
    return str(page.get(reverse(name)).content.decode())


class TestMailState:
    def test_flows_and_says_when_a_mail_was_last_accepted(self, page: Client) -> None:
        use_smtp(host="127.0.0.1", port=1)
        attempt = begin_attempt(a_message(), mode="basic", settings_version=1, worker="test:1")
        assert attempt
        attempt.finish(attempt.Outcome.ACCEPTED)

        text = text_of(page)
        assert "Mail is flowing" in text
        assert "· accepted <time" in text
        assert 'class="banner"' not in text

    def test_not_set_up_leads_to_the_form(self, page: Client) -> None:
        text = text_of(page)
        assert "Mail server not set up" in text
        assert "Set up Mail Server" in text

    def test_paused_says_what_to_do(self, page: Client) -> None:
        use_smtp(host="127.0.0.1", port=1)
        MailServerState.load().pause(timedelta(minutes=1), "421 4.3.2 too many concurrent connections")

        text = text_of(page)
        assert f"Mail is waiting: {explain('', '421 4.3.2 too many concurrent connections').clause}" in text
        advice = explain("", "421 4.3.2 too many concurrent connections", "basic").fix
        assert advice
        assert escape(advice) in text

    def test_held_says_why_what_to_do_what_waits_and_who_can_try(self, page: Client) -> None:
        use_smtp(host="127.0.0.1", port=1)
        MailServerState.load().hold(HoldReason.SIGN_IN, "535 5.7.8", "authentication <failed>")
        a_message()

        text = text_of(page)
        assert "Mail is held: the mail server rejected the sign-in" in text
        assert "535 5.7.8 authentication &lt;failed&gt;" in text
        assert "1 mail waiting" in text
        assert f'action="{reverse("probes")}"' in text
        assert "Open Mail Server" in text

    def test_of_a_closed_port_names_it_and_says_when_it_is_tried(self, page: Client) -> None:
        use_smtp(host="127.0.0.1", port=9)
        text = "Could not connect to 127.0.0.1:9 (127.0.0.1): Connection refused"
        MailServerState.load().pause(timedelta(minutes=5), text)
        a_message()

        text = text_of(page)
        assert "Mail is waiting: nothing listens at 127.0.0.1:9" in text
        assert "next try <time" in text
        assert "paused" not in text.lower().replace("paused-", "")
        assert f'action="{reverse("probes")}"' in text

    def test_is_not_called_flowing_between_two_tries_in_vain(self, page: Client) -> None:
        use_smtp(host="127.0.0.1", port=9)
        MailServerState.load().pause(timedelta(seconds=-1), "Connection refused")
        a_message(next_attempt_at=timezone.now() + timedelta(seconds=30))
        assert "Mail is waiting" in text_of(page)

    def test_before_the_first_mail_is_ready_and_no_more(self, page: Client) -> None:
        use_smtp(host="127.0.0.1", port=1)
        assert "Ready to send" in text_of(page)

    def test_says_on_every_page_what_people_stopped_and_leads_there(self, page: Client) -> None:
        use_smtp(host="127.0.0.1", port=1)
        Safety.load().change({"paused": True, "reroute_to": "lab@contoso.test"})
        assert self.bar(page) == ("warning", "/safety/", "Mail is paused · for 0 s")
        Safety.load().change({"paused": False})
        assert self.bar(page) == ("warning", "/safety/", "Mail is rerouted · for 0 s")

    def test_of_a_fault_comes_before_what_people_stopped(self, page: Client) -> None:
        use_smtp(host="127.0.0.1", port=1)
        Safety.load().change({"paused": True})
        MailServerState.load().hold(HoldReason.SIGN_IN, "535", "no")
        MailServerState.objects.update(held_since=timezone.now() - timedelta(seconds=5.7))
        assert self.bar(page) == ("failed", "/mail-server/", "Mail is held · for 6 s")

    def bar(self, page: Client) -> tuple[str, ...]:
        """Tone, address and words."""
        found = re.search(r'id="mail-state" data-tone="(\w+)" href="([^"]+)">(.*?)</a>', text_of(page), re.S)
        assert found
        return found[1], found[2], " ".join(re.sub(r"<[^>]+>", " ", found[3]).split())

    def test_is_not_for_strangers(self, db: None) -> None:
        assert "Mail server" not in Client().get(reverse("sign-in")).content.decode()


class TestMenu:
    def test_marks_the_page_one_is_on(self, page: Client) -> None:
        text = text_of(page, "inbox")
        assert '<a href="/inbox/" aria-current="page">Inbox</a>' in text
        assert '<a href="/deliveries/">Deliveries</a>' in text

    def test_home_is_the_dashboard(self, page: Client) -> None:
        assert page.get("/")["Location"] == reverse("dashboard")


class TestColours:
    def choose(self, client: Client, theme: str, next_page: str = "/inbox/") -> Any:
        return client.post(reverse("theme"), {"theme": theme, "next": next_page})

    @pytest.mark.parametrize("theme", ["light", "dark"])
    def test_are_kept_in_a_cookie(self, page: Client, theme: str) -> None:
        assert self.choose(page, theme)["Location"] == "/inbox/"
        assert f'data-theme="{theme}"' in text_of(page)

    def test_follow_the_system_again(self, page: Client) -> None:
        self.choose(page, "dark")
        self.choose(page, "")
        assert "data-theme" not in text_of(page).partition("<head>")[0]

    def test_a_cookie_with_anything_else_is_ignored(self, page: Client) -> None:
        page.cookies["theme"] = '"><script>'
        assert "data-theme" not in text_of(page).partition("<head>")[0]

    def test_lead_to_no_foreign_place(self, page: Client) -> None:
        assert self.choose(page, "dark", "//evil.example")["Location"] == "/"


class TestErrors:
    def test_a_missing_page_looks_like_the_product(self, page: Client) -> None:
        response = page.get("/nothing/here/")
        assert response.status_code == 404
        assert "There is nothing here" in response.content.decode()

    @pytest.mark.urls("tests.views.test_frame")
    def test_a_mistake_of_ours_leaks_nothing(self, page: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(ACCESS, "fails", row(get=Role.VIEWER))
        page.raise_request_exception = False
        response = page.get("/fails/")
        text = response.content.decode()
        assert response.status_code == 500
        assert "Something went wrong" in text
        assert "nobody's business" not in text
        assert "Traceback" not in text

    def test_a_host_that_is_not_ours_is_told_how_to_name_it(self, page: Client) -> None:
        response = page.get("/", headers={"Host": "evil.example"})
        assert response.status_code == 400
        assert "ALLOWED_HOSTS" in response.content.decode()

    def test_a_form_from_elsewhere_does_nothing(self, ada: object) -> None:
        response = Client(enforce_csrf_checks=True).post(reverse("sign-in"), {"username": "ada"})
        assert response.status_code == 403
        assert "Nothing was done" in response.content.decode()

    def test_what_is_not_allowed_says_whom_to_ask(self, db: None) -> None:
        response = permission_denied(RequestFactory().get("/"), PermissionDenied())
        assert "Ask an administrator" in response.content.decode()


def test_no_mail_is_read_for_the_bar(page: Client, django_assert_max_num_queries: Any) -> None:
    use_smtp(host="127.0.0.1", port=1)
    with django_assert_max_num_queries(10):
        page.get(reverse("inbox"))
    assert not Message.objects.exists()


class TestAPartWhoseSessionIsOver:
    def test_leads_the_whole_page_to_the_sign_in(self, client: Client) -> None:
        headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/deliveries/?state=queued"}
        response = client.get("/deliveries/", headers=headers)
        assert response.status_code == 200
        assert response["HX-Redirect"] == "/sign-in/?next=/deliveries/%3Fstate%3Dqueued"

    def test_never_leads_to_another_site(self, client: Client) -> None:
        headers = {"HX-Request": "true", "HX-Current-URL": "https://evil.test/deliveries/"}
        assert client.get("/deliveries/", headers=headers)["HX-Redirect"] == "/sign-in/?next=/deliveries/"

    def test_loses_what_was_clicked_not_without_a_word(self, client: Client) -> None:
        headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/notifications/new/"}
        response = client.post("/notifications/trials/", {"name": "x"}, headers=headers)
        assert response["HX-Redirect"] == "/sign-in/?next=/notifications/new/&unsaved=1"

    def test_is_answered_as_ever_otherwise(self, client: Client) -> None:
        assert client.get("/deliveries/")["Location"] == "/sign-in/?next=/deliveries/"


class TestAFormWhoseSessionIsOver:
    def test_is_said_to_be_lost_and_leads_back_to_its_page(self, client: Client, db: None) -> None:
        headers = {"Referer": "http://testserver/mail-server/?mode=graph"}
        response = client.post("/mail-server/graph/", {"client_secret": "typed"}, headers=headers)
        assert response["Location"] == "/sign-in/?next=/mail-server/%3Fmode%3Dgraph&unsaved=1"
        assert "what you typed was not saved" in client.get(response["Location"]).content.decode()
        assert "typed" not in str(dict(client.session))

    @pytest.mark.parametrize("referer", ["https://evil.test/notifications/", "", "//evil.test/x", "http://["])
    def test_leads_home_from_nowhere(self, client: Client, referer: str) -> None:
        response = client.post("/account/password/", headers={"Referer": referer})
        assert response["Location"] == "/sign-in/?next=/&unsaved=1"

    def test_of_a_sign_out_loses_nothing(self, client: Client) -> None:
        assert "unsaved" not in client.post("/sign-out/")["Location"]
        assert client.get("/sign-in/").context["has_lost"] is False
