"""System > People: inviting, roles, switching off, sessions."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from notifications.access import Role, role_of
from notifications.models import AuditEvent, BrowserSession, Invitation
from notifications.time_zones import BROWSER_COOKIE, CHOSEN_COOKIE
from notifications.views import shown_once
from tests.base import PASSWORD, person, viewer

LINK = re.compile(r'id="invitation-link"[^>]*>(http[^<]+)<')
NEW = {"username": "vera", "email": "vera@contoso.test", "password1": PASSWORD, "password2": PASSWORD}


def invite(page: Client, whom: str = "Vera", role: Role = Role.VIEWER) -> str:
    """The path of the link."""
    response = page.post(reverse("people"), {"whom": whom, "role": role.value}, follow=True)
    found = LINK.search(response.content.decode())
    assert found
    return found[1].removeprefix("http://127.0.0.1:8000")


class TestInvite:
    def test_shows_the_link_once(self, page: Client) -> None:
        address = page.post(reverse("people"), {"whom": "Vera", "role": "1"}).headers["Location"]
        first, again = page.get(address), page.get(address, follow=True)
        found = LINK.search(first.content.decode())
        assert found
        assert "no-store" in first.headers["Cache-Control"]
        assert found[1] not in again.content.decode()
        assert "is shown once" in again.content.decode()

    def test_shows_it_in_no_other_browser(self, page: Client, ada: User) -> None:
        address = page.post(reverse("people"), {"whom": "Vera", "role": "1"}).headers["Location"]
        other = Client()
        other.force_login(ada)
        assert not LINK.search(other.get(address, follow=True).content.decode())

    def test_shows_it_for_a_minute_only(self, page: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        address = page.post(reverse("people"), {"whom": "Vera", "role": "1"}).headers["Location"]
        monkeypatch.setattr(shown_once, "KEPT_SECONDS", -1)
        assert not LINK.search(page.get(address, follow=True).content.decode())

    @pytest.mark.parametrize("values", [{"whom": "", "role": "1"}, {"whom": "x", "role": "0"}, {"whom": "x"}])
    def test_refuses_what_is_no_invitation(self, page: Client, values: dict[str, str]) -> None:
        assert page.post(reverse("people"), values).status_code == 422
        assert not Invitation.objects.exists()

    def test_can_be_taken_back(self, page: Client) -> None:
        link = invite(page)
        page.post(reverse("invitation-revocation", args=[Invitation.objects.get().pk]))
        assert Client().get(link).status_code == 410
        assert "Revoked" in page.get(reverse("people")).content.decode()


class TestFollowing:
    def test_makes_an_account_and_signs_in(self, page: Client) -> None:
        link, client = invite(page, role=Role.OPERATOR), Client()
        assert "Choose how you sign in" in client.get(link).content.decode()

        assert client.post(link, NEW).status_code == 302

        vera = User.objects.get(username="vera")
        assert (role_of(vera), vera.email, vera.check_password(PASSWORD)) == (Role.OPERATOR, NEW["email"], True)
        assert client.get(reverse("deliveries")).status_code == 200
        assert client.get(reverse("people")).status_code == 403

    def test_cannot_choose_a_role(self, page: Client) -> None:
        Client().post(invite(page), NEW | {"role": "3", "is_superuser": "on", "is_staff": "on"})
        assert role_of(User.objects.get(username="vera")) == Role.VIEWER

    def test_works_once(self, page: Client) -> None:
        link = invite(page)
        Client().post(link, NEW)
        assert Client().get(link).status_code == 410
        assert Client().post(link, NEW | {"username": "eve"}).status_code == 410
        assert not User.objects.filter(username="eve").exists()

    @pytest.mark.parametrize("password", ["sh0rt!", "nine.char", "1234567890123", "password1234", "vera@contoso.test"])
    def test_wants_a_good_password_and_stays_good_itself(self, page: Client, password: str) -> None:
        link = invite(page)
        assert Client().post(link, NEW | {"password1": password, "password2": password}).status_code == 422
        assert Client().post(link, NEW).status_code == 302

    @pytest.mark.parametrize("name", ["ada", "ADA"])
    def test_takes_nobodys_name(self, page: Client, name: str) -> None:
        assert Client().post(invite(page), NEW | {"username": name}).status_code == 422

    def test_is_stored_by_nobody(self, page: Client) -> None:
        assert "no-store" in Client().get(invite(page)).headers["Cache-Control"]

    @pytest.mark.django_db
    @pytest.mark.parametrize("token", ["x", "%F0%9F%98%80", "a" * 2000])
    def test_of_a_made_up_link_leads_nowhere(self, token: str) -> None:
        assert Client().get(f"/invitation/{token}/").status_code == 410


class TestList:
    def test_tells_who_is_what(self, page: Client) -> None:
        viewer()
        person("gone", is_active=False)
        text = page.get(reverse("people")).content.decode()
        for words in ("Administrator", "Viewer", "Switched off", "vic@contoso.test", 'class="tag">you<'):
            assert words in text

    def test_takes_as_many_queries_for_thirty_as_for_three(self, page: Client, count_queries: Any) -> None:
        for number in range(3):
            person(f"p{number}")
        few = count_queries(reverse("people"))
        for number in range(3, 30):
            person(f"p{number}")
        assert count_queries(reverse("people")) == few


class TestPerson:
    def test_gets_another_role(self, page: Client) -> None:
        vic = viewer()
        page.post(reverse("person-role", args=[vic.pk]), {"role": "2"})
        vic.refresh_from_db()
        assert role_of(vic) == Role.OPERATOR

    def test_gets_no_role_that_is_none(self, page: Client) -> None:
        vic = viewer()
        response = page.post(reverse("person-role", args=[vic.pk]), {"role": "9"}, follow=True)
        assert "There is no such role" in response.content.decode()

    def test_who_is_the_last_administrator_stays_one(self, page: Client, ada: User) -> None:
        for name, values in (("person-role", {"role": "1"}), ("person-deactivation", {})):
            response = page.post(reverse(name, args=[ada.pk]), values, follow=True)
            assert "ada is the last administrator" in response.content.decode()
        ada.refresh_from_db()
        assert (ada.is_active, ada.is_superuser) == (True, True)

    def test_who_is_the_last_administrator_is_not_asked_first(self, page: Client, ada: User) -> None:
        address = reverse("person-deactivation", args=[ada.pk])
        assert address not in page.get(reverse("person", args=[ada.pk])).content.decode()
        response = page.get(address, follow=True)
        assert "ada is the last administrator" in response.content.decode()

        person("grace", is_staff=True, is_superuser=True)
        assert address in page.get(reverse("person", args=[ada.pk])).content.decode()
        assert "Switch ada off?" in page.get(address).content.decode()

    def test_is_switched_off_after_a_question_and_on_again(self, page: Client) -> None:
        vic, browser = viewer(), Client()
        browser.force_login(vic)
        address = reverse("person-deactivation", args=[vic.pk])
        assert "Switch vic off?" in page.get(address).content.decode()
        assert browser.get(reverse("deliveries")).status_code == 200

        page.post(address)
        assert browser.get(reverse("deliveries")).status_code == 302

        page.post(reverse("person-activation", args=[vic.pk]))
        vic.refresh_from_db()
        assert vic.is_active

    def test_can_be_signed_out_everywhere_or_in_one_browser(self, page: Client) -> None:
        vic, first, second = viewer(), Client(), Client()
        for client in (first, second):
            client.force_login(vic)
        one = BrowserSession.objects.get(pk=first.session["browser_session"])

        page.post(reverse("person-session-end", args=[vic.pk, one.pk]))
        assert [client.get(reverse("deliveries")).status_code for client in (first, second)] == [302, 200]

        page.post(reverse("person-sessions-end", args=[vic.pk]))
        assert second.get(reverse("deliveries")).status_code == 302

    def test_is_told_of_with_its_sessions(self, page: Client) -> None:
        vic = viewer()
        client = Client(headers={"User-Agent": "Mozilla/5.0 (X11; Linux) Firefox/140"})
        client.force_login(vic)
        text = page.get(reverse("person", args=[vic.pk])).content.decode()
        assert "End all" in text

    def test_gets_another_address(self, page: Client) -> None:
        vic = viewer()
        for _ in range(2):
            page.post(reverse("person-address", args=[vic.pk]), {"email": "Victor@CONTOSO.test"})
        vic.refresh_from_db()
        assert vic.email == "Victor@contoso.test"
        (event,) = AuditEvent.objects.filter(action="address_changed")
        assert (event.actor_name, event.subject, event.fields) == ("ada", "vic", ["email"])

    @pytest.mark.parametrize(
        "typed", ["vic", "Vic <vic@contoso.test>", "a@x.test, b@x.test", "vic@contoso.test\r\nBcc: x"]
    )
    def test_keeps_the_address_for_what_is_none(self, page: Client, typed: str) -> None:
        vic = viewer()
        response = page.post(reverse("person-address", args=[vic.pk]), {"email": typed})
        assert response.status_code == 422
        assert "The address is as it was. Please fix this first:" in response.content.decode()
        vic.refresh_from_db()
        assert vic.email == "vic@contoso.test"

    def test_without_a_number_is_not_found(self, page: Client) -> None:
        assert page.get(reverse("person", args=[987654])).status_code == 404
        assert page.post(reverse("person-role", args=[987654]), {"role": "1"}).status_code == 404


class TestAccount:
    def change(self, client: Client, **values: str) -> Any:
        new = {"old_password": PASSWORD, "new_password1": "another good staple", "new_password2": "another good staple"}
        return client.post(reverse("account-password"), new | values)

    def test_has_an_address_that_one_changes_and_empties(self, db: None) -> None:
        vic, client = viewer(), Client()
        client.force_login(vic)
        for email, words in (("new@contoso.test", "Your mail goes to new@contoso.test."), ("", "You have no address")):
            response = client.post(reverse("account-address"), {"email": email}, follow=True)
            assert words in response.content.decode()
            vic.refresh_from_db()
            assert vic.email == email
        assert [str(event) for event in AuditEvent.objects.all()] == ["Email address changed: vic"] * 2

    def test_keeps_the_address_for_what_is_none(self, page: Client) -> None:
        response = page.post(reverse("account-address"), {"email": "ada@"})
        assert response.status_code == 422
        assert "Your address is as it was. Please fix this first:" in response.content.decode()

    def test_changes_ones_password_and_ends_ones_other_sessions(self, db: None) -> None:
        vic, here, elsewhere = viewer(), Client(), Client()
        for client in (here, elsewhere):
            client.force_login(vic)
        before = here.session.session_key

        assert self.change(here).status_code == 302

        vic.refresh_from_db()
        assert vic.check_password("another good staple")
        assert here.get(reverse("account")).status_code == 200
        assert elsewhere.get(reverse("account")).status_code == 302
        assert here.session.session_key != before
        assert "Password changed: vic" in map(str, AuditEvent.objects.all())

    @pytest.mark.parametrize(
        "values",
        [
            {"old_password": "wrong"},
            {"new_password2": "something else"},
            {"new_password1": "short", "new_password2": "short"},
        ],
    )
    def test_changes_nothing_for_what_does_not_fit(self, db: None, values: dict[str, str]) -> None:
        vic, client = viewer(), Client()
        client.force_login(vic)
        response = self.change(client, **values)
        assert response.status_code == 422
        assert "another good staple" not in response.content.decode()
        vic.refresh_from_db()
        assert vic.check_password(PASSWORD)

    def test_is_no_place_to_guess_the_password_of_somebody_who_left(self, db: None) -> None:
        vic, client = viewer(), Client()
        client.force_login(vic)
        answers = [self.change(client, old_password="wrong").status_code for _ in range(5)]
        assert answers == [422, 422, 422, 422, 429]
        assert self.change(client).status_code == 429
        assert "Sign-in locked: vic" in map(str, AuditEvent.objects.all())

    def test_ends_ones_other_sessions(self, db: None) -> None:
        vic, here, elsewhere = viewer(), Client(), Client()
        for client in (here, elsewhere):
            client.force_login(vic)
        assert re.search(
            r'>this one<.*?data-label="Last seen"[^>]*>now<', here.get(reverse("account")).content.decode(), re.S
        )

        here.post(reverse("account-sessions-end"))
        assert [client.get(reverse("account")).status_code for client in (here, elsewhere)] == [200, 302]

    def test_ends_nobody_elses(self, page: Client) -> None:
        vic, client = viewer(), Client()
        client.force_login(vic)
        adas = page.session["browser_session"]
        client.post(reverse("account-session-end", args=[adas]))
        assert page.get(reverse("account")).status_code == 200

    def test_has_the_zone_that_one_chooses(self, page: Client) -> None:
        response = page.post(reverse("account-time-zone"), {"time_zone": "europe/berlin"}, follow=True)
        assert "Times are shown in Europe/Berlin." in response.content.decode()
        assert 'value="Europe/Berlin"' in response.content.decode().partition("<datalist")[0]

    def test_has_the_browsers_zone_again(self, page: Client) -> None:
        page.cookies[BROWSER_COOKIE] = "Asia/Tokyo"
        page.post(reverse("account-time-zone"), {"time_zone": "Europe/Berlin"})
        response = page.post(reverse("account-time-zone"), {"time_zone": ""}, follow=True)
        assert "Times are shown in Asia/Tokyo, as this browser says." in response.content.decode()
        assert "Blank: Asia/Tokyo, as this browser says." in response.content.decode()

    def test_keeps_the_zone_for_what_is_none(self, page: Client) -> None:
        page.post(reverse("account-time-zone"), {"time_zone": "Europe/Berlin"})
        response = page.post(reverse("account-time-zone"), {"time_zone": "Mars/Olympus"})
        assert response.status_code == 422
        assert "There is no time zone “Mars/Olympus”" in response.content.decode()
        assert page.cookies[CHOSEN_COOKIE].value == "Europe/Berlin"
