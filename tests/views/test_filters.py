"""What is alike about the filters of all lists."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests.base import a_completion, a_message
from tests.views.conftest import CountQueries

LISTS = ["/deliveries/", "/completions/", "/audit/"]
AGAINST_TIME = "since=2026-05-04T11:00&until=2026-05-04T11:00"


def html_of(page: Client, address: str) -> str:
    return page.get(address).content.decode()


@pytest.mark.parametrize("address", LISTS)
def test_a_time_is_asked_for_with_the_zone_it_is_read_in(page: Client, address: str) -> None:
    page.cookies["time_zone"] = "Asia/Tokyo"
    html = html_of(page, f"{address}?text=nothing+like+this")
    assert html.count('<span class="optional">Asia/Tokyo</span>') == 2


@pytest.mark.parametrize("address", LISTS)
def test_an_end_before_the_begin_is_told_at_its_field(page: Client, address: str) -> None:
    response = page.get(f"{address}?{AGAINST_TIME}")
    assert list(response.context["form"].errors) == ["until"]
    assert "Nothing lies between the two: choose a time after" in response.content.decode()


@pytest.mark.parametrize("address", [*LISTS, "/notifications/", "/notifications/simulator/"])
def test_the_fields_are_open_while_one_narrows(page: Client, address: str) -> None:
    assert '<details class="filters-fold" open>' in html_of(page, f"{address}?text=x")


def test_the_fields_may_be_folded_while_none_narrows(page: Client) -> None:
    a_completion()
    assert '<details class="filters-fold">' in html_of(page, "/completions/")


def test_paper_says_what_the_list_was_narrowed_to(page: Client) -> None:
    a_message("a@x.test")
    assert "Filtered by Recipient: a@x.test, State: Queued. Times are in UTC." in html_of(
        page, "/deliveries/?recipient=a@x.test&state=queued"
    )


def test_completions_are_narrowed_to_a_time(page: Client) -> None:
    now = timezone.now()
    before, within, after = (a_completion() for _ in range(3))
    for each, hours in ((before, -3), (within, -1), (after, 1)):
        type(each).objects.filter(pk=each.pk).update(received_at=now + timedelta(hours=hours))
    since, until = (f"{now + timedelta(hours=hours):%Y-%m-%dT%H:%M}" for hours in (-2, 0))
    rows = page.get(f"/completions/?since={since}&until={until}").context["rows"]
    assert [completion for completion, _ in rows] == [within]


def test_a_time_costs_no_query_more(page: Client, count_queries: CountQueries) -> None:
    a_completion()
    assert count_queries("/completions/?since=2020-01-01T00:00") == count_queries("/completions/?source=pdq")
