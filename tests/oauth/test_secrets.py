"""Canaries: what must never leave, searched for in everything that is written, shown or sent."""

import base64
import io
import json
import logging
import urllib.parse
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from kombu import Connection

from notifications.delivery.hints import LOOK, Publisher
from notifications.delivery.sender import send_due
from notifications.models import Attempt, ConsentRequest, Message, OAuthGrant
from notifications.oauth import consent
from tests.base import a_message, administrator
from tests.google_stand_in import GoogleStandIn
from tests.oauth.lab import ACCOUNT, SESSION, answer_of, let_expire, use_google
from tests.peers.mail import MailPeer

pytestmark = pytest.mark.django_db(transaction=True)


def spellings(secret: str) -> set[bytes]:
    """Raw, base64, URL-encoded, and as XOAUTH2 carries a token."""
    xoauth2 = f"user={ACCOUNT}\x01auth=Bearer {secret}\x01\x01"
    forms = [secret, urllib.parse.quote(secret, safe=""), urllib.parse.quote_plus(secret)]
    encoded = [base64.b64encode(text.encode()).rstrip(b"=") for text in (secret, xoauth2)]
    return {form.encode() for form in forms} | set(encoded)


class Road:
    """One whole consent, a mail, a refresh, another mail, a refused refresh: with every secret that took part."""

    def __init__(self, server: Any, google: GoogleStandIn) -> None:
        url = consent.begin(server, SESSION, None)
        verifier = json.loads(ConsentRequest.objects.get().data)["code_verifier"]
        answer = answer_of(google.consent(url))
        self.unused = ConsentRequest.objects.values_list("state_hash", flat=True).get()
        consent.complete(server, SESSION, answer, None)
        first = OAuthGrant.load()
        a_message()
        send_due()
        let_expire()
        a_message()
        send_due()
        second = OAuthGrant.load()
        self.secrets = {
            "client secret": server.oauth2_client_secret,
            "code": answer["code"],
            "verifier": verifier,
            "refresh token": json.loads(first.cache)["refresh_token"],
            "first access token": first.access_token,
            "second access token": second.access_token,
        }
        google.revoke(ACCOUNT)
        let_expire()
        a_message()
        send_due()

    def found_in(self, content: bytes) -> list[str]:
        return [name for name, secret in self.secrets.items() for form in spellings(secret) if form in content]


@pytest.fixture
def road(
    google: GoogleStandIn,
    google_mail_peer: MailPeer,
    tmp_path: Path,
    settings: Any,
    caplog: pytest.LogCaptureFixture,
) -> Road:
    caplog.set_level(logging.DEBUG)
    google.rules.account = ACCOUNT
    return Road(use_google(google, google_mail_peer, tmp_path, settings), google)


def test_the_road_was_whole(road: Road) -> None:
    assert len(set(road.secrets.values())) == 6
    assert [attempt.outcome for attempt in Attempt.objects.order_by("id")] == ["accepted", "accepted", "configuration"]


def test_a_canary_that_is_there_is_found(road: Road) -> None:
    blob = base64.b64encode(f"user={ACCOUNT}\x01auth=Bearer {road.secrets['first access token']}\x01\x01".encode())
    assert road.found_in(b"AUTH XOAUTH2 " + blob) == ["first access token"]


def test_logs_at_debug_have_none(road: Road, caplog: pytest.LogCaptureFixture) -> None:
    logged = "\n".join(record.getMessage() for record in caplog.get_records("setup"))
    assert "/oauth2/token" in logged
    assert road.found_in(logged.encode()) == []


def test_the_database_has_none_in_clear(road: Road) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("looks into SQLite's file")
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = Path(connection.settings_dict["NAME"]).read_bytes()
    assert ACCOUNT.encode() in content
    assert road.found_in(content) == []


def test_dumpdata_has_none(road: Road) -> None:
    out = io.StringIO()
    call_command("dumpdata", "notifications", stdout=out)
    assert ACCOUNT in out.getvalue()
    assert road.found_in(out.getvalue().encode()) == []


def test_pages_have_none(road: Road) -> None:
    browser = Client()
    browser.force_login(administrator())
    mails = [f"/deliveries/{message.uuid}/" for message in Message.objects.all()]
    for path in ["/mail-server/", "/mail-server/?mode=oauth2", "/deliveries/", "/readyz", *mails]:
        response = browser.get(path)
        assert response.status_code in (200, 503)
        assert road.found_in(response.content) == [], path


def test_an_error_page_has_none_even_for_developers(road: Road, settings: Any) -> None:
    settings.DEBUG = True
    browser = Client(raise_request_exception=False)
    browser.force_login(administrator())
    response = browser.get("/mail-server/oauth/callback", {"code": road.secrets["code"], "state": "unknown"})
    assert response.status_code == 400
    assert road.found_in(response.content) == []


def test_the_broker_has_none(road: Road, redis_url: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.CELERY_BROKER_URL = redis_url
    monkeypatch.setattr("notifications.delivery.hints.current_app.conf.broker_write_url", redis_url)
    assert Publisher().publish(LOOK, Message.objects.latest("id").pk)
    with Connection(redis_url) as broker, broker.SimpleQueue("celery") as queue:
        message = queue.get(timeout=5)
        message.ack()
    assert road.found_in(json.dumps([message.payload, message.headers, message.properties], default=str).encode()) == []
