"""An attempt owns its email while its process lives, however long the server takes."""

from datetime import timedelta

import pytest
from django.utils import timezone

from notifications.backends.base import BackendError
from notifications.delivery import leases
from notifications.delivery.claim import Claim
from notifications.delivery.leases import AttemptLease, LeaseKeeper
from notifications.delivery.sender import send_due
from notifications.delivery.sweep import sweep
from notifications.models import Attempt, Message, OpenConnection
from tests.base import a_message, claim, use_smtp
from tests.smtp_sink import DOT, SmtpSink
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def claimed() -> Claim:
    use_smtp(host="127.0.0.1", port=9)
    a_message()
    found = claim("me")
    assert found
    return found


def end_of_lease() -> object:
    return Attempt.objects.values_list("lease_expires_at", flat=True).get()


def test_lease_is_renewed_while_an_attempt_runs(claimed: Claim, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "RENEW_SECONDS", 0.05)
    first, keeper = end_of_lease(), LeaseKeeper()
    with keeper.held([claimed.attempt]):
        wait_until(lambda: end_of_lease() != first)


def test_connection_is_renewed_while_it_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "RENEW_SECONDS", 0.05)
    row, keeper = OpenConnection.open("me"), LeaseKeeper()
    keeper.keep_connection(row.pk)
    wait_until(lambda: OpenConnection.objects.get().expires_at != row.expires_at)
    keeper.drop_connection(row.pk)


def test_process_that_slept_past_its_lease_sends_nothing(claimed: Claim, monkeypatch: pytest.MonkeyPatch) -> None:
    lease = AttemptLease(claimed.attempt)
    Attempt.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    sweep()
    monkeypatch.setattr(leases, "SAFE_SECONDS", 0.0)
    with pytest.raises(BackendError):
        lease.check()


def test_process_that_slept_but_kept_its_email_goes_on(claimed: Claim, monkeypatch: pytest.MonkeyPatch) -> None:
    lease, first = AttemptLease(claimed.attempt), end_of_lease()
    monkeypatch.setattr(leases, "SAFE_SECONDS", 0.0)
    lease.check()
    assert end_of_lease() != first


def test_renewal_is_no_claim(claimed: Claim) -> None:
    assert Attempt.renew([claimed.attempt.pk, 4711]) == {claimed.attempt.pk}
    claimed.attempt.finish(Attempt.Outcome.REFUSED)
    assert Attempt.renew([claimed.attempt.pk]) == set()


def test_reply_that_takes_longer_than_the_lease_gives_one_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "RENEW_SECONDS", 0.05)
    message = a_message()
    with SmtpSink().on(DOT, delay=1) as sink:
        use_smtp(sink)
        send_due()
        assert sweep() == 0
    assert len(sink.mails) == 1
    assert Message.objects.get(pk=message.pk).state == "sent"


def test_note_for_the_next_attempt_is_kept_only_while_the_email_is_ours(claimed: Claim) -> None:
    message = claimed.message
    assert claimed.attempt.keep_note("mine")
    Attempt.objects.filter(pk=claimed.attempt.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    sweep()
    assert not claimed.attempt.keep_note("late")
    message.refresh_from_db()
    assert message.transport_note == "mine"
