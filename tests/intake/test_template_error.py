"""A notification's own templates, from the report to what the panel knows of them."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext

from notifications.intake.accept import accept
from notifications.models import Message
from tests import base
from tests.reports import a_report

pytestmark = pytest.mark.django_db
BROKEN = {"text_template": "{% if failed > 99 %}x{% endif %}"}


def text_of(message: Message) -> str:
    return str(message.parsed.get_body(("plain",)).get_content())  # type: ignore[union-attr]


def test_a_mail_in_own_words_goes_out_as_they_say() -> None:
    base.a_notification(subject_template="{{ package }} {{ counts }}", text_template="{{ failures|join }}")
    (message,) = accept(a_report()).messages
    assert message.subject == "7-Zip 1 of 2 targets failed"
    assert text_of(message).strip() == "PC-002"


def test_templates_that_break_lose_no_mail_and_are_remembered() -> None:
    rule = base.a_notification(**BROKEN)
    (message,) = accept(a_report()).messages
    rule.refresh_from_db()
    assert rule.template_error == "Its own text could not be used. It came out empty."
    assert rule.template_error in text_of(message)
    assert message.state == Message.State.QUEUED
    assert base.outcomes(message) == {"ops@peer.test": "pending"}


def test_the_fault_is_forgotten_once_a_mail_was_made_as_designed() -> None:
    rule = base.a_notification(**BROKEN)
    accept(a_report())
    rule.refresh_from_db()
    rule.text_template = "{{ name }}"
    rule.save()
    accept(a_report(id="2"))
    rule.refresh_from_db()
    assert rule.template_error == ""


def test_nothing_is_written_to_a_notification_whose_templates_work() -> None:
    base.a_notification(text_template="{{ name }}")
    with CaptureQueriesContext(connection) as asked:
        accept(a_report())
    assert not [query for query in asked if query["sql"].startswith('UPDATE "notifications_notification"')]


def test_one_broken_template_leaves_the_others_alone() -> None:
    base.a_notification(name="a", **BROKEN)
    base.a_notification(name="b", text_template="mine")
    by_name = {message.notification.name: message for message in accept(a_report()).messages if message.notification}
    assert "default form" in text_of(by_name["a"])
    assert text_of(by_name["b"]).strip() == "mine"


def test_users_and_groups_get_even_the_mail_that_could_not_be_made_as_designed(settings: Any, tmp_path: Any) -> None:
    (tmp_path / "emails").mkdir()
    (tmp_path / "emails" / "notification.txt").write_text("{{ summary.completion.name|add:1|divisibleby:0 }}")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path, *settings.TEMPLATES[0]["DIRS"]]}]
    base.administrator()
    Group.objects.create(name="Operators").user_set.add(base.operator())
    base.a_notification(to=["user:ada"], bcc=["group:Operators"])
    (message,) = accept(a_report()).messages
    assert "so short because" in text_of(message)
    assert set(base.outcomes(message)) == {"ada@contoso.test", "olga@contoso.test"}
