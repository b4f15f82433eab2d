"""The one-time link, signing in and out."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.signing import TimestampSigner
from django.test import Client
from django.urls import reverse

from notifications.setup_link import make_setup_token
from tests.base import PASSWORD, administrator, outsider

NEW = {"username": "ada", "email": "ada@example.com", "password1": PASSWORD, "password2": PASSWORD}


def set_up(token: str, **changes: str) -> Any:
    return Client().post(reverse("setup", args=[token]), NEW | changes)


@pytest.mark.django_db
class TestSetup:
    def test_makes_the_first_administrator_and_signs_in(self) -> None:
        client = Client()
        response = client.post(reverse("setup", args=[make_setup_token()]), NEW)

        ada = User.objects.get()
        assert response["Location"] == reverse("mail-server")
        assert (ada.is_superuser, ada.email, ada.check_password(PASSWORD)) == (True, "ada@example.com", True)
        assert client.get(reverse("mail-server")).status_code == 200

    def test_works_once(self) -> None:
        token = make_setup_token()
        set_up(token)

        response = set_up(token, username="eve")

        assert response.status_code == 410
        assert "Sign in" in response.content.decode()
        assert [user.username for user in User.objects.all()] == ["ada"]

    @pytest.mark.parametrize("token", ["x", "first-administrator", "first-administrator.1.1"])
    def test_a_token_that_nobody_gave_out_leads_nowhere(self, token: str) -> None:
        assert Client().get(reverse("setup", args=[token])).status_code == 410
        assert set_up(token).status_code == 410
        assert not User.objects.exists()

    def test_a_token_of_another_purpose_leads_nowhere(self) -> None:
        token = TimestampSigner(sep=".").sign("first-administrator")
        assert set_up(token).status_code == 410

    @pytest.mark.parametrize("password", ["sh0rt!", "12345678901", "password1234", "ada@example.com"])
    def test_a_weak_password_is_refused_where_it_was_typed(self, password: str) -> None:
        response = set_up(make_setup_token(), password1=password, password2=password)

        assert response.status_code == 422
        assert 'id="id_password1_error"' in response.content.decode()
        assert password not in response.content.decode().replace(f'value="{NEW["email"]}"', "")
        assert not User.objects.exists()

    def test_two_different_passwords_are_refused(self) -> None:
        assert set_up(make_setup_token(), password2="another one entirely").status_code == 422

    def test_says_how_to_get_a_new_link(self) -> None:
        assert "createsuperuser" in Client().get(reverse("setup", args=["old"])).content.decode()

    def test_is_stored_by_nobody(self) -> None:
        assert "no-store" in Client().get(reverse("setup", args=[make_setup_token()]))["Cache-Control"]


@pytest.mark.django_db
class TestSignIn:
    def sign_in(self, client: Client, name: str, password: str = PASSWORD, **more: str) -> Any:
        return client.post(reverse("sign-in"), {"username": name, "password": password, **more})

    def test_leads_to_the_page_that_was_wanted(self) -> None:
        administrator()
        assert self.sign_in(Client(), "ada", next="/deliveries/")["Location"] == "/deliveries/"

    def test_leads_to_no_foreign_place(self) -> None:
        administrator()
        assert self.sign_in(Client(), "ada", next="https://evil.example/")["Location"] == "/"

    @pytest.mark.parametrize(("name", "password"), [("ada", "wrong"), ("nobody", PASSWORD), ("mallory", PASSWORD)])
    def test_tells_a_stranger_nothing_about_who_exists(self, name: str, password: str) -> None:
        administrator()
        outsider()
        response = self.sign_in(Client(), name, password)
        assert response.status_code == 200
        assert "do not belong together" in response.content.decode()

    def test_out_is_out(self) -> None:
        client = Client()
        administrator()
        self.sign_in(client, "ada")
        client.post(reverse("sign-out"))
        assert client.get(reverse("mail-server")).status_code == 302

    def test_out_takes_a_post(self, page: Client) -> None:
        assert page.get(reverse("sign-out")).status_code == 405
