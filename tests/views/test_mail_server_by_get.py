"""The addresses that forms post to, reached by a reload."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.base import PASSWORD

POST_ONLY = {
    "mail-server-basic": "?mode=basic",
    "mail-server-oauth2": "?mode=oauth2",
    "oauth-consents": "?mode=oauth2",
    "oauth-answers": "?mode=oauth2",
    "test-emails": "",
    "probes": "",
}


@pytest.mark.parametrize(("name", "query"), POST_ONLY.items())
def test_lead_to_the_mail_server_page(page: Client, name: str, query: str) -> None:
    response = page.get(reverse(name), follow=True)

    assert response.redirect_chain == [(f"/mail-server/{query}", 302)]
    assert response.status_code == 200


@pytest.mark.parametrize("name", POST_ONLY)
@pytest.mark.parametrize("method", ["head", "put", "delete", "patch"])
def test_take_no_other_method(page: Client, name: str, method: str) -> None:
    assert getattr(page, method)(reverse(name)).status_code == 405


def test_who_signs_in_after_a_post_that_came_too_late_sees_the_page(client: Client, ada: object) -> None:
    sign_in = client.post(reverse("mail-server-oauth2"), {"client_id": "x"}).headers["Location"]

    response = client.post(sign_in, {"username": "ada", "password": PASSWORD}, follow=True)

    assert response.redirect_chain[-1][0] == "/mail-server/?mode=oauth2"
    assert response.status_code == 200
