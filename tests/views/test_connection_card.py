"""The card Connection, where the consent is good and mail does not go all the same."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from notifications.models import HoldReason, MailServerSettings, MailServerState, OAuthGrant
from notifications.oauth.settings import registration_of
from tests.base import use_smtp
from tests.oauth.lab import ACCOUNT, use_oauth2

pytestmark = pytest.mark.django_db
TENANT = "11111111-2222-3333-4444-555555555555"


def connected(**columns: Any) -> MailServerSettings:
    """OAuth2 is active, and ACCOUNT has consented."""
    saved = use_oauth2(provider="microsoft", client_id="app", tenant_id=TENANT, **columns)
    grant = OAuthGrant.load()
    grant.connect(registration=registration_of(saved).fingerprint, account=ACCOUNT, scopes="SMTP.Send", by=None)
    grant.hold_tokens(access_token="a", cache="{}", expires_at=timezone.now())
    grant.save()
    return saved


def html_of(page: Client) -> str:
    response = page.get("/mail-server/?mode=oauth2")
    assert response.status_code == 200
    return str(response.content.decode())


def test_has_no_doubts_while_mail_flows(page: Client) -> None:
    connected()

    assert 'class="explanation"' not in html_of(page)


def test_names_both_accounts_when_the_consent_is_another_ones(page: Client) -> None:
    connected(sign_in_as="other@contoso.test")

    html = html_of(page)

    assert "The consent is another account's" in html
    assert f"<strong>{ACCOUNT}</strong> consented" in html
    assert "sign in as <strong>other@contoso.test</strong>" in html


def test_does_not_mind_how_an_account_is_written(page: Client) -> None:
    connected(sign_in_as=ACCOUNT.upper())

    assert 'class="explanation"' not in html_of(page)


def test_says_that_a_hold_is_not_the_consents_fault(page: Client) -> None:
    connected()
    MailServerState.load().hold(HoldReason.SIGN_IN, "535 5.7.3", "Authentication unsuccessful")

    html = html_of(page)

    assert "Mail is held for another reason" in html
    assert "the top of the page: the mail server rejected the sign-in" in html


def test_leaves_the_hold_of_another_mode_to_that_one(page: Client) -> None:
    connected()
    use_smtp(host="mail.test")
    saved = MailServerSettings.load()
    saved.save_version({"active_mode": "basic"}, seen=saved.version)
    MailServerState.load().hold(HoldReason.SIGN_IN, "535 5.7.8", "bad credentials")

    assert "Mail is held for another reason" not in html_of(page)


def test_of_a_withdrawn_consent_gives_that_reason_alone(page: Client) -> None:
    connected()
    OAuthGrant.objects.update(state=OAuthGrant.State.RECONNECT_NEEDED, reason="invalid_grant: gone")
    MailServerState.load().hold(HoldReason.RECONNECT, "", "invalid_grant: gone")

    html = html_of(page)

    assert "Mail is held for another reason" not in html
    assert html.count('class="explanation"') == 1
