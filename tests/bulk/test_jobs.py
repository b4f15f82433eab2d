"""Bulk jobs: each of the chosen mails once, whoever dies in between."""

import os
import signal
from pathlib import Path

import pytest
from celery import Celery
from django.db import connection, transaction

from notifications.bulk import jobs
from notifications.models import AuditEvent, BulkItem, BulkJob, Message
from notifications.models.people import deactivate
from tests import worker
from tests.base import a_message, administrator, operator, wait_until

pytestmark = pytest.mark.django_db
RESEND, CANCEL = BulkJob.Kind.RESEND, BulkJob.Kind.CANCEL
REFUSES_SUBJECT = {
    "sqlite": """
        CREATE TRIGGER refuses_subject BEFORE INSERT ON notifications_message WHEN NEW.subject = 'refused'
        BEGIN SELECT RAISE(ABORT, 'not this one'); END
    """,
    "postgresql": """
        CREATE FUNCTION refuse() RETURNS trigger AS
        'BEGIN RAISE EXCEPTION ''not this one'' USING ERRCODE = ''check_violation''; END' LANGUAGE plpgsql;
        CREATE TRIGGER refuses_subject BEFORE INSERT ON notifications_message FOR EACH ROW
        WHEN (NEW.subject = 'refused') EXECUTE FUNCTION refuse()
    """,
}
MANY = 600


def begun(kind: BulkJob.Kind, **about: object) -> BulkJob:
    job = BulkJob(kind=kind, **about)
    jobs.begin(job, Message.objects.all())
    return job


def done(job: BulkJob) -> BulkJob:
    assert not jobs.work(job.pk, seconds=60)
    job.refresh_from_db()
    assert job.is_finished
    return job


def finished_mails(count: int) -> list[Message]:
    mails = [a_message() for _ in range(count)]
    for mail in mails:
        mail.fail()
    return mails


def resends_of(mails: list[Message]) -> list[int]:
    return [mail.resends.count() for mail in mails]


class TestChoice:
    def test_only_queued_mails_are_cancelled(self) -> None:
        queued, failed = a_message(), a_message()
        failed.fail()
        job = done(begun(CANCEL))
        assert (job.total, job.done) == (1, 1)
        assert Message.objects.get(pk=queued.pk).state == "cancelled"
        assert Message.objects.get(pk=failed.pk).state == "failed"

    def test_only_finished_mails_are_resent(self) -> None:
        queued, failed = a_message(), a_message()
        failed.fail()
        job = done(begun(RESEND))
        assert (job.total, job.done) == (1, 1)
        assert resends_of([queued, failed]) == [0, 1]

    def test_what_was_sent_again_is_not_resent_once_more_but_its_newer_mail_is(self) -> None:
        (first,) = finished_mails(1)
        done(begun(RESEND))
        newer = Message.objects.get(resend_of=first)
        newer.fail()
        job = done(begun(RESEND))
        assert (job.total, job.done) == (1, 1)
        assert resends_of([first, newer]) == [1, 1]

    def test_what_comes_to_match_later_is_left_alone(self) -> None:
        a_message()
        job = begun(CANCEL)
        late = a_message()
        assert done(job).done == 1
        assert Message.objects.get(pk=late.pk).state == "queued"

    def test_a_resent_mail_is_asked_for_by_who_confirmed_it(self) -> None:
        finished_mails(1)
        ada = administrator()
        done(begun(RESEND, by=ada))
        assert Message.objects.get(state="queued").requested_by == ada

    def test_is_one_event_in_the_audit(self) -> None:
        finished_mails(3)
        done(begun(RESEND, filter="State: Failed"))
        assert [(event.action, event.subject) for event in AuditEvent.objects.all()] == [
            ("mails_resent", "3 mails: State: Failed")
        ]


class TestMeanwhile:
    def test_a_mail_that_left_the_queue_is_left_alone(self) -> None:
        mail = a_message()
        job = begun(CANCEL)
        mail.fail()
        job = done(job)
        assert (job.done, job.skipped) == (0, 1)

    def test_a_mail_that_somebody_else_resends_is_left_alone(self) -> None:
        mails = finished_mails(1)
        first, second = begun(RESEND), begun(RESEND)
        done(first)
        assert done(second).skipped == 1
        assert resends_of(mails) == [1]

    def test_a_mail_that_was_pruned_does_not_hold_up_the_others(self) -> None:
        mails = finished_mails(2)
        job = begun(RESEND)
        mails[0].delete()
        assert done(job).done == 1

    def test_a_mail_that_cannot_be_resent_is_counted_and_told(self) -> None:
        mails = finished_mails(3)
        Message.objects.filter(pk=mails[1].pk).update(subject="refused")
        job = begun(RESEND)
        with connection.cursor() as cursor:
            cursor.execute(REFUSES_SUBJECT[connection.vendor])
        job = done(job)
        assert (job.done, job.failed) == (2, 1)
        assert "not this one" in job.error
        assert resends_of(mails) == [1, 0, 1]


class TestEnd:
    def test_comes_when_who_asked_for_it_may_not_any_more(self) -> None:
        olga, mails = operator(), finished_mails(jobs.BATCH + 1)
        job = begun(RESEND, by=olga)
        assert jobs.step(job.pk)
        deactivate(olga, by=None)
        job = done(job)
        assert (job.done, job.left, job.ended_early) == (jobs.BATCH, 1, "olga may not do that any more")
        assert sum(resends_of(mails)) == jobs.BATCH

    def test_comes_when_somebody_stops_it(self) -> None:
        mails, ada = finished_mails(3), administrator()
        job = begun(RESEND, by=ada)
        assert jobs.stop(job.pk, by=ada)
        assert not jobs.stop(job.pk, by=ada)
        job = done(job)
        assert (job.done, job.left, job.ended_early) == (0, 3, "stopped by ada")
        assert sum(resends_of(mails)) == 0
        assert str(AuditEvent.objects.first()) == "Work on many mails stopped: Resend 3 mails, 3 left as they were"

    def test_does_not_stay_away_for_a_mail_that_nobody_can_read(self) -> None:
        broken, good = finished_mails(2)
        nonsense = b"Subject: =?x-nothing?b?\xff\xfe?=\r\nTo: \xff\r\n\r\n\xff"
        Message.objects.filter(pk=broken.pk).update(content=nonsense)
        job = done(begun(RESEND))
        assert job.done + job.failed == 2
        assert good.resends.count() == 1


class TestDeath:
    def test_what_was_in_the_dead_workers_hands_is_done_once(self) -> None:
        mails = finished_mails(3 * jobs.BATCH // 2)
        job = begun(RESEND)
        with transaction.atomic():
            assert jobs.step(job.pk)
            transaction.set_rollback(True)  # as a kill leaves it: nothing of the batch is stored
        assert BulkItem.objects.count() == len(mails)
        assert done(job).done == len(mails)
        assert set(resends_of(mails)) == {1}

    def test_a_finished_job_does_nothing_more(self) -> None:
        mails = finished_mails(2)
        job = done(begun(RESEND))
        assert not jobs.work(job.pk, seconds=1)
        assert set(resends_of(mails)) == {1}


def test_an_empty_choice_is_finished_at_once() -> None:
    assert done(begun(CANCEL)).total == 0


@pytest.mark.django_db(transaction=True)
def test_a_job_whose_worker_was_killed_is_taken_up_again(redis_url: str, tmp_path: Path) -> None:
    """With real workers: one dies in the middle, the next finds the rest, and each mail is resent once."""
    mails = finished_mails(MANY)
    job = begun(RESEND)

    def handled() -> int:
        job.refresh_from_db()
        return job.handled

    with Celery(broker=redis_url, set_as_current=False) as celery:
        doomed = worker.start(redis_url, tmp_path, hands=1)
        try:
            celery.send_task("notifications.bulk.tasks.run_bulk_job", [job.pk])
            wait_until(lambda: handled() > 0, 60, "the first batch")
        finally:
            os.killpg(doomed.pid, signal.SIGKILL)
            doomed.kill()
        assert 0 < handled() < MANY, "it should have died in the middle"
        with worker.running(redis_url, hands=1):
            celery.send_task("notifications.bulk.tasks.resume_bulk_jobs")
            wait_until(lambda: handled() >= MANY and job.is_finished, 60, "the rest")
    assert job.done == MANY
    assert set(resends_of(mails)) == {1}
