"""Who changed what: what is written down, and that it stays."""

from typing import Any

import pytest
from django.test import Client

from notifications.models import ApiToken, AuditEvent, MailServerSettings, StaleVersion
from tests.base import administrator, use_smtp

pytestmark = pytest.mark.django_db


def test_a_save_of_the_mail_server_names_the_fields_and_no_value() -> None:
    use_smtp(host="mail.contoso.test", port=25)
    saved = MailServerSettings.load()
    ada = administrator()
    saved.save_version({"basic_password": "hunter2", "basic_host": "mail.contoso.test"}, seen=saved.version, by=ada)
    event = AuditEvent.objects.first()
    assert event
    assert (event.action, event.subject, event.fields) == ("mail_server_saved", "version 2", ["basic_password"])
    assert (event.actor, event.actor_name) == (ada, "ada")
    assert "hunter2" not in str(AuditEvent.objects.values())


def test_a_save_that_came_too_late_is_no_event() -> None:
    saved = use_smtp(host="mail.contoso.test", port=25)
    with pytest.raises(StaleVersion):
        saved.save_version({"basic_port": 26}, seen=saved.version - 1)
    assert AuditEvent.objects.count() == 1


def test_a_token_is_named_by_its_beginning() -> None:
    token, secret = ApiToken.issue("pdq")
    token.revoke()
    assert [event.action for event in AuditEvent.objects.all()] == ["token_revoked", "token_made"]
    assert secret not in str(AuditEvent.objects.values())


def test_an_event_can_be_neither_changed_nor_deleted() -> None:
    ApiToken.issue("pdq")
    event = AuditEvent.objects.get()
    with pytest.raises(TypeError):
        event.save()
    with pytest.raises(TypeError):
        event.delete()


def test_an_event_outlives_the_account_that_caused_it() -> None:
    ada = administrator()
    ApiToken.issue("pdq", by=ada)
    ada.delete()
    assert AuditEvent.objects.get().actor_name == "ada"


def test_the_page_tells_who_what_and_from_where() -> None:
    browser = Client(REMOTE_ADDR="192.0.2.7")
    browser.force_login(administrator())
    browser.post("/tokens/", {"name": "pdq <b>", "scopes": "report"})
    page = browser.get("/audit/").content.decode()
    assert "API token made" in page
    assert "192.0.2.7" in page
    assert "pdq &lt;b&gt;" in page


def test_behind_a_trusted_proxy_the_browsers_own_address_is_told(settings: Any) -> None:
    settings.TRUST_PROXY_HEADERS = True
    browser = Client(REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR="10.9.9.9, 192.0.2.7")
    browser.force_login(administrator())
    browser.post("/tokens/", {"name": "pdq", "scopes": "report"})
    assert AuditEvent.objects.get(action="token_made").origin == "192.0.2.7"


def test_the_page_of_a_new_installation_says_what_will_be_there() -> None:
    browser = Client()
    browser.force_login(administrator())
    assert "Nothing yet" in browser.get("/audit/").content.decode()


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"state": "unknown", "code": "x"},
        {"state": "x", "error": "access_denied", "error_description": "a\0b\ud7ff"},
    ],
)
def test_a_refused_sign_in_is_an_event(query: dict[str, str]) -> None:
    browser = Client()
    browser.force_login(administrator())
    assert browser.get("/mail-server/oauth/callback", query).status_code == 400
    assert AuditEvent.objects.get().action == "consent_refused"
