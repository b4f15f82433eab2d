"""Pages of long lists by key: as quick on the millionth row as on the first, and no row twice while new ones arrive."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import Http404, QueryDict

PAGE_SIZE = 50
CHUNK_SIZE = 2000

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Page(Generic[Row]):
    """`before` and `after` are query strings that keep the filters; empty where there is nothing more."""

    rows: list[Row]
    before: str
    after: str


def paginate(rows: QuerySet[Row], query: QueryDict, *, key: str = "-id", size: int = PAGE_SIZE) -> Page[Row]:
    """The page of `rows` that `query` asks for by `after=KEY` or `before=KEY`.

    `key` is a unique column, `-id` for newest first. Raises Http404 for a place that cannot be read.
    """
    name, falling = key.lstrip("-"), key.startswith("-")
    backwards = bool(query.get("before")) and not query.get("after")
    if cursor := query.get("after") or query.get("before"):
        comparison = "lt" if falling != backwards else "gt"
        rows = rows.filter(**{f"{name}__{comparison}": place(rows, name, cursor)})
    found = list(rows.order_by(f"-{name}" if falling != backwards else name)[: size + 1])
    more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    return Page(
        found,
        before=link(query, "before", found, name, 0) if (more if backwards else query.get("after")) else "",
        after=link(query, "after", found, name, -1) if backwards or more else "",
    )


def in_chunks(rows: QuerySet[Row], *, key: str = "-id", size: int = CHUNK_SIZE) -> Iterator[list[Row]]:
    """All of `rows`, a query for each chunk: no transaction stays open and no more than one chunk is in memory."""
    name, comparison = key.lstrip("-"), "lt" if key.startswith("-") else "gt"
    ordered = rows.order_by(key)
    chunk = list(ordered[:size])
    while chunk:
        yield chunk
        if len(chunk) < size:
            return
        chunk = list(ordered.filter(**{f"{name}__{comparison}": getattr(chunk[-1], name)})[:size])


def place(rows: QuerySet[Row], name: str, text: str) -> Any:
    try:
        value = rows.model._meta.get_field(name).to_python(text)  # type: ignore[union-attr]  # a column, not a relation
    except ValidationError as error:
        raise Http404("There is no such page.") from error
    if "\0" in text:
        raise Http404("There is no such page.")
    return value


def link(query: QueryDict, side: str, rows: list[Row], name: str, edge: int) -> str:
    """The query string of the page beside these rows, under the same filters."""
    other = query.copy()
    other.pop("after", None)
    other.pop("before", None)
    if rows:
        other[side] = str(getattr(rows[edge], name))
    return f"?{other.urlencode()}"
