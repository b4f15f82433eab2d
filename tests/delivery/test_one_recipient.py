"""Addresses that differ in case only are one recipient: one row, one RCPT, as it was spelled first."""

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from notifications.delivery import outbox
from notifications.delivery.sender import send_due
from notifications.intake.accept import accept
from notifications.models import Notification, Recipient
from tests.base import a_message, a_notification, outcomes, person
from tests.reports import a_report
from tests.smtp_sink import SmtpSink

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("fields", "first"),
    [
        ({"to": ["Ops@peer.test", "ops@peer.test", "OPS@PEER.test"]}, "Ops@peer.test"),
        ({"to": ["ops@peer.test"], "cc": ["Ops <OPS@peer.test>"], "bcc": ["oPs@peer.test"]}, "ops@peer.test"),
        ({"to": [], "cc": ["OPS@peer.test"], "bcc": ["ops@Peer.Test"]}, "OPS@peer.test"),
        ({"to": ["user:ada", "ADA@contoso.test", "group:Night"]}, "ada@contoso.test"),
    ],
)
def test_one_person_gets_one_email(sink: SmtpSink, fields: dict[str, list[str]], first: str) -> None:
    person("ada").groups.add(Group.objects.create(name="Night"))
    a_notification(**fields)
    (message,) = accept(a_report()).messages
    send_due()
    assert outcomes(message) == {first: "accepted"}
    assert [mail.recipients for mail in sink.mails] == [(first,)]
    head = sink.mails[0].content.partition(b"\r\n\r\n")[0].decode().lower()
    assert head.count(f"{first.lower()}") <= 1


def test_an_email_that_was_queued_for_both_spellings_is_resent_to_one(sink: SmtpSink) -> None:
    message = a_message("Ops@peer.test", "b@peer.test")
    Recipient.objects.create(message=message, address="OPS@peer.test", field=Recipient.Field.CC)
    again = outbox.resend(message)
    assert [*again.recipients.values_list("address", flat=True)] == ["Ops@peer.test", "b@peer.test"]


def test_the_form_keeps_the_first_spelling_and_says_which_it_dropped(admin_client: Client) -> None:
    form = {"name": "Failures", "kind": "deployment", "enabled": "on", "to": "Ops@peer.test\nops@peer.test"}
    response = admin_client.post("/notifications/new/", form | {"cc": "OPS@peer.test, b@peer.test"}, follow=True)
    rule = Notification.objects.get()
    assert (rule.to, rule.cc) == (["Ops@peer.test"], ["b@peer.test"])
    assert "gets one mail: OPS@peer.test" in " ".join(str(message) for message in response.context["messages"])
