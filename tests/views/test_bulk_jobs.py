"""Reports > Deliveries: the same for many mails at once."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from notifications.bulk import jobs
from notifications.models import AuditEvent, BulkJob, Message
from notifications.views import deliveries
from tests.base import a_message, viewer

pytestmark = pytest.mark.django_db
HIDDEN = re.compile(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)">')


def asked(browser: Client, query: str) -> str:
    response = browser.get(f"/deliveries/bulk-jobs/?{query}")
    assert response.status_code == 200
    return response.content.decode()


def answer_to(page: str) -> dict[str, list[str]]:
    """What the page's form posts."""
    fields: dict[str, list[str]] = {}
    for name, value in HIDDEN.findall(page.partition('class="card')[2]):
        fields.setdefault(name, []).append(value)
    return fields


def confirmed(browser: Client, query: str) -> BulkJob:
    response = browser.post("/deliveries/bulk-jobs/", answer_to(asked(browser, query)))
    job = BulkJob.objects.latest("pk")
    assert response["Location"] == f"/deliveries/bulk-jobs/{job.uuid}/"
    return job


def states() -> list[str]:
    return list(Message.objects.order_by("pk").values_list("state", flat=True))


class TestTheQuestion:
    def test_names_the_exact_count_on_its_button(self, browser: Client) -> None:
        for _ in range(14):
            a_message()
        a_message().fail()
        assert "Cancel 14 mails</button>" in asked(browser, "do=cancel&all=on")

    def test_counts_what_the_filter_matches(self, browser: Client) -> None:
        a_message("a@x.test")
        a_message("b@x.test")
        page = asked(browser, "do=cancel&all=on&recipient=a@x.test")
        assert "Cancel 1 mail</button>" in page
        assert "Chosen by Recipient: a@x.test." in page

    def test_counts_the_ticked_ones_whatever_the_filter(self, browser: Client) -> None:
        mails = [a_message() for _ in range(3)]
        assert "Cancel 2 mails</button>" in asked(
            browser, f"do=cancel&mail={mails[0].pk}&mail={mails[1].pk}&state=sent"
        )

    def test_is_not_asked_about_more_than_one_go_can_take(
        self, browser: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(jobs, "MOST_MAILS", 2)
        for _ in range(3):
            a_message()
        response = browser.get("/deliveries/bulk-jobs/?do=cancel&all=on", follow=True)
        assert "3 mails are too many for one go" in response.content.decode()
        assert not BulkJob.objects.exists()

    def test_says_who_gets_a_second_copy(self, browser: Client) -> None:
        sent, failed = a_message(), a_message()
        sent.recipients.update(outcome="accepted")
        sent.settle()
        failed.fail()
        page = asked(browser, "do=resend&all=on")
        assert "1 mail was accepted for everybody: each recipient gets a second copy." in page
        assert "1 mail was accepted for nobody: sent to all recipients." in page
        assert 'class="card danger"' in page
        assert "left alone" not in page

    def test_is_no_danger_where_nobody_gets_a_second_copy(self, browser: Client) -> None:
        partly = a_message("a@x.test", "b@x.test")
        partly.recipients.filter(address="a@x.test").update(outcome="accepted")
        partly.settle()
        page = asked(browser, "do=resend&all=on")
        assert "1 mail was accepted for some recipients: sent to the others alone." in page
        assert 'class="card danger"' not in page

    def test_leaves_out_what_was_sent_again_before(self, browser: Client) -> None:
        mail, other = a_message(), a_message()
        mail.fail(), other.fail()
        browser.post(f"/deliveries/{mail.uuid}/resends/")
        page = asked(browser, f"do=resend&mail={mail.pk}&mail={other.pk}")
        assert "Resend 1 mail</button>" in page
        assert "1 is left alone, sent again before: what counts is the newer mail." in page

    def test_says_why_fewer_are_concerned_than_are_ticked(self, browser: Client) -> None:
        queued, failed, gone = (a_message() for _ in range(3))
        failed.fail()
        ticked = f"mail={queued.pk}&mail={failed.pk}&mail={gone.pk}"
        gone.delete()
        page = asked(browser, f"do=cancel&{ticked}")
        assert "1 is not queued: left alone." in page
        assert "1 is no longer there." in page
        assert "1 is still on the way: left alone." in asked(browser, f"do=resend&{ticked}")

    def test_names_the_first_mails(self, browser: Client) -> None:
        for number in range(7):
            Message.objects.filter(pk=a_message().pk).update(subject=f"Fire {number}")
        page = asked(browser, "do=cancel&all=on")
        assert re.findall(r"Fire \d", page) == [f"Fire {number}" for number in (6, 5, 4, 3, 2)]
        assert "and 2 more" in page

    def test_is_not_asked_about_all_because_none_is_ticked(self, browser: Client) -> None:
        a_message()
        response = browser.get("/deliveries/bulk-jobs/?do=cancel&state=queued", follow=True)
        assert response.redirect_chain == [("/deliveries/?state=queued", 302)]
        assert "No mail is ticked." in response.content.decode()

    @pytest.mark.parametrize(("do", "words"), [("cancel", "nothing to cancel"), ("resend", "nothing to resend")])
    def test_is_not_asked_about_nothing(self, browser: Client, do: str, words: str) -> None:
        response = browser.get(f"/deliveries/bulk-jobs/?do={do}&all=on&kind=test", follow=True)
        assert response.redirect_chain == [("/deliveries/?kind=test", 302)]
        assert words in response.content.decode()

    @pytest.mark.parametrize(
        "query",
        [
            "",
            "do=destroy",
            "do=cancel&mail=x",
            "do=cancel&mail=-1",
            "do=cancel&all=on&state=exploded",
            "do=cancel&mail=" + "9" * 40,
        ],
    )
    def test_is_not_asked_about_what_cannot_be_read(self, browser: Client, query: str) -> None:
        a_message()
        assert browser.get(f"/deliveries/bulk-jobs/?{query}").status_code == 404

    def test_changes_nothing(self, browser: Client) -> None:
        a_message()
        asked(browser, "do=cancel&all=on")
        assert states() == ["queued"]
        assert not BulkJob.objects.exists()


class TestTheBar:
    def test_takes_all_only_where_a_filter_says_which(self, browser: Client) -> None:
        for _ in range(3):
            a_message()
        assert "Cancel all" not in browser.get("/deliveries/").content.decode()
        page = browser.get("/deliveries/?state=queued").content.decode()
        assert "All 3 that the filter shows:" in page

    def test_counts_no_further_than_is_quick(self, browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(deliveries, "MOST_COUNTED", 60)
        for _ in range(60):
            a_message()
        assert "All 60 that the filter shows:" in browser.get("/deliveries/?state=queued").content.decode()
        a_message()
        assert "All of more than 60 that" in browser.get("/deliveries/?state=queued").content.decode()


class TestTheAnswer:
    def test_begins_the_job_that_was_asked_about(self, browser: Client) -> None:
        mine, _other = a_message("a@x.test"), a_message("b@x.test")
        job = confirmed(browser, "do=cancel&all=on&recipient=a@x.test")
        jobs.work(job.pk, 60)
        assert states() == ["cancelled", "queued"]
        assert AuditEvent.objects.get().subject == "1 mail: Recipient: a@x.test"
        assert mine.recipients.get().address == "a@x.test"

    def test_takes_the_ticked_ones_only(self, browser: Client) -> None:
        first, _second, third = (a_message() for _ in range(3))
        jobs.work(confirmed(browser, f"do=cancel&mail={first.pk}&mail={third.pk}").pk, 60)
        assert states() == ["cancelled", "queued", "cancelled"]

    def test_given_twice_is_one_job(self, browser: Client) -> None:
        a_message()
        answer = answer_to(asked(browser, "do=cancel&all=on"))
        addresses = {browser.post("/deliveries/bulk-jobs/", answer)["Location"] for _ in range(2)}
        assert len(addresses) == BulkJob.objects.count() == 1

    def test_given_twice_at_the_same_moment_is_one_job(self, browser: Client) -> None:
        a_message().fail()
        posted = answer_to(asked(browser, "do=resend&all=on"))
        first = BulkJob(uuid=posted["uuid"][0], kind="resend")

        def other_click(execute: Any, sql: str, *more: Any) -> Any:
            """Between the look for its job and the job."""
            found = execute(sql, *more)
            if first.pk is None and sql.startswith("SELECT") and BulkJob._meta.db_table in sql:
                first.pk = 0
                BulkJob.objects.create(uuid=first.uuid, kind=first.kind)
            return found

        with connection.execute_wrapper(other_click):
            response = browser.post(reverse("bulk-jobs"), posted)
        assert response["Location"] == reverse("bulk-job", args=[first.uuid])
        assert BulkJob.objects.count() == 1

    def test_takes_no_mail_that_came_after_the_question(self, browser: Client) -> None:
        asked_about, gone = a_message(), a_message()
        posted = answer_to(asked(browser, "do=cancel&all=on"))
        gone.cancel()
        later = a_message()
        browser.post(reverse("bulk-jobs"), posted)
        job = BulkJob.objects.get()
        assert [item.message_id for item in job.items.all()] == [asked_about.pk]
        assert later.state == "queued"

    def test_can_be_taken_back_while_it_is_at_work(self, browser: Client) -> None:
        a_message()
        job = confirmed(browser, "do=cancel&all=on")
        assert "Stop, and leave 1 as they are" in browser.get(reverse("bulk-job", args=[job.uuid])).content.decode()
        page = browser.post(reverse("bulk-job-stops", args=[job.uuid]), follow=True).content.decode()
        assert "Ended early" in page
        assert "1: stopped by olga" in page
        assert states() == ["queued"]

    def test_is_asked_again_when_there_are_more_by_now(self, browser: Client) -> None:
        on_its_way, failed = a_message(), a_message()
        failed.fail()
        answer = answer_to(asked(browser, "do=resend&all=on"))
        on_its_way.fail()
        page = browser.post("/deliveries/bulk-jobs/", answer).content.decode()
        assert "By now there are more of them: 2 mails." in page
        assert "Resend 2 mails</button>" in page
        assert not BulkJob.objects.exists()

    def test_without_a_question_is_asked_first(self, browser: Client) -> None:
        a_message()
        assert (
            b"Cancel 1 mail</button>" in browser.post("/deliveries/bulk-jobs/", {"do": "cancel", "all": "on"}).content
        )
        assert not BulkJob.objects.exists()

    def test_is_not_a_viewers_to_give(self, client: Client) -> None:
        a_message()
        client.force_login(viewer())
        assert client.get("/deliveries/bulk-jobs/?do=cancel").status_code == 403
        assert client.post("/deliveries/bulk-jobs/", {"do": "cancel", "counted": 1}).status_code == 403
        page = client.get("/deliveries/").content.decode()
        assert 'id="bulk"' not in page
        assert "tick-" not in page


class TestProgress:
    def page(self, browser: Client, job: BulkJob, **headers: str) -> str:
        return browser.get(f"/deliveries/bulk-jobs/{job.uuid}/", headers=headers).content.decode()

    def test_is_asked_for_until_it_is_finished(self, browser: Client) -> None:
        a_message()
        job = confirmed(browser, "do=cancel&all=on")
        assert '<progress max="1" value="0"' in self.page(browser, job)
        assert "every 1s" in self.page(browser, job)
        jobs.work(job.pk, 60)
        assert '<progress max="1" value="1"' in self.page(browser, job)
        assert "every 1s" not in self.page(browser, job)

    def test_answers_a_poll_with_the_part_that_changes(self, browser: Client) -> None:
        a_message()
        part = self.page(browser, confirmed(browser, "do=cancel&all=on"), **{"HX-Request": "true"})
        assert part.strip().startswith('<section class="card" id="bulk-job"')

    def test_is_linked_from_the_list_while_it_lasts(self, browser: Client) -> None:
        a_message()
        job = confirmed(browser, "do=cancel&all=on")
        link = f"/deliveries/bulk-jobs/{job.uuid}/"
        assert link in browser.get("/deliveries/").content.decode()
        jobs.work(job.pk, 60)
        assert link not in browser.get("/deliveries/").content.decode()

    def test_leads_to_the_mails_that_were_made_and_what_became_of_them(self, browser: Client) -> None:
        mails = [a_message("a@x.test"), a_message("b@x.test")]
        for mail in mails:
            mail.fail()
        a_message()
        job = confirmed(browser, "do=resend&all=on")
        jobs.work(job.pk, 60)
        made = list(Message.objects.exclude(resend_of=None).order_by("-pk"))
        made[0].cancel()
        page = self.page(browser, job)
        assert f'href="/deliveries/?job={job.uuid}">Show these 2 mails</a>' in page
        assert f'href="/deliveries/?job={job.uuid}&amp;state=cancelled"' in page
        assert "1 queued" in page
        assert list(browser.get(f"/deliveries/?job={job.uuid}").context["page"].rows) == made

    def test_leads_to_the_mails_that_were_cancelled(self, browser: Client) -> None:
        mail = a_message()
        job = confirmed(browser, "do=cancel&all=on")
        jobs.work(job.pk, 60)
        a_message().cancel()
        assert list(browser.get(f"/deliveries/?job={job.uuid}").context["page"].rows) == [mail]

    @pytest.mark.parametrize("text", ["x", "%00", str(uuid4())])
    def test_of_a_job_that_is_none_lists_nothing(self, browser: Client, text: str) -> None:
        a_message()
        assert list(browser.get(f"/deliveries/?job={text}").context["page"].rows) == []

    def test_of_no_job_is_404(self, browser: Client) -> None:
        assert browser.get(f"/deliveries/bulk-jobs/{uuid4()}/").status_code == 404
