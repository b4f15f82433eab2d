"""Lists as files that a spreadsheet opens, sent while they are read: as large as they may be."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone

from notifications.emails.report_attachments import BOM, csv_line, harmless
from notifications.paging import in_chunks

Columns = dict[str, Callable[[Any], object]]


def csv_download(name: str, columns: Columns, rows: QuerySet[Any], *, key: str = "-id") -> StreamingHttpResponse:
    """A line for each of `rows` by the unique column `key`, with what each of `columns` makes of it."""
    return streamed(name, columns, in_chunks(rows, key=key), rows.count())


def streamed(name: str, columns: Columns, chunks: Iterable[list[Any]], total: int) -> StreamingHttpResponse:
    """A line for each of the `total` rows in `chunks`."""
    today = timezone.localdate(timezone=timezone.get_default_timezone())
    response = StreamingHttpResponse(csv_parts(columns, chunks), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}-{today:%Y-%m-%d}.csv"'
    response["Cache-Control"] = "no-store"
    # What is sent while it is read has no length; the page tells by this how far it is.
    response["X-Total-Count"] = str(total)
    # A proxy that collects the whole answer first would need the memory that is spared here.
    response["X-Accel-Buffering"] = "no"
    return response


def csv_parts(columns: Columns, chunks: Iterable[list[Any]]) -> Iterator[str]:
    """RFC 4180, a part for each chunk."""
    yield BOM + csv_line(columns)
    for chunk in chunks:
        yield "".join(csv_line(cell(value(row)) for value in columns.values()) for row in chunk)


def cell(value: object) -> str:
    """Times in the installation's zone and with their offset; text that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return timezone.localtime(value, timezone.get_default_timezone()).isoformat(" ", "seconds")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if isinstance(value, int) else harmless(str(value))
