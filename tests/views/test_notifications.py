"""Reports > Notifications."""

import re
from datetime import time, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from notifications.forms.notification import NotificationForm
from notifications.models import DigestEntry, Message, Notification, StaleVersion
from tests.base import a_completion, a_message, a_notification, person
from tests.views.conftest import CountQueries

pytestmark = pytest.mark.django_db
FORM = {"name": "Failures", "kind": "deployment", "to": "ops@peer.test", "enabled": "on"}


def body(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


def an_entry(notification: Notification, minutes: int) -> DigestEntry:
    """Due in so many."""
    due = timezone.now() + timedelta(minutes=minutes)
    return DigestEntry.objects.create(
        notification=notification, completion=a_completion(), reason=DigestEntry.Reason.DIGEST, due_at=due
    )


def flashes(response: Any) -> str:
    return " ".join(str(message) for message in response.context["messages"])


class TestList:
    def test_teaches_the_first_step_when_empty(self, browser: Client) -> None:
        html = body(browser, "/notifications/")

        assert "Nobody is told yet" in html
        assert 'href="/notifications/new/"' in html

    def test_tells_kind_outcomes_filters_and_recipients(self, browser: Client) -> None:
        a_notification(
            name="Patches",
            kind="schedule",
            outcomes=["failed"],
            schedule_glob="Patch*",
            to=["a@x.test"],
            bcc=["b@x.test"],
        )

        html = body(browser, "/notifications/")

        for text in ("Patches", "Post schedule", "Failed", "<code>Patch*</code>", "1 To, 0 Cc, 1 Bcc", "never"):
            assert text in html
        assert "Success" not in html

    def test_says_when_it_last_fired_and_leads_to_its_mails(self, browser: Client) -> None:
        notification = a_notification()
        a_message(completion=a_completion(), notification=notification)

        assert f'href="/deliveries/?notification={notification.pk}"' in body(browser, "/notifications/")

    def test_tells_every_condition_in_words(self, browser: Client) -> None:
        a_notification(
            **{"history": ["still_failing", "recovered"], "still_failing_every": 3},
            **{"min_failed_percent": 20, "min_failed_targets": 3, "longer_than_minutes": 5, "target_glob": "PC-*"},
            **{"days": ["mon", "tue", "wed", "thu", "fri"], "hours_from": time(8), "hours_until": time(17)},
            **{"time_zone": "Europe/Berlin", "outside_hours": "drop"},
        )

        html = body(browser, "/notifications/")

        for words in (
            "Still failing or recovered (every 3rd)",
            "At least 20 % or 3 targets failed",
            "Longer than 5 min",
            "Target <code>PC-*</code>",
            "Monday to Friday, 08:00 to 17:00, Europe/Berlin, else none",
        ):
            assert words in html

    @pytest.mark.parametrize(
        ("columns", "words"),
        [
            ({"digest": "minutes", "digest_minutes": 15}, "Digest every 15 min"),
            ({"digest": "hourly"}, "Digest every hour"),
            ({"digest": "daily", "digest_at": time(7)}, "Digest daily at 07:00"),
            ({"digest": "weekly", "digest_at": time(7), "digest_day": "fri"}, "Digest on Fridays at 07:00"),
            ({"throttle_count": 5, "throttle_minutes": 60}, "At most 5 in 60 min"),
        ],
    )
    def test_tells_its_limit(self, browser: Client, columns: dict[str, Any], words: str) -> None:
        a_notification(**columns)
        assert words in body(browser, "/notifications/")

    def test_counts_what_was_sent_and_what_fails_in_seven_days(self, browser: Client) -> None:
        notification = a_notification()
        states = ["sent", "sent", "partly_sent", "failed", "expired", "cancelled"]
        for _ in range(len(states) + 1):
            a_message(completion=a_completion(), notification=notification)
        keys = list(Message.objects.order_by("pk").values_list("pk", flat=True))
        for key, state in zip(keys, states, strict=False):
            Message.objects.filter(pk=key).update(state=state)
        long_ago = timezone.now() - timedelta(days=8)
        Message.objects.filter(pk=keys[-1]).update(state="failed", created_at=long_ago)

        html = body(browser, "/notifications/")

        assert "3 sent in 7 days" in html
        assert "3 failing" in html

    def test_counts_a_deferred_mail_and_forgets_one_that_was_sent_again(self, browser: Client) -> None:
        notification = a_notification()
        deferred = a_message(completion=a_completion(), notification=notification)
        mended = a_message(completion=a_completion(), notification=notification)
        again = a_message(notification=notification, resend_of=mended)
        Message.objects.filter(pk=deferred.pk).update(attempt_count=2)
        Message.objects.filter(pk=mended.pk).update(state="failed")
        Message.objects.filter(pk=again.pk).update(state="sent")

        assert "1 failing" in body(browser, "/notifications/")

    def test_says_how_many_wait_for_the_digest(self, browser: Client) -> None:
        notification = a_notification(digest="hourly")
        for minutes in (30, 90):
            an_entry(notification, minutes)

        html = body(browser, "/notifications/")

        assert "2 collected" in html
        assert "in 29 min" in html or "in 30 min" in html

    def test_warns_of_templates_that_could_not_be_used(self, browser: Client) -> None:
        a_notification(template_error="Line 3: There is no variable “x”.")

        html = body(browser, "/notifications/")

        assert "Sent in the default form" in html
        assert "Line 3: There is no variable “x”." in html

    def test_escapes_what_was_typed(self, browser: Client) -> None:
        a_notification(name="<script>alert(1)</script>", package_glob='"><img src=x>')

        html = body(browser, "/notifications/")

        assert "&lt;script&gt;alert(1)" in html
        assert "<img src=x>" not in html
        assert "<script>alert" not in html

    def test_finds_by_name(self, browser: Client) -> None:
        a_notification(name="Failures of 7-Zip")
        a_notification(name="Patch window")

        html = body(browser, "/notifications/?text=7-zip")

        assert "Failures of 7-Zip" in html
        assert "Patch window" not in html

    def test_takes_as_many_queries_for_thirty_as_for_three(self, browser: Client, count_queries: CountQueries) -> None:
        for _ in range(3):
            a_message(completion=a_completion(), notification=a_notification())
        few = count_queries("/notifications/")
        for _ in range(27):
            notification = a_notification()
            a_message(completion=a_completion(), notification=notification)
            an_entry(notification, 5)

        assert count_queries("/notifications/") == few

    def test_shows_a_page_at_a_time(self, browser: Client) -> None:
        for number in range(60):
            a_notification(name=f"Rule {number:03}")

        first = browser.get("/notifications/")
        second = browser.get(f"/notifications/{first.context['page'].after}")

        names = [row.name for response in (first, second) for row in response.context["page"].rows]
        assert names == [f"Rule {number:03}" for number in range(60)]

    @pytest.mark.parametrize("query", ["text=%00", "text=" + "x" * 300, "text=%0a%0d", "text=%ED%A0%80", "text=%25_"])
    def test_bears_any_search(self, browser: Client, query: str) -> None:
        a_notification()

        assert browser.get(f"/notifications/?{query}").status_code == 200

    def test_says_404_to_a_place_that_is_none(self, browser: Client) -> None:
        assert browser.get("/notifications/?after=%00").status_code == 404


class TestAddAndEdit:
    def test_adds_and_says_how_many_get_it(self, browser: Client) -> None:
        response = browser.post("/notifications/new/", FORM | {"cc": "a@x.test, b@x.test"}, follow=True)

        assert response.redirect_chain == [("/notifications/", 302)]
        assert "3 recipients" in flashes(response)
        assert Notification.objects.get().cc == ["a@x.test", "b@x.test"]

    def test_says_which_address_was_named_twice(self, browser: Client) -> None:
        response = browser.post("/notifications/new/", FORM | {"cc": "OPS <ops@PEER.test>"}, follow=True)

        assert "gets one mail: ops@peer.test" in flashes(response)

    def test_says_who_will_get_none_of_its_mails(self, browser: Client) -> None:
        person("otto", email="")
        response = browser.post("/notifications/new/", FORM | {"to": "user:otto, ops@peer.test"}, follow=True)
        assert "Some will get no mail as things are. The user “otto” has no address." in flashes(response)

    def test_keeps_what_was_typed_beside_the_error(self, browser: Client) -> None:
        html = browser.post("/notifications/new/", FORM | {"to": "ops@peer.test\nnobody"}).content.decode()

        assert "“nobody” cannot be used" in html
        assert "ops@peer.test\nnobody</textarea>" in html
        assert not Notification.objects.exists()

    def test_answers_an_empty_form_with_errors(self, browser: Client) -> None:
        html = browser.post("/notifications/new/", {}).content.decode()

        assert "This must not be empty" in html
        assert "at least one recipient" in html

    def test_shows_the_stored_values(self, browser: Client) -> None:
        notification = a_notification(outcomes=["failed"], to=["a@x.test", "B <b@x.test>"])

        html = body(browser, f"/notifications/{notification.pk}/")

        assert "a@x.test\nB &lt;b@x.test&gt;</textarea>" in html
        ticked = re.findall(r'<input type="checkbox" name="(\w+)"[^>]* checked', html)
        assert ticked == ["outcomes", "enabled"]

    def test_saves_a_change(self, browser: Client) -> None:
        notification = a_notification()

        browser.post(f"/notifications/{notification.pk}/", FORM | {"name": "New name"})

        assert Notification.objects.get(pk=notification.pk).name == "New name"

    def test_names_the_stored_one_when_a_change_is_refused(self, browser: Client) -> None:
        notification = a_notification(name="Stored")

        html = browser.post(f"/notifications/{notification.pk}/", FORM | {"name": "x" * 201}).content.decode()

        assert "<h1>Stored</h1>" in html
        assert Notification.objects.get().name == "Stored"

    @pytest.mark.parametrize("pk", ["999", "99999999999999999999", "9" * 5000])
    def test_says_404_to_an_id_that_is_none(self, browser: Client, pk: str) -> None:
        assert browser.get(f"/notifications/{pk}/").status_code == 404

    @pytest.mark.parametrize("value", ["\0", "a\0b", "\x1b[31m", "\u2028", "😀" * 300, "%00", "'; DROP TABLE x;--"])
    @pytest.mark.parametrize("field", ["name", "kind", "outcomes", "package_glob", "to", "reply_to"])
    def test_bears_any_value(self, browser: Client, field: str, value: str) -> None:
        assert browser.post("/notifications/new/", FORM | {field: value}).status_code in (200, 302)


class TestTheNewForm:
    def test_begins_with_the_name_and_what_happens_by_itself(self, browser: Client) -> None:
        html = body(browser, "/notifications/new/")
        assert re.findall(r'<input[^>]*name="(\w+)"[^>]* autofocus', html) == ["name"]
        ticked = re.findall(r'<input type="radio" name="(\w+)" value="(\w*)"[^>]* checked', html)
        assert ticked == [("outside_hours", "wait"), ("width", "fit"), ("digest", "")]

    def test_reads_its_limit_as_a_sentence(self, browser: Client) -> None:
        text = re.sub(r"<[^>]+>", "", body(browser, "/notifications/new/"))
        assert "At most so many mails mails in so many minutes minutes" in " ".join(text.split())


class TestTwoWhoSave:
    FORM = {
        **FORM,
        "still_failing_every": "1",
        "outside_hours": "wait",
        "digest": "",
        "digest_day": "",
        "days": ["mon", "sun"],
    }

    @pytest.fixture
    def stored(self, db: None) -> Notification:
        return a_notification(name="Rule", outcomes=["failed"], days=["sun", "mon"], to=["a@x.test", "b@x.test"])

    def version(self, html: str) -> str:
        found = re.search(r'name="version" value="(\d+)"', html)
        assert found
        return found[1]

    def test_the_second_is_shown_what_the_first_one_saved(
        self, page: Client, browser: Client, stored: Notification
    ) -> None:
        url = f"/notifications/{stored.pk}/"
        seen = self.version(body(browser, url))
        theirs = self.FORM | {
            "name": "Rule",
            "to": "a@x.test\r\nb@x.test",
            "outcomes": ["failed", "partial"],
            "version": seen,
        }
        assert page.post(url, theirs).status_code == 302

        response = browser.post(url, theirs | {"outcomes": [], "hours_from": "08:00", "hours_until": "17:00"})

        assert response.status_code == 409
        assert [(row.label, row.saved, row.typed) for row in response.context["conflict"]] == [
            ("Outcomes", "Partly failed\nFailed", "(empty)"),
            ("From", "(empty)", "08:00"),
            ("Until", "(empty)", "17:00"),
        ]
        html = response.content.decode()
        assert "ada saved this notification" in " ".join(html.split())
        assert 'value="08:00"' in html
        stored.refresh_from_db()
        assert stored.outcomes == ["failed", "partial"]

        assert browser.post(url, theirs | {"outcomes": [], "version": self.version(html)}).status_code == 302
        stored.refresh_from_db()
        assert stored.outcomes == []

    def test_a_switch_counts_as_a_change(self, page: Client, browser: Client, stored: Notification) -> None:
        url = f"/notifications/{stored.pk}/"
        seen = self.version(body(browser, url))
        page.post(f"{url}disabled/")
        assert browser.post(url, self.FORM | {"version": seen}).status_code == 409

    def test_an_error_between_does_not_make_the_page_newer(
        self, page: Client, browser: Client, stored: Notification
    ) -> None:
        url = f"/notifications/{stored.pk}/"
        seen = self.version(body(browser, url))
        html = browser.post(url, self.FORM | {"to": "nobody", "version": seen}).content.decode()
        page.post(url, self.FORM | {"version": seen})
        assert browser.post(url, self.FORM | {"version": self.version(html)}).status_code == 409

    def test_who_saves_what_is_saved_has_nothing_to_decide(self, browser: Client, stored: Notification) -> None:
        url = f"/notifications/{stored.pk}/"
        seen = self.version(body(browser, url))
        browser.post(url, self.FORM | {"version": seen})
        response = browser.post(url, self.FORM | {"version": seen})
        assert response.status_code == 409
        assert "there is nothing left to save" in response.content.decode()

    def test_one_that_is_deleted_meanwhile_does_not_come_back(self, browser: Client, stored: Notification) -> None:
        form = NotificationForm.of({"name": "Rule", "to": ["a@x.test"]}, instance=stored)
        assert form.is_valid()
        Notification.objects.all().delete()
        with pytest.raises(StaleVersion):
            form.store(seen=0)
        assert not Notification.objects.exists()


class TestVerbs:
    def test_copy_is_off_and_opens(self, browser: Client) -> None:
        original = a_notification(name="Failures", outcomes=["failed"], bcc=["b@x.test"])

        response = browser.post(f"/notifications/{original.pk}/copies/")

        copy = Notification.objects.get(name="Failures (copy)")
        assert response.headers["Location"] == f"/notifications/{copy.pk}/"
        assert (copy.enabled, copy.outcomes, copy.to, copy.bcc) == (False, ["failed"], original.to, ["b@x.test"])

    def test_switch_turns_off_and_on(self, browser: Client) -> None:
        notification = a_notification()

        browser.post(f"/notifications/{notification.pk}/disabled/")
        assert 'aria-checked="false"' in body(browser, "/notifications/")

        browser.post(f"/notifications/{notification.pk}/enabled/")
        assert 'aria-checked="true"' in body(browser, "/notifications/")

    def test_delete_asks_first(self, browser: Client) -> None:
        notification = a_notification(name="Failures")

        assert "Delete “Failures”" in body(browser, f"/notifications/{notification.pk}/delete/")
        assert Notification.objects.exists()

    def test_delete_has_the_keyboard_at_its_question(self, browser: Client) -> None:
        assert re.search(r"<form[^>]* autofocus", body(browser, f"/notifications/{a_notification().pk}/delete/"))

    def test_delete_keeps_the_record_of_its_mails(self, browser: Client) -> None:
        notification = a_notification()
        message = a_message(completion=a_completion(), notification=notification)

        browser.post(f"/notifications/{notification.pk}/delete/")

        assert not Notification.objects.exists()
        assert Message.objects.get().uuid == message.uuid
        assert "deleted since" in body(browser, f"/deliveries/{message.uuid}/")

    def test_delete_says_how_many_mails_are_still_on_their_way(self, browser: Client) -> None:
        notification = a_notification()
        a_message(completion=a_completion(), notification=notification)

        assert "1 of its mails" in body(browser, f"/notifications/{notification.pk}/delete/")

    def test_delete_tells_of_what_was_collected_first(self, browser: Client) -> None:
        notification = a_notification(digest="hourly")
        for minutes in (30, 90):
            an_entry(notification, minutes)

        question = body(browser, f"/notifications/{notification.pk}/delete/")
        response = browser.post(f"/notifications/{notification.pk}/delete/", follow=True)

        assert "2 completions wait to be told of together" in question
        assert "What it had collected goes out now" in flashes(response)
        assert [message.kind for message in Message.objects.all()] == ["digest"]

    def test_the_end_of_a_digest_tells_of_what_it_had_collected(self, browser: Client) -> None:
        notification = a_notification(digest="hourly")
        an_entry(notification, 30)

        browser.post(f"/notifications/{notification.pk}/", FORM | {"digest": "daily", "digest_at": "07:00"})
        assert not Message.objects.exists()

        browser.post(f"/notifications/{notification.pk}/", FORM | {"digest": ""})
        assert [message.kind for message in Message.objects.all()] == ["digest"]

    @pytest.mark.parametrize("verb", ["copies", "enabled", "disabled"])
    def test_change_nothing_by_get(self, browser: Client, verb: str) -> None:
        notification = a_notification()

        assert browser.get(f"/notifications/{notification.pk}/{verb}/").status_code == 405
        assert Notification.objects.get().enabled

    @pytest.mark.parametrize("verb", ["copies", "enabled", "disabled", "delete"])
    def test_say_404_to_an_id_that_is_none(self, browser: Client, verb: str) -> None:
        assert browser.post(f"/notifications/999/{verb}/").status_code == 404

    @pytest.mark.parametrize("path", ["", "new/", "1/", "1/copies/", "1/enabled/", "1/disabled/", "1/delete/"])
    def test_need_somebody_who_is_signed_in(self, client: Client, path: str) -> None:
        assert "/sign-in/" in client.post(f"/notifications/{path}").headers["Location"]

    def test_refuse_a_post_from_another_site(self, browser: Client) -> None:
        notification = a_notification()
        strict = Client(enforce_csrf_checks=True)
        strict.cookies = browser.cookies

        assert strict.post(f"/notifications/{notification.pk}/delete/").status_code == 403
        assert Notification.objects.exists()
