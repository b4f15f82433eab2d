"""Reports > Completions: the list, one completion, and reporting one by hand."""

import uuid
from typing import Any

import pytest
from django.test import Client

from notifications.models import Completion, Message, TargetResult
from tests.base import a_completion, a_message, a_notification
from tests.views.conftest import CountQueries

pytestmark = pytest.mark.django_db
REPORT = {
    "kind": "deployment",
    "name": "7-Zip to Lab",
    "source": "manual",
    "id": "1",
    "targets": "PC-001 success\r\n\r\nPC-002 failed exit code 1603\r\n",
}


def listed(browser: Client, query: str = "") -> list[Completion]:
    response = browser.get(f"/completions/?{query}")
    assert response.status_code == 200
    return list(response.context["page"].rows)


def page(browser: Client, completion: Completion) -> str:
    return str(browser.get(f"/completions/{completion.uuid}/").content.decode())


class TestList:
    def test_comes_newest_first(self, browser: Client) -> None:
        completions = [a_completion() for _ in range(3)]

        assert listed(browser) == completions[::-1]

    def test_tells_outcome_package_source_targets_and_mails(self, browser: Client) -> None:
        completion = a_completion({"A": "success", "B": "failed", "C": "failed"}, name="Lab", source="pdq")
        a_message(completion=completion, notification=a_notification())
        a_message(completion=completion, notification=a_notification()).cancel()

        html = browser.get("/completions/").content.decode()

        for text in ("Lab", "Failed", "7-Zip", "24.08", "pdq", ">3<", "1 queued", "1 cancelled"):
            assert text in html

    def test_shows_every_completion_once_over_the_pages(self, browser: Client) -> None:
        completions = [a_completion() for _ in range(120)]
        seen, query = [], ""
        while True:
            rows = browser.get(f"/completions/{query}").context["page"]
            seen += rows.rows
            if not (query := rows.after):
                break

        assert seen == completions[::-1]

    def test_takes_as_many_queries_for_thirty_as_for_three(self, browser: Client, count_queries: CountQueries) -> None:
        for _ in range(3):
            a_message(completion=a_completion({"A": "success"}), notification=a_notification())
        few = count_queries("/completions/")
        for _ in range(27):
            a_message(completion=a_completion({"A": "success"}), notification=a_notification())

        assert count_queries("/completions/") == few

    def test_teaches_the_command_when_empty(self, browser: Client) -> None:
        html = browser.get("/completions/").content.decode()

        assert "curl -sS http://127.0.0.1:8000/api/v1/completions" in html

    @pytest.mark.parametrize(
        "query",
        [
            "kind=schedule",
            "outcome=success",
            "source=ansible",
            "text=nightly",
            "text=CLEAN",
            "text=job-77",
            "kind=schedule&outcome=success&text=clean",
        ],
    )
    def test_narrows(self, browser: Client, query: str) -> None:
        a_completion()
        mine = a_completion(
            kind="schedule",
            outcome="success",
            source="ansible",
            external_id="job-77",
            name="Nightly",
            schedule="Cleanup",
        )

        assert listed(browser, query) == [mine]

    @pytest.mark.parametrize(
        "query", ["kind=x", "outcome=%00", "source=%00", "text=%00", "text=" + "x" * 201, "source=a%0ab"]
    )
    def test_says_what_cannot_be_read_and_lists_nothing(self, browser: Client, query: str) -> None:
        a_completion()

        assert listed(browser, query) == []
        assert "This filter cannot be used" in browser.get(f"/completions/?{query}").content.decode()

    def test_takes_percent_as_written(self, browser: Client) -> None:
        a_completion()

        assert listed(browser, "text=%25") == []

    @pytest.mark.parametrize("query", ["after=x", "before=%00"])
    def test_says_404_to_a_place_that_is_none(self, browser: Client, query: str) -> None:
        assert browser.get(f"/completions/?{query}").status_code == 404


class TestDetail:
    def test_lists_failures_first_and_counts(self, browser: Client) -> None:
        completion = a_completion({"A": "success", "B": "cancelled", "C": "failed", "D": "partial", "E": "failed"})

        response = browser.get(f"/completions/{completion.uuid}/")

        assert [target.name for target in response.context["targets"]] == ["C", "E", "D", "B", "A"]
        assert "2 failed" in response.content.decode()

    def test_pages_through_many_targets(self, browser: Client) -> None:
        completion = a_completion()
        TargetResult.objects.bulk_create(
            TargetResult(
                completion=completion, position=place, name=f"T{place}", outcome="failed" if place % 7 else "success"
            )
            for place in range(450)
        )

        pages = [browser.get(f"/completions/{completion.uuid}/?page={number}") for number in (1, 2, 3)]

        names = [[target.name for target in response.context["targets"]] for response in pages]
        assert [len(some) for some in names] == [200, 200, 50]
        assert len({name for some in names for name in some}) == 450
        assert "1 to 200 of 450" in pages[0].content.decode()

    @pytest.mark.parametrize("number", ["0", "-1", "x", "%00", "9" * 5000])
    def test_bears_any_page_number(self, browser: Client, number: str) -> None:
        assert browser.get(f"/completions/{a_completion().uuid}/?page={number}").status_code == 200

    def test_shows_its_mails_with_their_states(self, browser: Client) -> None:
        completion = a_completion()
        message = a_message(completion=completion, notification=a_notification(name="Rule"))

        html = page(browser, completion)

        assert f'href="/deliveries/{message.uuid}/"' in html
        assert "Rule" in html
        assert "Queued" in html

    def test_explains_why_there_is_no_mail(self, browser: Client) -> None:
        completion = a_completion()
        assert "There is no enabled notification" in page(browser, completion)

        a_notification(package_glob="other")

        html = page(browser, completion)
        assert "No notification matched" in html
        assert "1 enabled notification for a completed deployment" in html

    def test_links_to_the_web_only(self, browser: Client) -> None:
        assert 'href="https://tool.test/1?a=1&amp;b=2"' in page(
            browser, a_completion(url="https://tool.test/1?a=1&b=2")
        )

    @pytest.mark.parametrize(
        "url",
        ["javascript:alert(1)", " javascript:alert(1)", "data:text/html,x", "//evil.test", "file:///etc/passwd", "x"],
    )
    def test_shows_another_address_as_text(self, browser: Client, url: str) -> None:
        html = page(browser, a_completion(url=url))

        assert url.strip() in html
        assert f'href="{url}' not in html

    def test_makes_a_link_of_an_odd_address_that_is_stored(self, browser: Client) -> None:
        assert 'href="https://tool.test/My%20Job"' in page(browser, a_completion(url="https://tool.test/My Job"))

    def test_lists_what_was_repaired(self, browser: Client) -> None:
        warnings = [{"field": "url", "message": "is no <link> and was left out"}]
        html = page(browser, a_completion(warnings=warnings))

        assert "Repaired" in html
        assert "is no &lt;link&gt; and was left out" in html
        assert "Repaired" not in page(browser, a_completion())

    def test_escapes_what_tools_say(self, browser: Client) -> None:
        evil = "<script>alert(1)</script>{{7*7}}"
        completion = a_completion({evil: "failed"}, name=evil, package=evil, user=evil, schedule=evil)
        TargetResult.objects.update(detail=evil)

        for html in (page(browser, completion), browser.get("/completions/").content.decode()):
            assert "<script>alert" not in html
            assert "{{7*7}}" in html

    def test_takes_as_many_queries_for_thirty_as_for_three(self, browser: Client, count_queries: CountQueries) -> None:
        few = a_completion({f"T{number}": "failed" for number in range(3)})
        many = a_completion({f"T{number}": "failed" for number in range(30)})
        for completion, count in ((few, 3), (many, 30)):
            for _ in range(count):
                a_message(completion=completion, notification=a_notification())

        assert count_queries(f"/completions/{many.uuid}/") == count_queries(f"/completions/{few.uuid}/")

    def test_says_404_to_what_is_none(self, browser: Client) -> None:
        assert browser.get(f"/completions/{uuid.uuid4()}/").status_code == 404
        assert browser.get("/completions/x/").status_code == 404


class TestReportByHand:
    def post(self, browser: Client, **values: str) -> Any:
        return browser.post("/completions/new/", REPORT | values)

    def test_offers_an_id_that_is_new_each_time(self, browser: Client) -> None:
        offered = [browser.get("/completions/new/").context["form"]["id"].value() for _ in range(2)]

        assert offered[0] != offered[1]

    def test_shows_the_same_by_the_api(self, browser: Client) -> None:
        assert "Authorization: Bearer $MAILADMIN_TOKEN" in browser.get("/completions/new/").content.decode()

    def test_makes_the_mails_that_are_owed(self, browser: Client) -> None:
        a_notification(outcomes=["partial"])

        response = self.post(browser)

        completion = Completion.objects.get()
        assert response.headers["Location"] == f"/completions/{completion.uuid}/"
        assert completion.outcome == "partial"
        assert list(completion.targets.values_list("name", "outcome", "detail")) == [
            ("PC-001", "success", ""),
            ("PC-002", "failed", "exit code 1603"),
        ]
        assert Message.objects.get().completion == completion

    def test_says_how_many_mails_it_made(self, browser: Client) -> None:
        response = browser.post("/completions/new/", REPORT, follow=True)

        assert "Reported: 0 mails." in response.content.decode()

    def test_takes_a_name_that_is_too_long_and_says_that_it_was_cut(self, browser: Client) -> None:
        response = browser.post("/completions/new/", REPORT | {"name": "x" * 501}, follow=True)

        assert "is longer than 500 characters and was cut" in response.content.decode()

    def test_finds_the_same_report_again(self, browser: Client) -> None:
        self.post(browser)

        self.post(browser)

        assert Completion.objects.count() == 1

    def test_refuses_another_report_under_the_same_id(self, browser: Client) -> None:
        self.post(browser)

        response = self.post(browser, name="Other")

        assert "id" in response.context["form"].errors
        assert Completion.objects.get().name == "7-Zip to Lab"

    @pytest.mark.parametrize(
        "field", ["kind", "name", "source", "id", "package", "version", "schedule", "outcome", "targets"]
    )
    @pytest.mark.parametrize(
        "value", ["\0", "\x1b[0m", "\u2028", "x" * 3000, "   ", "[", "😀 failed", "{{7*7}} success"]
    )
    def test_bears_any_value(self, browser: Client, field: str, value: str) -> None:
        assert self.post(browser, **{field: value}).status_code in (200, 302)

    def test_needs_somebody_who_is_signed_in(self, client: Client) -> None:
        assert client.post("/completions/new/", REPORT).status_code == 302
        assert not Completion.objects.exists()
