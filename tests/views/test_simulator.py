"""The simulator, and the same on a completion's own page."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from notifications.digests.tell import flush
from notifications.models import Completion, DigestEntry, Message, Notification
from tests.base import a_completion, a_message, a_notification, use_smtp
from tests.views.conftest import CountQueries

pytestmark = pytest.mark.django_db


def simulated(browser: Client, completion: Completion, query: str = "") -> str:
    response = browser.get(f"/notifications/simulator/?completion={completion.uuid}{query}")
    assert response.status_code == 200
    return str(response.content.decode())


def an_entry(notification: Notification, completion: Completion, **columns: Any) -> DigestEntry:
    values = {"reason": DigestEntry.Reason.DIGEST, "due_at": timezone.now() + timedelta(minutes=40)} | columns
    return DigestEntry.objects.create(notification=notification, completion=completion, **values)


class TestSimulator:
    def test_teaches_the_first_step_when_nothing_was_reported(self, browser: Client) -> None:
        html = browser.get("/notifications/simulator/").content.decode()

        assert "Nothing was reported yet" in html
        assert 'href="/completions/new/"' in html

    def test_says_for_each_notification_whether_it_fires_or_why_not(self, browser: Client) -> None:
        a_notification(name="Everything")
        a_notification(name="Sleeping", enabled=False)
        a_notification(name="Firefox alone", package_glob="Firefox*")

        html = simulated(browser, a_completion())

        assert "1 of 3 notifications fires" in html
        assert "Mails at once." in html
        assert "The notification is switched off." in html
        assert "Its package filter Firefox* does not match 7-Zip." in html

    def test_says_that_a_notification_fires_not_that_a_mail_was_sent(self, browser: Client) -> None:
        completion, notification = a_completion(), a_notification()
        message = a_message(completion=completion, notification=notification)
        message.recipients.update(outcome="accepted")
        message.settle()

        verdicts = simulated(browser, completion).partition('id="verdicts"')[2]

        assert "Fires</span>" in verdicts
        assert "Sent</span>" not in verdicts
        assert f'What came of it: <a href="/deliveries/{message.uuid}/">Its mail</a>' in " ".join(verdicts.split())

    def test_stays_at_its_title_when_something_is_chosen(self, browser: Client) -> None:
        assert "#verdicts" not in simulated(browser, a_completion())

    def test_calls_a_digest_that_is_due_due_now(self, browser: Client) -> None:
        completion, notification = a_completion(), a_notification(digest="hourly")
        an_entry(notification, completion, due_at=timezone.now() - timedelta(seconds=5))

        html = simulated(browser, completion)

        assert "Waits for the digest" in html
        assert ">now</time>" in html

    def test_puts_those_that_fire_first(self, browser: Client) -> None:
        for name, glob in (("a", "x"), ("b", ""), ("c", "x"), ("d", "")):
            a_notification(name=name, package_glob=glob)

        response = browser.get(f"/notifications/simulator/?completion={a_completion().uuid}")

        names = [each.verdict.notification.name for each in response.context["judged"]]
        assert names == ["b", "d", "a", "c"]

    def test_says_what_would_follow(self, browser: Client) -> None:
        a_notification(name="Digest", digest="hourly")
        assert "Collected for the digest of" in simulated(browser, a_completion())

    def test_finds_completions(self, browser: Client) -> None:
        a_completion(name="Firefox to everybody")
        a_completion(name="Chrome", source="ansible")

        found = browser.get("/notifications/simulator/?text=firefox").context["offered"]
        by_source = browser.get("/notifications/simulator/?source=ansible").context["offered"]

        assert [each.name for each in found] == ["Firefox to everybody"]
        assert [each.name for each in by_source] == ["Chrome"]

    @pytest.mark.parametrize("query", ["completion=x", "completion=%00", "text=%00", "completion=&page=99", "kind=x"])
    def test_bears_any_query(self, browser: Client, query: str) -> None:
        a_completion()
        assert browser.get(f"/notifications/simulator/?{query}").status_code == 200

    def test_escapes_what_was_reported_and_typed(self, browser: Client) -> None:
        a_notification(name="<script>1</script>", package_glob="<img src=x>")
        html = simulated(browser, a_completion(name="<script>2</script>", package="<script>3</script>"))

        assert "<script>1" not in html
        assert "<script>2" not in html
        assert "<script>3" not in html
        assert "<img src=x>" not in html

    def test_takes_as_many_queries_for_thirty_as_for_three(self, count_queries: CountQueries) -> None:
        completion = a_completion({"PC-1": "failed"})
        url = f"/notifications/simulator/?completion={completion.uuid}"
        for _ in range(3):
            a_notification(target_glob="PC*")
        few = count_queries(url)
        for _ in range(27):
            an_entry(a_notification(digest="hourly"), completion)

        assert count_queries(url) == few

    def test_shows_a_hundred_at_a_time(self, browser: Client) -> None:
        for _ in range(101):
            a_notification()
        completion = a_completion()

        assert "1 to 100 of 101" in simulated(browser, completion)
        assert "101 to 101 of 101" in simulated(browser, completion, "&page=2")


class TestSendToMe:
    def test_sends_the_stored_notification_about_that_completion(self, page: Client) -> None:
        notification = a_notification(subject_template="Mine: {{ name }}")
        completion = a_completion(name="Lab")

        response = page.post(
            f"/notifications/{notification.pk}/test-emails/", {"example": str(completion.uuid), "test_to": "me@x.test"}
        )

        message = Message.objects.get()
        assert response["Location"] == f"/deliveries/{message.uuid}/"
        assert (message.kind, message.subject, message.notification) == ("test", "Mine: Lab", notification)
        assert [recipient.address for recipient in message.recipients.all()] == ["me@x.test"]

    def test_leads_back_with_what_is_wrong(self, page: Client) -> None:
        notification, completion = a_notification(), a_completion()

        response = page.post(
            f"/notifications/{notification.pk}/test-emails/",
            {"example": str(completion.uuid), "test_to": "nobody"},
            follow=True,
        )

        assert response.redirect_chain == [(f"/notifications/simulator/?completion={completion.uuid}", 302)]
        assert "Nothing was sent. “nobody” cannot be used" in response.content.decode()
        assert not Message.objects.exists()

    def test_says_404_to_a_notification_that_is_none(self, page: Client) -> None:
        assert page.post("/notifications/999/test-emails/", {}).status_code == 404


class TestWhyNoMail:
    def page(self, browser: Client, completion: Completion) -> str:
        return str(browser.get(f"/completions/{completion.uuid}/").content.decode())

    def test_says_the_first_condition_that_says_no(self, browser: Client) -> None:
        a_notification(outcomes=["success"])

        html = self.page(browser, a_completion(outcome="failed"))

        assert "Why no mail?" in html
        assert "It is for the outcomes Success; this one is Failed." in html

    def test_says_that_it_would_fire_now(self, browser: Client) -> None:
        completion = a_completion()
        a_notification(name="Late")

        assert "It made no mail then" in self.page(browser, completion)

    def test_says_nothing_more_of_the_mails_above(self, browser: Client) -> None:
        completion, notification = a_completion(), a_notification(name="Told")
        a_message(completion=completion, notification=notification)
        an_entry(a_notification(name="Collected", digest="hourly"), completion)
        assert "Why no other mail?" not in self.page(browser, completion)

        a_notification(name="Silent", outcomes=["success"])
        why = self.page(browser, completion).partition("Why no other mail?")[2]

        assert "Silent" in why
        assert "Told" not in why
        assert "Its mail" not in why

    def test_says_that_the_rule_was_changed_since(self, browser: Client) -> None:
        completion, notification = a_completion(), a_notification(enabled=False)
        a_message(completion=completion, notification=notification)

        assert "Changed since. Now: The notification is switched off." in self.page(browser, completion)

    def test_says_until_when_it_waits_for_the_digest(self, browser: Client) -> None:
        completion = a_completion()
        an_entry(a_notification(name="Hourly", digest="hourly"), completion)

        html = self.page(browser, completion)

        assert "Collected" in html
        assert "in 39 min" in html or "in 40 min" in html
        assert "No mail was made" not in html

    def test_leads_to_the_mail_that_told_of_it_with_others(self, browser: Client) -> None:
        completion, notification = a_completion(), a_notification(digest="hourly")
        an_entry(notification, completion)
        flush(notification)

        html = self.page(browser, completion)

        assert f'<a href="/deliveries/{Message.objects.get().uuid}/">One mail with others</a>' in html

    def test_outlives_the_record_of_that_mail(self, browser: Client) -> None:
        completion = a_completion()
        an_entry(a_notification(digest="hourly"), completion, told_at=timezone.now())

        assert "One mail with others, its record gone" in self.page(browser, completion)
        assert "in a mail whose record is gone" in simulated(browser, completion)


class TestDigestMail:
    def told(self, count: int) -> Message:
        notification = a_notification(digest="hourly")
        for number in range(count):
            an_entry(notification, a_completion(name=f"Lab {number:03}"))
        flush(notification)
        return Message.objects.get()

    def test_names_the_completions_that_it_tells_of(self, browser: Client) -> None:
        message = self.told(3)

        html = browser.get(f"/deliveries/{message.uuid}/").content.decode()

        assert "Tells of 3 completions" in html
        for completion in Completion.objects.all():
            assert f'href="/completions/{completion.uuid}/"' in html

    def test_names_a_hundred_and_counts_the_others(self, browser: Client) -> None:
        message = self.told(103)

        html = browser.get(f"/deliveries/{message.uuid}/").content.decode()

        assert "Tells of 103 completions" in html
        assert "And 3 more" in html

    def test_sent_again_tells_of_the_same(self, browser: Client) -> None:
        message = self.told(2)
        message.cancel()

        response = browser.post(f"/deliveries/{message.uuid}/resends/", follow=True)

        assert "Tells of 2 completions" in response.content.decode()


class TestHours:
    def test_a_mail_that_waits_for_them_says_so_and_can_go_now(self, browser: Client) -> None:
        use_smtp(host="mail.test")
        opening = timezone.now() + timedelta(hours=8)
        message = a_message(not_before=opening, next_attempt_at=opening)
        before = browser.get(f"/deliveries/{message.uuid}/").content.decode()
        listed = browser.get("/deliveries/").content.decode()

        browser.post(f"/deliveries/{message.uuid}/retry/")
        after = browser.get(f"/deliveries/{message.uuid}/").content.decode()

        assert "Waits for its notification&#x27;s hours" in before or "Waits for its notification's hours" in before
        assert ">Send now<" in before
        assert "waits for its hours" in listed
        assert ">Try now<" in after
        assert Message.due(timezone.now()).get() == message

    def test_make_all_due_leaves_it_alone_until_then(self) -> None:
        opening = timezone.now() + timedelta(hours=8)
        a_message(not_before=opening, next_attempt_at=opening)

        Message.make_all_due()

        assert not Message.due(timezone.now()).exists()
