"""Trying a notification as it stands on its page, saved or not."""

import re
from email import message_from_bytes, policy
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from notifications.models import Message, Notification
from notifications.views.test_emails import TESTS_A_MINUTE
from tests.base import a_completion, a_notification

pytestmark = pytest.mark.django_db
FORM = {"name": "Failures", "kind": "deployment", "to": "ops@peer.test", "enabled": "on"}
PREVIEWS, TRIALS, SENDS = "/notifications/previews/", "/notifications/trials/", "/notifications/test-emails/"
HTMX = {"HX-Request": "true"}


def preview(browser: Client, example: str = "failed", **typed: Any) -> Any:
    response = browser.post(PREVIEWS, FORM | {"example": example} | typed)
    assert response.status_code == 200
    return response


def mail_in(response: Any) -> str:
    """What the frame within the frame shows."""
    found = re.search(r'<iframe [^>]*srcdoc="([^"]*)"', response.content.decode())
    assert found
    return unescape(found[1])


class TestPreview:
    def test_is_the_mail_that_would_be_made(self, browser: Client) -> None:
        response = preview(browser, subject_template="{{ package }} {{ outcome }}", text_template="Look at {{ name }}")

        assert '<h1 id="subject">7-Zip Failed</h1>' in response.content.decode()
        assert "Look at 7-Zip 24.08 to Lab" in mail_in(response)
        assert "<pre>Look at 7-Zip 24.08 to Lab" in response.content.decode()

    def test_tells_of_a_completion_that_came(self, browser: Client) -> None:
        completion = a_completion({"PC-042": "failed"}, name="Firefox to everybody")

        response = preview(browser, example=str(completion.uuid))

        assert "Firefox to everybody" in mail_in(response)
        assert "PC-042" in mail_in(response)

    @pytest.mark.parametrize(("example", "word"), [("success", "Success"), ("recovered", "Recovered after 3 failures")])
    def test_tells_of_samples(self, browser: Client, example: str, word: str) -> None:
        assert word in mail_in(preview(browser, example=example))

    def test_names_the_attached_reports(self, browser: Client) -> None:
        html = preview(browser, attach_csv="on").content.decode()
        assert ".csv (" in html

    def test_says_the_line_of_an_error_and_shows_the_rest(self, browser: Client) -> None:
        html = preview(
            browser, subject_template="Still {{ package }}", text_template="a\n{{ nothing }}"
        ).content.decode()

        assert "Line 2: There is no variable “nothing”" in html
        assert "Still 7-Zip" in html

    def test_needs_no_valid_form(self, browser: Client) -> None:
        assert "7-Zip" in mail_in(preview(browser, name="", to="nobody", digest="daily"))

    def test_asks_for_another_completion_when_it_is_gone(self, browser: Client) -> None:
        for example in ("", "nothing", "7d3ab30e-27d3-4d76-a7de-2b0f4b0d4fd4", "\0"):
            html = preview(browser, example=example).content.decode()
            assert "hoose a" in html or "plain characters" in html

    def test_changes_nothing(self, browser: Client) -> None:
        notification = a_notification(name="Stored")
        preview(browser, notification=notification.pk, name="Other", text_template="{{ name }}")

        assert Notification.objects.get().name == "Stored"
        assert not Message.objects.exists()

    def test_neither_runs_nor_asks_for_anything(self, browser: Client) -> None:
        response = preview(browser, html_template="<script>alert(1)</script><img src='//x.test/a'>{{ name }}")

        policy_ = response["Content-Security-Policy"]
        assert "default-src 'none'" in policy_
        assert "script" not in policy_
        assert "form-action 'none'" in policy_
        assert response["X-Frame-Options"] == "SAMEORIGIN"
        # Everything of the mail stands within the attribute of a frame that may do nothing.
        assert "<script" not in response.content.decode()
        assert '<iframe class="previewed-mail" sandbox srcdoc' in response.content.decode()

    def test_says_how_to_get_one_before_the_first(self, browser: Client) -> None:
        assert "Show the preview" in browser.get(PREVIEWS).content.decode()

    def test_needs_the_token_of_the_form(self, browser: Client) -> None:
        strict = Client(enforce_csrf_checks=True)
        strict.cookies = browser.cookies
        assert strict.post(PREVIEWS, FORM).status_code == 403

    @pytest.mark.parametrize("key", ["999", "x", "-1", "9" * 50, "²"])
    def test_says_404_to_a_notification_that_is_none(self, browser: Client, key: str) -> None:
        assert browser.post(PREVIEWS, FORM | {"notification": key}).status_code == 404


class TestWouldItHaveSent:
    def test_counts_and_says_why_not(self, browser: Client) -> None:
        for outcome in ("failed", "success", "success"):
            a_completion(outcome=outcome)

        html = browser.post(TRIALS, FORM | {"outcomes": ["failed"]}, headers=HTMX).content.decode()

        assert "Would have told of 1 of the last 3 deployments, in 1 mail." in html
        assert html.count("It is for the outcomes Failed; this one is Success.") == 2
        assert "<html" not in html

    def test_asks_the_rule_on_the_page_not_the_stored_one(self, browser: Client) -> None:
        a_completion(package="7-Zip")
        stored = a_notification(package_glob="Firefox*")

        html = browser.post(TRIALS, FORM | {"notification": stored.pk, "package_glob": "7*"}).content.decode()

        assert "of 1 of the last 1 deployment" in html

    def test_without_javascript_gives_the_page_back_as_it_was_typed(self, browser: Client) -> None:
        a_completion()
        stored = a_notification(name="Stored")

        html = browser.post(
            TRIALS, FORM | {"notification": stored.pk, "name": "Typed", "text_template": "Mine", "example": "success"}
        ).content.decode()

        assert "<h1>Stored</h1>" in html
        assert 'value="Typed"' in html
        assert "Mine</textarea>" in html
        assert '<option value="success" selected>' in html
        assert f'action="/notifications/{stored.pk}/"' in html
        assert "Nothing was saved yet" not in html
        assert Notification.objects.get().name == "Stored"

    def test_says_what_to_mend_first(self, browser: Client) -> None:
        response = browser.post(TRIALS, FORM | {"min_failed_percent": "200"}, headers=HTMX)

        assert response.status_code == 422
        assert "Give a whole number from 1 to 100" in response.content.decode()

    def test_does_not_mind_that_nobody_is_named_yet(self, browser: Client) -> None:
        a_completion()
        response = browser.post(TRIALS, FORM | {"to": ""}, headers=HTMX)
        assert "Would have told of 1" in response.content.decode()

    def test_answers_without_a_limit_that_is_not_typed_to_the_end(self, browser: Client) -> None:
        for _ in range(3):
            a_completion()
        response = browser.post(TRIALS, FORM | {"throttle_count": "1"}, headers=HTMX)

        assert response.status_code == 200
        for words in ("Would have told of 3 of the last 3 deployments, in 3 mails.", "Without what stands under"):
            assert words in response.content.decode()

    def test_leads_to_a_first_completion(self, browser: Client) -> None:
        html = browser.post(TRIALS, FORM, headers=HTMX).content.decode()
        assert 'href="/completions/new/"' in html

    def test_a_reload_leads_back(self, browser: Client) -> None:
        assert browser.get(TRIALS)["Location"] == "/notifications/"


class TestSendToMe:
    def send(self, page: Client, **typed: Any) -> Any:
        return page.post(SENDS, FORM | {"example": "failed", "test_to": "me@peer.test"} | typed)

    def test_sends_the_rule_on_the_page_to_that_address_alone(self, page: Client, ada: User) -> None:
        response = self.send(page, cc="boss@peer.test", bcc="b@peer.test", subject_template="Mine: {{ package }}")

        message = Message.objects.get()
        assert response["Location"] == f"/deliveries/{message.uuid}/"
        assert (message.kind, message.subject, message.requested_by) == ("test", "Mine: 7-Zip", ada)
        assert [recipient.address for recipient in message.recipients.all()] == ["me@peer.test"]
        assert message_from_bytes(bytes(message.content), policy=policy.default)["Cc"] is None

    def test_counts_neither_as_a_mail_of_the_completion_nor_as_fired(self, page: Client) -> None:
        completion, notification = a_completion(), a_notification()

        self.send(page, notification=notification.pk, example=str(completion.uuid), name="Renamed")

        message = Message.objects.get()
        assert (message.completion, message.notification) == (None, notification)
        assert Notification.objects.get().name == notification.name
        assert "never" in page.get("/notifications/").content.decode()

    def test_offers_the_address_of_who_is_signed_in(self, page: Client) -> None:
        assert 'value="ada@contoso.test"' in page.get("/notifications/new/").content.decode()

    @pytest.mark.parametrize("typed", [{"test_to": "nobody"}, {"test_to": ""}, {"example": "gone"}, {"to": ""}])
    def test_refuses_what_is_wrong_beside_the_field(self, page: Client, typed: dict[str, str]) -> None:
        response = self.send(page, **typed)

        assert response.status_code == 422
        assert "error-summary" in response.content.decode()
        assert not Message.objects.exists()

    def test_is_limited_like_other_tests(self, page: Client) -> None:
        for _ in range(TESTS_A_MINUTE):
            assert self.send(page).status_code == 302

        response = self.send(page)

        assert response.status_code == 429
        assert "Wait a moment" in response.content.decode()
        assert Message.objects.count() == TESTS_A_MINUTE

    def test_needs_the_token_of_the_form(self, page: Client) -> None:
        strict = Client(enforce_csrf_checks=True)
        strict.cookies = page.cookies
        assert self.send(strict).status_code == 403


class TestEditor:
    def test_lists_each_variable_with_meaning_and_sample(self, browser: Client) -> None:
        html = browser.get("/notifications/new/").content.decode()

        assert 'data-insert="{{ failed_percent }}"' in html
        assert "The share of those that failed" in html
        assert (
            'data-insert="{% for target in failures %}\n- {{ target.name }}: {{ target.detail }}\n{% endfor %}"' in html
        )

    def test_lists_users_and_groups(self, browser: Client) -> None:
        assert "<code>user:olga</code>" in browser.get("/notifications/new/").content.decode()

    def test_folds_what_is_not_used_and_opens_what_is(self, browser: Client) -> None:
        def is_open(html: str, summary: str) -> bool:
            found = re.search(rf"<details([^>]*)>\s*<summary>{summary}", html)
            assert found
            return "open" in found[1]

        plain = browser.get(f"/notifications/{a_notification().pk}/").content.decode()
        used = browser.get(f"/notifications/{a_notification(days=['mon'], cc=['a@x.test']).pk}/").content.decode()
        wrong = browser.post("/notifications/new/", FORM | {"html_template": "{{ nothing }}"}).content.decode()

        for summary in ("Days and hours", "Cc, Bcc, Reply-To", "HTML of its own"):
            assert not is_open(plain, summary)
        assert is_open(used, "Days and hours")
        assert is_open(used, "Cc, Bcc, Reply-To")
        assert is_open(wrong, "HTML of its own")

    def test_forgets_the_limit_when_a_digest_is_chosen(self, browser: Client) -> None:
        browser.post("/notifications/new/", FORM | {"digest": "hourly", "throttle_count": "3", "throttle_minutes": "9"})

        saved = Notification.objects.get()
        assert (saved.digest, saved.throttle_count, saved.throttle_minutes) == ("hourly", None, None)

    def test_says_that_the_last_mail_was_not_as_designed(self, browser: Client) -> None:
        notification = a_notification(text_template="{{ x }}", template_error="Line 1: There is no variable “x”.")
        assert "Line 1: There is no variable" in browser.get(f"/notifications/{notification.pk}/").content.decode()
