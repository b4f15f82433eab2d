"""The one mail for what was collected."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notifications.digests.collect import held_back
from notifications.digests.tell import GRACE, flush, tell_what_is_due
from notifications.models import Completion, Digest, DigestEntry, Message, Notification, Outcome
from tests.base import a_completion, a_notification

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def hourly(**columns: object) -> Notification:
    return a_notification(digest=Digest.HOURLY, time_zone="UTC", **columns)


def collected(notification: Notification, at: datetime = NOON, **columns: object) -> Completion:
    completion = a_completion(**columns)
    assert held_back(notification, completion, at)
    return completion


def digests() -> list[Message]:
    return list(Message.objects.filter(kind=Message.Kind.DIGEST).order_by("id"))


def test_one_mail_tells_of_everything_in_the_window() -> None:
    notification = hourly()
    for outcome in (Outcome.FAILED, Outcome.FAILED, Outcome.SUCCESS):
        collected(notification, outcome=outcome)
    assert tell_what_is_due() == 1
    (message,) = digests()
    assert message.subject.startswith("3 deployments: 2 failed, 1 ")
    assert list(message.recipients.values_list("address", flat=True)) == ["ops@peer.test"]
    assert message.notification == notification


def test_nothing_is_told_twice() -> None:
    collected(hourly())
    assert (tell_what_is_due(), tell_what_is_due()) == (1, 0)


def test_each_window_has_a_mail_of_its_own_however_late_it_is() -> None:
    notification = hourly()
    for hour in (0, 0, 1, 3):
        collected(notification, NOON + timedelta(hours=hour))
    assert tell_what_is_due() == 3
    assert sorted(message.digest_entries.count() for message in digests()) == [1, 1, 2]


def test_a_window_that_has_just_ended_waits_for_stragglers() -> None:
    entry_due = timezone.now() - GRACE / 2
    collected(hourly())
    DigestEntry.objects.update(due_at=entry_due)
    assert tell_what_is_due() == 0


def test_an_open_window_stays_open() -> None:
    collected(hourly(), timezone.now())
    assert tell_what_is_due() == 0


def test_outside_its_hours_the_mail_waits_for_them() -> None:
    tomorrow = (timezone.now() + timedelta(days=1)).strftime("%a").lower()
    collected(hourly(days=[tomorrow]))
    tell_what_is_due()
    (message,) = digests()
    assert message.not_before is not None
    assert message.next_attempt_at == message.not_before > timezone.now()


def test_what_waits_is_told_at_once_when_its_notification_ends() -> None:
    notification = hourly()
    collected(notification, timezone.now())
    collected(notification, timezone.now())
    assert flush(notification) == 1
    assert digests()[0].digest_entries.count() == 2


def test_a_mail_that_nobody_can_get_is_shown_as_failed() -> None:
    collected(hourly(to=["user:nobody"]))
    tell_what_is_due()
    assert digests()[0].state == Message.State.FAILED


def test_what_breaks_the_design_still_leaves_a_mail_with_every_name() -> None:
    """No digest has a look for an outcome of next year."""
    notification = hourly()
    collected(notification, name="Firefox 130")
    odd = collected(notification, name="7-Zip 25")
    Completion.objects.filter(pk=odd.pk).update(outcome="exploded")
    tell_what_is_due()
    (message,) = digests()
    text = message.parsed.get_body(("plain",))
    assert text is not None
    assert "Firefox 130" in text.get_content()
    assert "7-Zip 25" in text.get_content()


# --- for any history ---

outcomes = st.sampled_from([outcome.value for outcome in Outcome])
histories = st.lists(st.tuples(st.integers(0, 900), outcomes), min_size=1, max_size=25)


def played(history: list[tuple[int, str]], notification: Notification) -> tuple[list[Completion], list[Completion]]:
    """All completions of a history (seconds since the one before, outcome), and those that got a mail at once."""
    at, everything, at_once = NOON, [], []
    for seconds, outcome in history:
        at += timedelta(seconds=seconds)
        completion = a_completion(outcome=outcome)
        everything.append(completion)
        if held_back(notification, completion, at) is None:
            at_once.append(completion)
    return everything, at_once


def start_over() -> None:
    for model in (DigestEntry, Message, Completion, Notification):
        model.objects.all().delete()


def any_history(test: Callable[..., None]) -> Callable[..., None]:
    return settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])(test)


@any_history
@given(history=histories, minutes=st.integers(1, 30))
def test_a_digest_s_counts_are_what_happened(history: list[tuple[int, str]], minutes: int) -> None:
    start_over()
    notification = a_notification(digest=Digest.MINUTES, digest_minutes=minutes, time_zone="UTC")
    everything, at_once = played(history, notification)
    tell_what_is_due()
    assert at_once == []
    told = [entry.completion_id for message in digests() for entry in message.digest_entries.all()]
    assert sorted(told) == [completion.pk for completion in everything]
    for message in digests():
        outcomes_told = Counter(message.digest_entries.values_list("completion__outcome", flat=True))
        assert message.subject.startswith(f"{outcomes_told.total()} deployment")
        for outcome in (Outcome.FAILED, Outcome.CANCELLED):
            number = outcomes_told[outcome]
            assert (f"{number} {outcome.label.lower()}" in message.subject) == bool(number)


@any_history
@given(history=histories, count=st.integers(1, 5), minutes=st.integers(1, 30))
def test_a_throttle_mails_nothing_twice_and_forgets_nothing(
    history: list[tuple[int, str]], count: int, minutes: int
) -> None:
    start_over()
    notification = a_notification(throttle_count=count, throttle_minutes=minutes)
    everything, at_once = played(history, notification)
    tell_what_is_due()
    suppressed = [entry.completion_id for message in digests() for entry in message.digest_entries.all()]
    assert sorted([completion.pk for completion in at_once] + suppressed) == [each.pk for each in everything]
    for message in digests():
        assert message.subject.startswith(f"{message.digest_entries.count()} more suppressed")
        assert all(line in str(message.parsed) for line in [notification.name.split()[0]])


@any_history
@given(history=histories, count=st.integers(1, 5), minutes=st.integers(1, 30))
def test_no_window_of_a_throttle_has_more_than_its_mails_and_one(
    history: list[tuple[int, str]], count: int, minutes: int
) -> None:
    start_over()
    notification = a_notification(throttle_count=count, throttle_minutes=minutes)
    _, at_once = played(history, notification)
    windows = DigestEntry.objects.values_list("due_at", flat=True).distinct().count()
    tell_what_is_due()
    assert len(digests()) == windows
    assert len(at_once) >= min(count, len(history))


def test_what_was_told_stays_on_record_after_its_notification() -> None:
    notification = hourly()
    completion = collected(notification)
    tell_what_is_due()
    notification.delete()
    assert [entry.completion for entry in digests()[0].digest_entries.all()] == [completion]
