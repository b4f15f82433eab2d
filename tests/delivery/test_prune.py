"""The end of the retention."""

from datetime import timedelta

import pytest
from django.utils import timezone

from notifications.delivery.outbox import resend
from notifications.delivery.prune import prune
from notifications.models import Completion, Message
from tests.base import a_completion, a_message, a_notification

pytestmark = pytest.mark.django_db

AGES_AGO = timezone.now() - timedelta(days=1000)


def test_what_is_finished_and_old_goes_with_its_completion() -> None:
    message = a_message(completion=a_completion(), notification=a_notification())
    Message.objects.filter(pk=message.pk).update(state="sent", finished_at=AGES_AGO)
    Completion.objects.update(received_at=AGES_AGO)
    assert prune() == 2
    assert not Message.objects.exists()
    assert not Completion.objects.exists()


def test_what_still_waits_stays_however_old_it_is() -> None:
    a_message(completion=a_completion(), notification=a_notification(), created_at=AGES_AGO)
    Completion.objects.update(received_at=AGES_AGO)
    assert prune() == 0


def test_a_mail_stays_until_what_was_resent_of_it_has_gone() -> None:
    first = a_message(completion=a_completion(), notification=a_notification())
    second = resend(first)
    Message.objects.filter(pk=first.pk).update(state="sent", finished_at=AGES_AGO)
    assert prune() == 0
    Message.objects.filter(pk=second.pk).update(state="sent", finished_at=AGES_AGO)
    assert prune() == 2
