"""Check permissions: what the app may do, in words, with a fresh token, and never in the way."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from notifications.models import AppToken, MailServerSettings
from notifications.models.fields import SecretField
from tests.graph.lab import use_stand_in
from tests.graph.wire import Kind
from tests.graph_stand_in import GraphStandIn

URL = reverse("permission-checks")
PAGE = f"{reverse('mail-server')}?mode=graph"
IN_PLACE = {"HX-Request": "true"}


@pytest.fixture
def saved(db: None, graph: GraphStandIn, tmp_path: Path, settings: Any) -> MailServerSettings:
    return use_stand_in(graph, tmp_path, settings)


def check(page: Client) -> str:
    response = page.post(URL, headers=IN_PLACE)
    assert response.status_code == 200
    return str(response.content.decode())


def badges(text: str) -> list[str]:
    """The word of each badge."""
    return [part.partition("</span>")[0].rpartition(">")[2] for part in text.split('class="badge"')[1:]]


def test_says_that_both_permissions_are_there(page: Client, saved: MailServerSettings) -> None:
    text = check(page)
    assert badges(text) == ["present", "present", "not needed"]
    assert "Not known yet: the next mail tries a draft first." in text
    assert "fetched <time" in text


def test_says_what_is_missing_and_what_it_is_good_for(
    page: Client, saved: MailServerSettings, graph: GraphStandIn
) -> None:
    graph.login.roles = {"Mail.Send"}
    text = check(page)
    assert badges(text) == ["present", "missing", "not needed"]
    assert "arriving twice" in text


@pytest.mark.parametrize(("may_draft", "words"), [(True, "go by drafts"), (False, "go by sendMail")])
def test_the_page_says_which_way_of_sending_is_in_use(
    page: Client, saved: MailServerSettings, may_draft: bool, words: str
) -> None:
    check(page)
    AppToken.objects.update(may_draft=may_draft)
    assert words in page.get(PAGE).content.decode()


def test_looks_at_a_new_token_each_time(page: Client, saved: MailServerSettings, graph: GraphStandIn) -> None:
    check(page)
    graph.login.roles = {"Mail.Send"}
    assert "missing" in badges(check(page))
    assert len(graph.calls(Kind.TOKEN)) == 2


def test_without_javascript_it_leads_back_to_the_page(page: Client, saved: MailServerSettings) -> None:
    response = page.post(URL)
    assert (response.status_code, response["Location"]) == (302, f"{PAGE}#permissions")
    assert badges(page.get(PAGE).content.decode())[-3:] == ["present", "present", "not needed"]


@pytest.mark.parametrize("headers", [IN_PLACE, {}])
def test_a_failure_is_explained_like_a_failed_test(
    page: Client, saved: MailServerSettings, headers: dict[str, str]
) -> None:
    MailServerSettings.objects.update(graph_client_secret="wrong")
    response = page.post(URL, headers=headers)
    text = response.content.decode()
    assert response.status_code == 422
    assert "The client secret is wrong" in text
    assert "What to do:" in text
    assert "AADSTS7000215" in text


def test_a_failure_stops_no_mail(page: Client, saved: MailServerSettings) -> None:
    MailServerSettings.objects.update(graph_client_secret="wrong")
    page.post(URL)
    assert "Ready to send" in page.get(PAGE).content.decode()


def test_a_cloud_that_is_gone_from_the_operators_file_is_told(
    page: Client, saved: MailServerSettings, settings: Any
) -> None:
    settings.PROVIDERS_FILE = ""
    response = page.post(URL, headers=IN_PLACE)
    assert response.status_code == 422
    assert "microsoft.lab is not known any more" in response.content.decode()


def test_a_secret_that_cannot_be_read_is_not_sent(
    page: Client, saved: MailServerSettings, graph: GraphStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A ciphertext of another purpose, as one moved from another column would be.
    monkeypatch.setattr(SecretField, "purpose", "another.column")
    saved.save()
    monkeypatch.undo()

    assert "cannot be read" in page.post(URL, headers=IN_PLACE).content.decode()
    assert graph.calls(Kind.TOKEN) == []


def test_no_page_has_the_secret_or_the_token(page: Client, saved: MailServerSettings) -> None:
    text = check(page) + page.get(PAGE).content.decode()
    assert saved.graph_client_secret not in text
    assert AppToken.load().access_token not in text


def test_what_was_found_with_other_values_is_not_shown(page: Client, saved: MailServerSettings) -> None:
    check(page)
    MailServerSettings.objects.update(graph_client_id="another")
    assert "Nobody has looked yet with these values" in page.get(PAGE).content.decode()


def test_a_mode_without_values_is_not_checked(page: Client) -> None:
    assert "Check permissions" not in page.get(PAGE).content.decode()
    assert "is not set up" in page.post(URL, follow=True).content.decode()


def test_its_address_leads_to_the_page(page: Client) -> None:
    assert page.get(URL)["Location"] == PAGE


def test_is_for_people_who_signed_in(db: None) -> None:
    assert Client().post(URL)["Location"].startswith("/sign-in/")
