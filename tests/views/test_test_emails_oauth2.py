"""Send Test Email with what stands on the OAuth2 form, saved or not."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from notifications.delivery.sender import send_due
from notifications.forms.oauth2 import initial_of
from notifications.models import MailServerSettings, MailServerState, Message, Mode
from notifications.models.fields import SecretField
from tests.oauth.lab import ACCOUNT, authenticate, use_microsoft
from tests.peers.identity import IdentityPeer
from tests.peers.mail import MailPeer


@pytest.fixture
def saved(
    db: None, identity_peer: IdentityPeer, oauth_mail_peer: MailPeer, tmp_path: Path, settings: Any
) -> MailServerSettings:
    """In force, and consented to."""
    server = use_microsoft(identity_peer, oauth_mail_peer, tmp_path, settings)
    authenticate(server, identity_peer)
    return server


def send(page: Client, **changes: Any) -> Any:
    shown = {name: "" if value is None else value for name, value in initial_of(MailServerSettings.load()).items()}
    values = {**shown, "mode": "oauth2", "test_to": "me@peer.test", **changes}
    return page.post(reverse("test-emails"), values, headers={"HX-Request": "true"})


def story(page: Client) -> str:
    url = reverse("test-email", args=[Message.objects.get().uuid])
    return page.get(url, headers={"HX-Request": "true"}).content.decode()


def test_the_values_in_force_are_tested_as_such(
    page: Client, saved: MailServerSettings, oauth_mail_peer: MailPeer
) -> None:
    send(page)
    assert Message.objects.get().draft_server is None
    send_due()
    assert "accepted by localhost (250" in story(page)
    assert oauth_mail_peer.wait_for(1, to="me@peer.test")[0]["From"] == f"Deployments <{ACCOUNT}>"


def test_a_mode_on_standby_can_be_tested(page: Client, saved: MailServerSettings, oauth_mail_peer: MailPeer) -> None:
    MailServerSettings.objects.update(active_mode=Mode.BASIC)
    send(page, sender=f"Unsaved <{ACCOUNT}>")
    assert json.loads(Message.objects.get().draft_server)["active_mode"] == "oauth2"
    send_due()
    assert oauth_mail_peer.wait_for(1, to="me@peer.test")[0]["From"] == f"Unsaved <{ACCOUNT}>"
    assert MailServerSettings.load().active_mode == Mode.BASIC


def test_a_client_that_nobody_consented_to_fails_and_holds_nothing(page: Client, saved: MailServerSettings) -> None:
    send(page, client_id="another")
    send_due()
    assert "The consent was given to another registration" in story(page)
    assert not MailServerState.load().is_held


def test_a_typed_secret_is_in_no_answer(page: Client, saved: MailServerSettings) -> None:
    response = send(page, client_secret="the-secret-value")
    send_due()
    assert "the-secret-value" not in response.content.decode() + story(page)


def test_what_cannot_be_tested_is_said_at_once(page: Client, saved: MailServerSettings) -> None:
    response = send(page, tenant_id="../common")
    assert response.status_code == 422
    assert 'href="#id_tenant_id"' in response.content.decode()
    assert not Message.objects.exists()


def test_an_unreadable_secret_is_said_at_once(
    page: Client, saved: MailServerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved.oauth2_client_secret = "the-secret-value"
    monkeypatch.setattr(SecretField, "purpose", "another.column")
    saved.save()
    monkeypatch.undo()
    response = send(page, sender=f"Unsaved <{ACCOUNT}>")
    assert response.status_code == 422
    assert "The saved secret cannot be read with the present keys" in response.content.decode()
