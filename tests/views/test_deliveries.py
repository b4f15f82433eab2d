"""Reports > Deliveries: the list."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from notifications.models import AttemptReport, HoldReason, MailServerState, Message, Safety
from tests.base import a_completion, a_message, a_notification, begin_attempt, use_smtp
from tests.views.conftest import CountQueries

pytestmark = pytest.mark.django_db


def listed(browser: Client, query: str = "") -> list[Message]:
    response = browser.get(f"/deliveries/?{query}")
    assert response.status_code == 200
    return list(response.context["page"].rows)


def html_of(browser: Client, query: str = "") -> str:
    return browser.get(f"/deliveries/?{query}").content.decode()


class TestRows:
    def test_come_newest_first(self, browser: Client) -> None:
        messages = [a_message() for _ in range(3)]

        assert listed(browser) == messages[::-1]

    def test_tell_state_subject_recipients_and_cause(self, browser: Client) -> None:
        a_message(
            "a@x.test", "b@x.test", "c@x.test", completion=a_completion(), notification=a_notification(name="Rule")
        )

        html = html_of(browser)

        for text in ("Queued", "7-Zip failed", "a@x.test", "and 2 more", "Rule"):
            assert text in html

    def test_tell_that_a_mail_without_recipients_is_for_nobody(self, browser: Client) -> None:
        a_message().recipients.all().delete()

        assert "<span>nobody</span>" in html_of(browser)

    def test_tell_how_many_got_a_mail_that_went_partly(self, browser: Client) -> None:
        message = a_message("a@x.test", "b@x.test", "c@x.test")
        message.recipients.filter(address="a@x.test").update(outcome="accepted")
        message.settle()

        assert "1 of 3 accepted" in html_of(browser)

    def test_tell_the_code_of_a_failure(self, browser: Client) -> None:
        message = a_message()
        attempt = begin_attempt(message, mode="basic", settings_version=1, worker="w")
        assert attempt
        attempt.finish(attempt.Outcome.REFUSED, AttemptReport(code="550 5.1.1", text="no such user"))
        message.fail()

        assert "550 5.1.1" in html_of(browser)

    def test_say_held_while_the_queue_is_held(self, browser: Client) -> None:
        use_smtp(host="mail.test")
        MailServerState.load().hold(HoldReason.SIGN_IN, "535 5.7.8", "no")
        a_message()

        assert ">held" in html_of(browser)

    def test_say_paused_while_people_paused_mail(self, browser: Client) -> None:
        use_smtp(host="mail.test")
        Safety.load().change({"paused": True})
        a_message()

        assert '<span class="sub">paused' in html_of(browser)

    def test_escape_what_strangers_wrote(self, browser: Client) -> None:
        message = a_message()
        Message.objects.filter(pk=message.pk).update(subject="<img src=x onerror=alert(1)>")

        assert "<img src=x" not in html_of(browser)

    def test_say_what_was_sent_again(self, browser: Client) -> None:
        message = a_message()
        message.fail()
        assert "sent again" not in html_of(browser, "state=failed")
        browser.post(f"/deliveries/{message.uuid}/resends/")

        assert "sent again" in html_of(browser, "state=failed")

    def test_never_say_delivered(self, browser: Client) -> None:
        message = a_message()
        message.recipients.update(outcome="accepted")
        message.settle()

        assert "delivered" not in html_of(browser).lower()

    def test_take_as_many_queries_for_thirty_as_for_three(self, browser: Client, count_queries: CountQueries) -> None:
        for _ in range(3):
            a_message("a@x.test", "b@x.test", completion=a_completion(), notification=a_notification())
        few = count_queries("/deliveries/")
        for _ in range(27):
            a_message("a@x.test", "b@x.test", completion=a_completion(), notification=a_notification())

        assert count_queries("/deliveries/") == few

    def test_leave_the_mails_themselves_in_the_database(self, browser: Client) -> None:
        a_message()

        assert {"content", "draft_server"} <= listed(browser)[0].get_deferred_fields()


class TestPages:
    def test_show_every_mail_once(self, browser: Client) -> None:
        messages = [a_message() for _ in range(120)]
        seen, query = [], ""
        while True:
            page = browser.get(f"/deliveries/{query}").context["page"]
            assert len(page.rows) <= 100
            seen += page.rows
            if not (query := page.after):
                break

        assert seen == messages[::-1]

    def test_keep_the_filter(self, browser: Client) -> None:
        for _ in range(60):
            a_message(kind=Message.Kind.TEST)
            a_message()

        first = browser.get("/deliveries/?kind=test").context["page"]
        second = browser.get(f"/deliveries/{first.after}").context["page"]

        assert {message.kind for message in [*first.rows, *second.rows]} == {"test"}
        assert len(first.rows) + len(second.rows) == 60

    @pytest.mark.parametrize("query", ["after=x", "before=1e9", "after=%00", "after=" + "9" * 5000])
    def test_say_404_to_a_place_that_is_none(self, browser: Client, query: str) -> None:
        a_message()

        assert browser.get(f"/deliveries/?{query}").status_code == 404


class TestFilters:
    def test_narrow_to_a_state(self, browser: Client) -> None:
        cancelled, _queued = a_message(), a_message()
        cancelled.cancel()

        assert listed(browser, "state=cancelled") == [cancelled]

    def test_narrow_to_what_waits(self, browser: Client) -> None:
        sending, queued, cancelled = a_message(), a_message(), a_message()
        begin_attempt(sending, mode="basic", settings_version=1, worker="w")
        cancelled.cancel()

        assert listed(browser, "state=waiting") == [queued, sending]

    def test_narrow_to_a_kind(self, browser: Client) -> None:
        test, _notification = a_message(kind=Message.Kind.TEST), a_message()

        assert listed(browser, "kind=test") == [test]

    def test_narrow_to_a_notification(self, browser: Client) -> None:
        notification = a_notification()
        mine = a_message(completion=a_completion(), notification=notification)
        a_message()

        assert listed(browser, f"notification={notification.pk}") == [mine]

    @pytest.mark.parametrize("text", ["ops@contoso.test", "Ops <ops@CONTOSO.test>"])
    def test_find_a_whole_address_exactly(self, browser: Client, text: str) -> None:
        mine = a_message("a@x.test", "ops@contoso.test")
        a_message("devops@contoso.test")
        a_message("ops@contoso.test.example")

        assert listed(browser, f"recipient={text}") == [mine]

    @pytest.mark.parametrize("text", ["ops", "OPS@", "@contoso"])
    def test_find_part_of_an_address(self, browser: Client, text: str) -> None:
        mine = a_message("a@x.test", "devops@contoso.test")
        a_message("b@x.test")

        assert listed(browser, f"recipient={text}") == [mine]

    @pytest.mark.parametrize("text", ["Ops@contoso.test", "ops@contoso.test", "OPS@CONTOSO.TEST"])
    def test_find_an_address_in_another_case(self, browser: Client, text: str) -> None:
        mine = a_message("Ops@contoso.test")
        a_message("devops@contoso.test")

        assert listed(browser, f"recipient={text}") == [mine]

    @pytest.mark.parametrize("text", ["B\u00fcro", "Bu\u0308ro"])
    def test_find_a_subject_however_its_accents_are_encoded(self, browser: Client, text: str) -> None:
        mine = [a_message(), a_message()]
        Message.objects.filter(pk=mine[0].pk).update(subject="Bu\u0308ro 7")
        Message.objects.filter(pk=mine[1].pk).update(subject="B\u00fcro 7")
        a_message()

        assert listed(browser, f"text={text}") == mine[::-1]

    def test_take_percent_and_underscore_as_written(self, browser: Client) -> None:
        mine = a_message("a_b%c@x.test")
        a_message("aXbYc@x.test")

        assert listed(browser, "recipient=a_b%25c") == [mine]

    def test_narrow_to_a_time(self, browser: Client) -> None:
        at = datetime(2026, 5, 4, 12, tzinfo=UTC)
        before, within, after = (a_message(created_at=at + timedelta(hours=hours)) for hours in (-2, 0, 2))

        assert listed(browser, "since=2026-05-04T11:00&until=2026-05-04T13:00") == [within]
        assert listed(browser, "since=2026-05-04T12:00") == [after, within]
        assert listed(browser, "until=2026-05-04T12:00") == [before]

    def test_combine(self, browser: Client) -> None:
        mine = a_message("a@x.test", kind=Message.Kind.TEST)
        a_message("a@x.test")
        a_message("b@x.test", kind=Message.Kind.TEST)

        assert listed(browser, "kind=test&recipient=a@x.test&state=queued&since=&until=&notification=") == [mine]

    def test_offer_what_was_chosen(self, browser: Client) -> None:
        notification = a_notification(name="Rule")

        html = html_of(browser, f"notification={notification.pk}&state=sent&since=2026-05-04T11:00")

        assert f'<option value="{notification.pk}" selected>Rule</option>' in html
        assert '<option value="sent" selected>' in html
        assert 'value="2026-05-04T11:00"' in html

    @pytest.mark.parametrize(
        "query",
        [
            "state=exploded",
            "state=%00",
            "kind=digest'--",
            "recipient=%00",
            "recipient=" + "x" * 400,
            "recipient=A%0d%0aX",
            "notification=x",
            "notification=-1",
            "notification=" + "9" * 40,
            "notification=" + "9" * 5000,
            "notification=%00",
            "since=yesterday",
            "since=0001-01-01T00:00",
            "since=0001-01-01T00:00%2B14:00",
            "until=9999-12-31T23:59",
            "until=9999-12-31T23:59-14:00",
            "since=%00",
        ],
    )
    def test_say_what_cannot_be_read_and_list_nothing(self, browser: Client, query: str) -> None:
        a_message()

        assert listed(browser, query) == []
        assert "This filter cannot be used" in html_of(browser, query)

    @pytest.mark.parametrize("query", ["recipient=%ED%A0%80", "notification=999", "state=sent&state=failed"])
    def test_bear_what_finds_nothing(self, browser: Client, query: str) -> None:
        assert listed(browser, query) == []


class TestLiveness:
    def test_polls_while_something_is_pending(self, browser: Client) -> None:
        a_message()

        assert 'hx-get="/deliveries/?state=queued" hx-trigger="every' in html_of(browser, "state=queued")

    def test_is_quiet_when_all_is_settled(self, browser: Client) -> None:
        a_message().cancel()

        assert "hx-get" not in html_of(browser)

    def test_answers_a_poll_with_the_table_alone(self, browser: Client) -> None:
        a_message()

        response = browser.get("/deliveries/", headers={"HX-Request": "true"})

        assert response.content.decode().strip().startswith('<div class="stack" id="deliveries"')
        assert 'id="mail-state" hx-swap-oob="true"' in response.content.decode()
        assert "HX-Request" in response.headers["Vary"]


def test_teaches_the_first_step_when_empty(browser: Client) -> None:
    assert 'href="/completions/new/"' in html_of(browser)


def test_needs_somebody_who_is_signed_in(client: Client) -> None:
    assert "/sign-in/" in client.get("/deliveries/").headers["Location"]
