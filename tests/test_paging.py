"""Every row exactly once over the pages, whichever way one walks."""

import re
from urllib.parse import parse_qs

import pytest
from django.http import Http404, QueryDict

from notifications.models import ApiToken, Notification
from notifications.paging import Page, paginate

pytestmark = pytest.mark.django_db


def tokens(count: int) -> list[int]:
    return [ApiToken.issue(f"token {number}")[0].pk for number in range(count)][::-1]


def page(query: str = "", **options: object) -> Page[ApiToken]:
    return paginate(ApiToken.objects.all(), QueryDict(query.removeprefix("?")), **options)  # type: ignore[arg-type]


def walk(start: Page[ApiToken], side: str, size: int) -> list[list[int]]:
    pages = [start]
    while query := getattr(pages[-1], side):
        pages.append(page(query, size=size))
    return [[token.pk for token in each.rows] for each in pages]


@pytest.mark.parametrize("count", [0, 1, 3, 4, 6, 7, 10])
def test_shows_every_row_once_from_the_newest_on(count: int) -> None:
    keys = tokens(count)

    assert sum(walk(page(size=3), "after", 3), []) == keys


@pytest.mark.parametrize("count", [1, 3, 4, 6, 7, 10])
def test_shows_every_row_once_on_the_way_back(count: int) -> None:
    keys = tokens(count)

    backwards = walk(page(f"before={keys[-1] - 1}", size=3), "before", 3)

    assert sum(backwards[::-1], []) == keys
    assert all(backwards)


def test_is_not_shaken_by_rows_that_arrive_meanwhile() -> None:
    keys = tokens(5)
    first = page(size=3)
    tokens(4)

    second = page(first.after, size=3)

    assert [token.pk for token in [*first.rows, *second.rows]] == keys


def test_has_no_way_on_from_a_single_page() -> None:
    tokens(3)

    assert (page(size=3).before, page(size=3).after) == ("", "")


def test_leads_back_to_the_start_from_a_page_past_the_end() -> None:
    keys = tokens(2)

    assert page(f"after={keys[-1]}&state=sent").before == "?state=sent"
    assert page(f"before={keys[0]}&state=sent").after == "?state=sent"


def test_keeps_filters_and_drops_the_old_place() -> None:
    keys = tokens(9)

    link = page(f"q=a%26b&after=1&after={keys[2]}&before=4", size=2).after

    assert parse_qs(link.removeprefix("?"))["q"] == ["a&b"]
    assert re.findall("after|before", link) == ["after"]


@pytest.mark.parametrize("text", ["x", "1.5", "1;--", "-", "\0", "9" * 5000, "٣x", "1\0"])
def test_says_404_to_a_place_that_is_none(text: str) -> None:
    query = QueryDict(mutable=True)
    query["after"] = text

    with pytest.raises(Http404):
        paginate(ApiToken.objects.all(), query)


@pytest.mark.parametrize("text", [str(2**63), str(-(2**70)), "-1", "0"])
def test_shows_something_sensible_at_a_place_out_of_range(text: str) -> None:
    tokens(2)

    assert len(page(f"after={text}").rows) in (0, 2)


def test_walks_along_names_too() -> None:
    names = ["a", "B&C", "d é", "e=f", "zz"]
    Notification.objects.bulk_create(Notification(name=name, to=["a@peer.test"]) for name in names)
    seen: list[str] = []
    query: str | None = "?"
    while query:
        found = paginate(Notification.objects.all(), QueryDict(query.removeprefix("?")), key="name", size=2)
        seen += [row.name for row in found.rows]
        query = found.after

    assert seen == list(Notification.objects.order_by("name").values_list("name", flat=True))
