"""Reports > Completions > Refused reports."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from notifications.intake.accept import Conflict, accept
from notifications.models import ApiToken, Completion, ReportConflict
from tests.reports import a_report
from tests.views.conftest import CountQueries

pytestmark = pytest.mark.django_db
LIST = "/completions/conflicts/"


def refuse(**fields: Any) -> Completion:
    """What is on record for what was refused."""
    identity = {name: fields[name] for name in ("id",) if name in fields}
    completion = accept(a_report(**identity), by=ApiToken.issue(f"first {ApiToken.objects.count()}")[0]).completion
    with suppress(Conflict):
        accept(a_report(**({"name": "Other"} | fields)), by=ApiToken.issue(f"second {ApiToken.objects.count()}")[0])
    return completion


class TestList:
    def test_says_what_differs_who_reported_it_and_what_is_on_record(self, browser: Client) -> None:
        completion = refuse(name="<b>Other</b>")

        html = browser.get(LIST).content.decode()

        for text in (
            "&lt;b&gt;Other&lt;/b&gt;",
            "on record: 7-Zip 24.08 to Lab",
            "API token first 0",
            "API token second 1",
        ):
            assert text in html
        assert f'href="/completions/{completion.uuid}/"' in html

    def test_says_how_often(self, browser: Client) -> None:
        refuse()
        ReportConflict.objects.update(count=7)

        assert "7 times, first" in browser.get(LIST).content.decode()

    def test_says_when_there_is_none(self, browser: Client) -> None:
        assert "No report was refused" in browser.get(LIST).content.decode()

    def test_takes_as_many_queries_for_ten_as_for_two(self, browser: Client, count_queries: CountQueries) -> None:
        for number in range(2):
            refuse(id=str(number))
        few = count_queries(LIST)
        for number in range(2, 10):
            refuse(id=str(number))

        assert count_queries(LIST) == few

    def test_is_linked_from_the_completions_once_there_is_one(self, browser: Client) -> None:
        accept(a_report(id="0"))
        assert LIST not in browser.get("/completions/").content.decode()
        refuse()
        assert LIST in browser.get("/completions/").content.decode()


def test_the_page_of_what_is_on_record_says_so_too(browser: Client) -> None:
    html = browser.get(f"/completions/{refuse().uuid}/").content.decode()

    assert "Another report came with the same source and ID" in html
    assert "on record: 7-Zip 24.08 to Lab" in html


def test_the_dashboard_says_so_for_some_days(browser: Client) -> None:
    refuse()
    assert "1 report refused: source and ID were taken" in browser.get("/dashboard/").content.decode()
    ReportConflict.objects.update(last_at=timezone.now() - timedelta(days=4))
    assert "refused: source" not in browser.get("/dashboard/").content.decode()


def test_a_report_by_hand_that_is_refused_is_told_at_its_field_and_not_listed(browser: Client) -> None:
    accept(a_report(source="manual"))
    form = {"kind": "deployment", "name": "Other", "source": "manual", "id": "12345", "outcome": "failed"}

    response = browser.post("/completions/new/", form)

    assert "reported before" in response.context["form"].errors["id"][0]
    assert not ReportConflict.objects.exists()


@pytest.mark.parametrize(
    ("days", "title"), [(-1, "has expired"), (7, "expires soon"), (30, None), (-20, None)], ids=str
)
def test_the_dashboard_says_which_token_expires(browser: Client, days: int, title: str | None) -> None:
    last = timezone.localdate() + timedelta(days=days)
    token = ApiToken.issue("pdq", expires_on=last)[0]
    assert "The API token" not in browser.get("/dashboard/").content.decode()  # nothing used it lately

    ApiToken.objects.filter(pk=token.pk).update(last_used_at=timezone.now())

    html = browser.get("/dashboard/").content.decode()
    assert f"The API token “pdq” {title}" in html if title else "The API token" not in html
