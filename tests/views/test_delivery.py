"""One mail's page: what happened, the mail itself, and what can be done."""

import re
import threading
import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from notifications.delivery import outbox
from notifications.models import Attempt, AttemptReport, HoldReason, MailServerState, Message, Notification, Safety
from tests.base import a_completion, a_mail, a_message, a_notification, administrator, begin_attempt, person, use_smtp
from tests.views.conftest import CountQueries

pytestmark = pytest.mark.django_db
EVIL = '<script>alert(1)</script><img src="https://evil.test/x"><a href="javascript:alert(1)">x</a>'


def page(browser: Client, message: Message, path: str = "") -> str:
    response = browser.get(f"/deliveries/{message.uuid}/{path}")
    assert response.status_code == 200
    return str(response.content.decode())


def tried(message: Message, outcome: Attempt.Outcome, code: str = "", text: str = "", transcript: str = "") -> Attempt:
    attempt = begin_attempt(message, mode="basic", settings_version=7, worker="host:42")
    assert attempt
    attempt.finish(outcome, AttemptReport(code=code, text=text, transcript=transcript))
    return attempt


def accepted(message: Message) -> Message:
    tried(message, Attempt.Outcome.ACCEPTED, "250 2.0.0", "Ok: queued as ABC")
    message.recipients.update(outcome="accepted", code="250 2.0.0", text="Ok", changed_at=timezone.now())
    message.settle()
    return message


def refused(message: Message) -> Message:
    tried(
        message, Attempt.Outcome.REFUSED, "550 5.1.1", "User unknown", "> RCPT TO:<a@x.test>\n< 550 5.1.1 User unknown"
    )
    message.recipients.update(outcome="refused", code="550 5.1.1", text="User unknown", changed_at=timezone.now())
    message.fail()
    return message


class TestStory:
    def test_of_an_accepted_mail_says_by_whom_and_no_more(self, browser: Client) -> None:
        html = page(browser, accepted(a_message()))

        assert "Accepted by the mail server for its recipient" in html
        assert "Ok: queued as ABC" in html
        assert "delivered" not in html.lower()

    def test_names_mode_version_worker_and_transcript_of_an_attempt(self, browser: Client) -> None:
        html = page(browser, refused(a_message()))

        for text in ("Basic SMTP", "settings version 7", "host:42", "RCPT TO:&lt;a@x.test&gt;"):
            assert text in html

    def test_names_the_mail_as_the_audit_does(self, browser: Client) -> None:
        message = a_message()
        assert f">{message.uuid}</dd>" in page(browser, message)

    def test_explains_a_failure(self, browser: Client) -> None:
        response = browser.get(f"/deliveries/{refused(a_message()).uuid}/")

        explanation = response.context["explanation"]
        assert explanation.fix
        assert 'class="explanation"' in response.content.decode()

    def test_explains_why_some_did_not_get_it(self, browser: Client) -> None:
        message = a_message("a@x.test", "b@x.test")
        tried(message, Attempt.Outcome.PARTIAL, "250 2.0.0", "Ok")
        message.recipients.filter(address="a@x.test").update(outcome="accepted")
        message.recipients.filter(address="b@x.test").update(outcome="refused", code="552 5.2.2", text="mailbox full")
        message.settle()

        html = page(browser, message)

        assert "Accepted by the mail server for 1 of 2 recipients" in html
        assert 'class="explanation"' in html
        assert html.index("b@x.test</strong>") < html.index("a@x.test</strong>")

    def test_explains_nothing_once_it_is_accepted(self, browser: Client) -> None:
        message = a_message()
        tried(message, Attempt.Outcome.DEFERRED, "450 4.2.0", "busy")
        message.requeue(timezone.now())

        assert 'class="explanation"' not in page(browser, accepted(message))

    def test_says_only_of_a_test_that_it_is_tried_once(self, browser: Client) -> None:
        message = a_message()
        tried(message, Attempt.Outcome.DEFERRED, "450 4.2.0", "busy")
        message.requeue(timezone.now())

        assert "A test is tried once" not in page(browser, message)

    def test_says_when_the_next_try_is(self, browser: Client) -> None:
        use_smtp(host="mail.test")
        message = a_message()
        tried(message, Attempt.Outcome.DEFERRED, "450 4.2.0", "busy")
        message.requeue(timezone.now() + timedelta(minutes=5, seconds=30))

        html = page(browser, message)

        assert "Tried 1 time; the next try is" in html
        assert "in 5 min" in html

    def test_says_why_the_queue_is_held_and_what_to_do(self, browser: Client) -> None:
        use_smtp(host="mail.test")
        MailServerState.load().hold(HoldReason.SIGN_IN, "535 5.7.8", "bad credentials")

        html = page(browser, a_message())

        assert "the mail server rejected the sign-in" in html
        assert "this mail goes by itself once the mail server works again" in html
        assert "Mend the mail server" not in html

    def test_leads_an_administrator_to_what_mends_it(self, client: Client) -> None:
        client.force_login(administrator())
        use_smtp(host="mail.test")
        MailServerState.load().hold(HoldReason.SIGN_IN, "535 5.7.8", "bad credentials")

        assert "Mend the mail server" in page(client, a_message())

    def test_of_a_held_mail_gives_the_reason_once(self, browser: Client) -> None:
        use_smtp(host="mail.test")
        message = a_message()
        tried(message, Attempt.Outcome.CONFIGURATION, "535 5.7.8", "bad credentials")
        message.requeue(timezone.now())
        MailServerState.load().hold(HoldReason.SIGN_IN, "535 5.7.8", "bad credentials")
        MailServerState.objects.update(held_since=timezone.now() - timedelta(seconds=32))

        html = page(browser, message)

        assert "The queue has been held for 32 s." in html
        assert html.lower().count("the mail server rejected the sign-in") == 1
        assert 'class="explanation"' not in html

    def test_of_mail_paused_on_safety_says_by_whom_since_when_and_where(self, browser: Client) -> None:
        use_smtp(host="mail.test")
        Safety.load().change({"paused": True}, by=administrator())

        html = page(browser, a_message())

        assert re.search(r"ada paused it <time[^>]*>0 s ago</time>. This mail goes once that is switched off.", html)
        assert 'href="/safety/">Open Safety' in html
        assert "Waiting for a worker" not in html

    def test_of_a_test_says_nothing_of_what_does_not_stop_it(self, browser: Client) -> None:
        use_smtp(host="mail.test")
        Safety.load().change({"paused": True})

        assert "Waiting for a worker" in page(browser, a_message(kind=Message.Kind.TEST))

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("Could not connect to mail.test:25 (192.0.2.1): Connection refused", "could not be reached; the next try"),
            ("421 too busy", "asked for a moment; the next try"),
        ],
    )
    def test_of_mail_that_waits_for_the_server_says_what_is_so(self, browser: Client, text: str, says: str) -> None:
        use_smtp(host="mail.test")
        MailServerState.load().pause(timedelta(seconds=21), text)

        assert re.search(rf"The mail server {says} is <time[^>]*>in 2\d s", page(browser, a_message()))

    def test_marks_a_try_that_may_have_been_accepted(self, browser: Client) -> None:
        message = a_message()
        tried(message, Attempt.Outcome.AMBIGUOUS, "", "no answer after the final dot")
        message.requeue(timezone.now())

        assert "it may have been accepted" in page(browser, message)

    def test_shows_a_try_under_way(self, browser: Client) -> None:
        message = a_message()
        begin_attempt(message, mode="basic", settings_version=1, worker="w")

        html = page(browser, message)

        assert "Attempt 1 is under way" in html
        assert "Under way" in html

    def test_leads_to_completion_notification_and_resends(self, browser: Client) -> None:
        completion, notification = a_completion(), a_notification()
        message = accepted(a_message(completion=completion, notification=notification))
        resent = outbox.resend(message, None)

        html = page(browser, message)

        for url in (
            f"/completions/{completion.uuid}/",
            f"/notifications/{notification.pk}/",
            f"/deliveries/{resent.uuid}/",
        ):
            assert f'href="{url}"' in html
        assert f'href="/deliveries/{message.uuid}/"' in page(browser, resent)

    def test_escapes_what_servers_and_strangers_say(self, browser: Client) -> None:
        message = a_message()
        tried(message, Attempt.Outcome.REFUSED, "550", EVIL, EVIL)
        message.recipients.update(outcome="refused", code="550", text=EVIL)
        Message.objects.filter(pk=message.pk).update(subject=EVIL, state="failed")

        html = page(browser, message)

        assert "<script>alert" not in html
        assert '<img src="https://evil' not in html

    def test_takes_as_many_queries_for_thirty_recipients_as_for_three(
        self, browser: Client, count_queries: CountQueries
    ) -> None:
        few = refused(a_message(*(f"a{number}@x.test" for number in range(3))))
        many = refused(a_message(*(f"a{number}@x.test" for number in range(30))))

        assert count_queries(f"/deliveries/{many.uuid}/") == count_queries(f"/deliveries/{few.uuid}/")

    def test_shows_a_thousand_recipients_in_pages_the_missed_ones_first(self, browser: Client) -> None:
        message = a_message(*(f"a{number:04}@x.test" for number in range(1000)))
        message.recipients.update(outcome="accepted")
        message.recipients.filter(address="a0999@x.test").update(outcome="refused")

        seen: list[str] = []
        for number in range(1, 11):
            recipients = browser.get(f"/deliveries/{message.uuid}/?page={number}").context["recipients"]
            seen += [recipient.address for recipient in recipients]

        assert seen[0] == "a0999@x.test"
        assert sorted(seen) == [f"a{number:04}@x.test" for number in range(1000)]

    @pytest.mark.parametrize("number", ["0", "-1", "x", "%00", "9" * 5000, "1e3"])
    def test_bears_any_page_number(self, browser: Client, number: str) -> None:
        assert browser.get(f"/deliveries/{a_message().uuid}/?page={number}").status_code == 200

    def test_polls_while_the_mail_is_on_its_way_and_then_stops(self, browser: Client) -> None:
        message = a_message()
        assert "hx-get" in page(browser, message)

        assert "hx-get" not in page(browser, accepted(message))

    def test_answers_a_poll_with_the_story_alone(self, browser: Client) -> None:
        url = f"/deliveries/{a_message().uuid}/"

        html = browser.get(url, headers={"HX-Request": "true"}).content.decode()

        assert html.strip().startswith('<div class="stack" id="story"')

    def test_answers_a_poll_with_the_bars_mail_state_too(self, browser: Client) -> None:
        use_smtp(host="mail.test")
        MailServerState.load().hold(HoldReason.SIGN_IN, "535 5.7.8", "bad credentials")

        html = browser.get(f"/deliveries/{a_message().uuid}/", headers={"HX-Request": "true"}).content.decode()

        assert re.search(r'id="mail-state" hx-swap-oob="true"[^>]*>.*Mail is held', html, re.S)

    def test_has_the_place_where_a_poll_puts_the_mail_state(self, browser: Client) -> None:
        html = page(browser, a_message())

        assert html.count('id="mail-state"') == 1
        assert "hx-swap-oob" not in html

    @pytest.mark.parametrize("path", ["", "content/", "eml/", "cancellation/"])
    def test_says_404_to_a_mail_that_is_none(self, browser: Client, path: str) -> None:
        assert browser.get(f"/deliveries/{uuid.uuid4()}/{path}").status_code == 404
        assert browser.get(f"/deliveries/1234/{path}").status_code == 404


class TestRecipients:
    """Nobody is pending in a mail that is over."""

    def told(self, browser: Client, message: Message) -> list[str]:
        badges = re.findall(r'class="badge"[^>]*>.*?</svg>\s*([^<]+?)\s*</span>', page(browser, message), re.S)
        return [words for words in badges if words != message.get_state_display()]

    def test_wait_while_the_mail_does(self, browser: Client) -> None:
        assert self.told(browser, a_message()) == ["1 pending", "Pending"]

    def test_of_a_cancelled_mail_are_not_sent_to(self, browser: Client) -> None:
        message = a_message("a@x.test", "b@x.test", "c@x.test")
        message.recipients.filter(address="a@x.test").update(outcome="accepted")
        message.recipients.filter(address="b@x.test").update(outcome="deferred")
        message.cancel()
        message.refresh_from_db()

        told = self.told(browser, message)

        assert sorted(told) == ["1 accepted", "2 not sent", "Accepted", "Not sent", "Not sent"]

    def test_of_an_expired_mail_are_not_sent_to(self, browser: Client) -> None:
        message = a_message()
        tried(message, Attempt.Outcome.DEFERRED, "450 4.2.0", "busy")
        message.recipients.update(outcome="deferred", code="450 4.2.0", text="busy")
        message.expire()

        assert self.told(browser, message) == ["1 not sent", "Not sent"]
        assert "450 4.2.0 busy" in page(browser, message)

    def test_of_a_test_that_was_deferred_are_not_sent_to(self, browser: Client) -> None:
        message = a_message(kind=Message.Kind.TEST)
        tried(message, Attempt.Outcome.DEFERRED, "450 4.2.0", "busy")
        message.recipients.update(outcome="deferred", code="450 4.2.0", text="busy")
        message.fail()

        assert self.told(browser, message) == ["1 not sent", "Not sent"]
        assert "A test is tried once" in page(browser, message)

    def test_of_a_try_without_an_answer_are_not_known(self, browser: Client) -> None:
        message = a_message()
        tried(message, Attempt.Outcome.AMBIGUOUS, "", "no answer after the final dot")
        message.fail()

        assert self.told(browser, message) == ["1 not known", "Not known"]

    def test_that_were_refused_stay_refused(self, browser: Client) -> None:
        assert self.told(browser, refused(a_message())) == ["1 refused", "Refused"]


class TestForNobody:
    """Its only recipient was an account without an address."""

    @pytest.fixture
    def otto(self, db: None) -> User:
        return person("otto", email="")

    @pytest.fixture
    def message(self, otto: User) -> Message:
        mail = replace(a_mail(), recipients=())
        return outbox.put(mail, Message.Kind.NOTIFICATION, notification=a_notification(to=["user:otto"]))

    def test_says_who_is_missing(self, browser: Client, message: Message) -> None:
        assert "Nobody to send it to. The user “otto” has no address." in page(browser, message)

    def test_says_so_again_as_long_as_nothing_changed(self, browser: Client, message: Message) -> None:
        response = browser.post(f"/deliveries/{message.uuid}/resends/", follow=True)
        assert "There is still nobody to send it to" in response.content.decode()
        assert message.resends.get().state == "failed"

    def test_goes_to_whom_the_notification_names_by_now(self, browser: Client, message: Message, otto: User) -> None:
        otto.email = "otto@contoso.test"
        otto.save()
        assert "names recipients by now" in page(browser, message)

        browser.post(f"/deliveries/{message.uuid}/resends/")

        assert [each.address for each in message.resends.get().recipients.all()] == ["otto@contoso.test"]

    def test_says_so_without_its_notification(self, browser: Client, message: Message) -> None:
        Notification.objects.all().delete()
        assert "the notification that named the recipients is gone" in page(browser, message)


class TestResend:
    def post(self, browser: Client, message: Message) -> Any:
        return browser.post(f"/deliveries/{message.uuid}/resends/")

    def test_makes_a_mail_of_its_own(self, browser: Client) -> None:
        message = accepted(a_message())

        response = self.post(browser, message)

        resent = message.resends.get()
        assert response.headers["Location"] == f"/deliveries/{resent.uuid}/"
        assert resent.state == "queued"
        assert resent.internet_message_id != message.internet_message_id
        assert str(resent.requested_by) == "olga"

    def test_goes_to_those_who_missed_it(self, browser: Client) -> None:
        message = a_message("a@x.test", "b@x.test")
        message.recipients.filter(address="a@x.test").update(outcome="accepted")
        message.settle()
        assert "Resend to the others" in page(browser, message)

        self.post(browser, message)

        assert list(message.resends.get().recipients.values_list("address", flat=True)) == ["b@x.test"]

    def test_happens_once_for_a_double_click(self, browser: Client) -> None:
        message = accepted(a_message())

        first, second = self.post(browser, message), self.post(browser, message)

        assert first.headers["Location"] == second.headers["Location"]
        assert message.resends.count() == 1

    @pytest.mark.django_db(transaction=True)
    def test_happens_once_for_two_clicks_at_the_same_moment(self, browser: Client) -> None:
        message = accepted(a_message())
        waits = threading.Event()

        def click() -> None:
            def watch(execute: Any, sql: str, *rest: Any) -> Any:
                # What was asked before the lock was asked too early: from here on the other click may end.
                if "BEGIN" in sql or "FOR UPDATE" in sql:
                    waits.set()
                return execute(sql, *rest)

            with connection.execute_wrapper(watch):
                self.post(browser, message)
            connection.close()

        with transaction.atomic():
            Message.objects.select_for_update().get(pk=message.pk)
            outbox.resend(message)
            second = threading.Thread(target=click)
            second.start()
            assert waits.wait(10)
        second.join(20)

        assert message.resends.count() == 1

    def test_waits_until_the_mail_is_settled(self, browser: Client) -> None:
        message = a_message()

        self.post(browser, message)

        assert not message.resends.exists()
        assert "Resend" not in page(browser, message)


class TestCancel:
    def test_asks_first_and_names_the_mail(self, browser: Client) -> None:
        message = a_message("a@x.test", "b@x.test")

        html = page(browser, message, "cancellation/")

        assert "Cancel “7-Zip failed”?" in html
        assert "2 recipients will not get it" in html
        assert Message.objects.get().state == "queued"

    def test_takes_it_out_of_the_queue(self, browser: Client) -> None:
        message = a_message()

        browser.post(f"/deliveries/{message.uuid}/cancellation/")

        assert Message.objects.get().state == "cancelled"
        assert "Cancelled before it went out" in page(browser, message)

    def test_says_when_it_is_too_late(self, browser: Client) -> None:
        message = accepted(a_message())

        response = browser.post(f"/deliveries/{message.uuid}/cancellation/", follow=True)

        assert "Too late to cancel" in response.content.decode()
        assert Message.objects.get().state == "sent"


class TestRetry:
    def test_is_not_offered_while_all_mail_is_kept_back(self, browser: Client) -> None:
        use_smtp(host="mail.test")
        message = a_message()
        assert ">Try now<" in page(browser, message)

        Safety.load().change({"paused": True})

        assert ">Try now<" not in page(browser, message)

    def test_promises_nothing_while_all_mail_is_kept_back(self, browser: Client) -> None:
        use_smtp(host="mail.test")
        Safety.load().change({"paused": True})

        response = browser.post(f"/deliveries/{a_message().uuid}/retry/", follow=True)

        assert "goes once the pause under Reports &gt; Safety is over" in response.content.decode()

    def test_makes_the_mail_due_now(self, browser: Client) -> None:
        message = a_message(next_attempt_at=timezone.now() + timedelta(hours=1))

        response = browser.post(f"/deliveries/{message.uuid}/retry/")

        assert response.headers["Location"] == f"/deliveries/{message.uuid}/"
        assert Message.objects.get().next_attempt_at <= timezone.now()

    def test_leaves_a_settled_mail_alone(self, browser: Client) -> None:
        message = accepted(a_message())

        response = browser.post(f"/deliveries/{message.uuid}/retry/", follow=True)

        assert "no longer queued" in response.content.decode()
        assert Message.objects.get().state == "sent"


@pytest.mark.parametrize("verb", ["resends", "retry"])
def test_a_verb_does_nothing_by_get(browser: Client, verb: str) -> None:
    assert browser.get(f"/deliveries/{a_message().uuid}/{verb}/").status_code == 405


@pytest.mark.parametrize("path", ["", "content/", "eml/", "resends/", "cancellation/", "retry/"])
def test_every_page_needs_somebody_who_is_signed_in(client: Client, path: str) -> None:
    message = a_message()

    assert "/sign-in/" in client.get(f"/deliveries/{message.uuid}/{path}").headers["Location"]
    assert "/sign-in/" in client.post(f"/deliveries/{message.uuid}/{path}").headers["Location"]
