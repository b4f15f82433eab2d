"""What a person decides about an email that may have arrived."""

import pytest
from django.test import Client
from django.urls import reverse

from notifications.models import AuditEvent, Message
from tests.base import a_message, administrator, outcomes, viewer

pytestmark = pytest.mark.django_db


@pytest.fixture
def message() -> Message:
    message = a_message()
    message.leave_unconfirmed()
    return message


@pytest.fixture
def admin() -> Client:
    client = Client()
    client.force_login(administrator())
    return client


def address(name: str, message: Message) -> str:
    return reverse(name, args=[message.uuid])


def test_page_says_that_it_may_have_arrived_and_offers_both(admin: Client, message: Message) -> None:
    html = admin.get(address("delivery", message)).content.decode()
    assert "May have arrived" in html
    assert address("delivery-confirmation", message) in html
    assert address("delivery-repetition", message) in html
    assert address("delivery-resends", message) not in html


def test_mark_as_sent(admin: Client, message: Message) -> None:
    admin.post(address("delivery-confirmation", message))
    message.refresh_from_db()
    assert message.state == "sent"
    assert set(outcomes(message).values()) == {"accepted"}
    assert AuditEvent.objects.latest("id").action == AuditEvent.Action.MAIL_CONFIRMED


def test_send_again(admin: Client, message: Message) -> None:
    admin.post(address("delivery-repetition", message))
    message.refresh_from_db()
    assert message.state == "queued"
    assert set(outcomes(message).values()) == {"pending"}
    assert AuditEvent.objects.latest("id").action == AuditEvent.Action.MAIL_SENT_AGAIN


@pytest.mark.parametrize("name", ["delivery-confirmation", "delivery-repetition"])
def test_second_decision_changes_nothing(admin: Client, message: Message, name: str) -> None:
    admin.post(address("delivery-confirmation", message))
    page = admin.post(address(name, message), follow=True).content.decode()
    assert "already decided" in page
    assert Message.objects.get(pk=message.pk).state == "sent"


def test_viewer_may_not_decide(message: Message) -> None:
    client = Client()
    client.force_login(viewer())
    assert client.post(address("delivery-confirmation", message)).status_code == 403
    assert Message.objects.get(pk=message.pk).state == "unconfirmed"


def test_dashboard_asks_for_the_decision(admin: Client, message: Message) -> None:
    html = admin.get(reverse("dashboard")).content.decode()
    assert "1 email may have arrived" in html


def test_list_filters_for_them(admin: Client, message: Message) -> None:
    html = admin.get(reverse("deliveries"), {"state": "unconfirmed"}).content.decode()
    assert message.subject in html
    assert "needs a decision" in html
