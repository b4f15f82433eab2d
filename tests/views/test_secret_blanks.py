"""Blanks in a typed secret: asked about before they are saved, and named where a sign-in was refused."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from notifications.delivery.sender import send_due
from notifications.models import HoldReason, MailServerSettings, MailServerState, Message, Mode
from tests.base import a_message, use_smtp
from tests.smtp_sink import SmtpSink

COPIED, MEANT = "abcd\u00a0efgh", "abcdefgh"
NAMED = "a no-break space (U+00A0)"
VALUES = {"server": "127.0.0.1:1", "security": "none", "sender": "ops@example.com", "user": "ops"}
HTMX = {"HX-Request": "true"}


@pytest.fixture
def in_force(db: None) -> MailServerSettings:
    return use_smtp(host="127.0.0.1", port=1, sender="Ops <ops@example.com>")


def save(page: Client, mode: str = "basic", **values: Any) -> Any:
    version = MailServerSettings.load().version
    return page.post(reverse(f"mail-server-{mode}"), {"version": version, "mode": mode, **values})


def test_a_password_with_odd_blanks_is_not_saved_before_the_choice(page: Client, in_force: MailServerSettings) -> None:
    response = save(page, **VALUES, password=COPIED)

    html = response.content.decode()
    assert response.status_code == 422
    assert NAMED in html
    assert 'name="blanks" value="remove" checked' in html
    assert COPIED not in html
    assert MailServerSettings.load().basic_password == ""


@pytest.mark.parametrize(("choice", "stored"), [("remove", MEANT), ("keep", COPIED)])
def test_the_choice_is_enough_to_save_what_was_typed_before(
    page: Client, in_force: MailServerSettings, choice: str, stored: str
) -> None:
    save(page, **VALUES, password=COPIED)

    assert save(page, **VALUES, password="", use_kept_password="1", blanks=choice).status_code == 302
    assert MailServerSettings.load().basic_password == stored


@pytest.mark.parametrize(
    ("mode", "values"),
    [
        (Mode.OAUTH2, {"provider": "microsoft", "client_id": "app", "tenant_id": "contoso.com"}),
        (Mode.GRAPH, {"cloud": "global", "client_id": "app", "tenant_id": "contoso.com"}),
    ],
)
def test_a_client_secret_is_asked_about_too(
    page: Client, in_force: MailServerSettings, mode: Mode, values: dict[str, str]
) -> None:
    typed = {**values, "sender": "ops@contoso.com", "client_secret": "se\u200bcret"}
    refused = save(page, mode, **typed)
    assert "a zero width space (U+200B)" in refused.content.decode()

    assert save(page, mode, **typed, blanks="remove").status_code == 302
    assert getattr(MailServerSettings.load(), f"{mode}_client_secret") == "secret"


def test_a_line_break_can_only_be_removed(page: Client, in_force: MailServerSettings) -> None:
    assert "line break" in save(page, **VALUES, password="hunter2\n", blanks="keep").content.decode()

    assert save(page, **VALUES, password="hunter2\n", blanks="remove").status_code == 302
    assert MailServerSettings.load().basic_password == "hunter2"


def test_a_password_of_blanks_alone_is_none(page: Client, in_force: MailServerSettings) -> None:
    assert "blanks only" in save(page, **VALUES, password="\u00a0\u00a0", blanks="remove").content.decode()


def test_a_test_email_asks_in_place(page: Client, in_force: MailServerSettings) -> None:
    values = {**VALUES, "password": COPIED, "test_to": "me@example.com"}
    response = page.post(reverse("test-emails"), values, headers=HTMX)

    assert response.status_code == 422
    assert 'id="blanks-choice" hx-swap-oob="true"' in response.content.decode()
    assert not Message.objects.exists()


@pytest.fixture
def refusing() -> Iterator[SmtpSink]:
    with SmtpSink(users={"ops": "another"}) as sink:
        yield sink


@pytest.mark.django_db(transaction=True)
def test_a_refused_test_names_the_blanks_that_were_kept(page: Client, refusing: SmtpSink) -> None:
    use_smtp(host="127.0.0.1", port=1)
    values = {**VALUES, "server": f"{refusing.host}:{refusing.port}", "password": COPIED, "blanks": "keep"}
    page.post(reverse("test-emails"), {**values, "test_to": "me@example.com"})
    send_due()

    html = page.get(reverse("test-email", args=[Message.objects.get().uuid])).content.decode()
    assert f"The password contains {NAMED}." in html
    assert COPIED not in html


@pytest.mark.django_db(transaction=True)
def test_a_held_queue_and_its_email_name_the_blanks_in_the_saved_password(page: Client, refusing: SmtpSink) -> None:
    use_smtp(host=refusing.host, port=refusing.port, user="ops", password=COPIED)
    message = a_message()
    send_due()

    assert MailServerState.load().held_reason == HoldReason.SIGN_IN
    for address in (reverse("mail-server"), reverse("dashboard"), reverse("delivery", args=[message.uuid])):
        html = page.get(address).content.decode()
        assert f"The password contains {NAMED}." in html
        assert COPIED not in html


def test_nothing_is_said_of_a_password_without_odd_blanks(page: Client, in_force: MailServerSettings) -> None:
    use_smtp(host="127.0.0.1", port=1, user="ops", password="pass word")
    MailServerState.lock().hold(HoldReason.SIGN_IN, "535 5.7.8", "Authentication failed")
    assert "The password contains" not in page.get(reverse("mail-server")).content.decode()
