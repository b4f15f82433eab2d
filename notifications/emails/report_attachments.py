"""All targets of a completion as files beside the mail."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from django.template.loader import render_to_string
from django.utils.html import escape, format_html
from django.utils.safestring import mark_safe

from notifications.emails.attachment import Attachment
from notifications.emails.headers import one_line
from notifications.emails.looks import LOOKS
from notifications.emails.rows import failures_first
from notifications.emails.summary import Summary
from notifications.emails.values import lines
from notifications.emails.words import counted, seconds
from notifications.models import Notification, Outcome, TargetResult

SIZE_LIMIT = 1_000_000  # octets of each file: many servers take 10 MB, and base64 adds a third
NAME_LIMIT = 60
DETAIL_LIMIT = 20_000
COLUMNS = ("Target", "Outcome", "Detail", "Seconds")
# A spreadsheet takes what begins so for a formula, and a formula can send the sheet elsewhere. The last four are the
# same signs as Asian keyboards write them. Also behind a line end or a semicolon: where the comma is the decimal sign,
# Excel splits at semicolons, and heeds no quote that begins within what it takes for a cell.
FORMULA = re.compile(r'(?:^|[;\t\r\n])(?:[^\S\t\r\n]|")*(?=[=+\-@＝＋－＠])')
BOM = "\ufeff"  # without it, Excel reads UTF-8 as the local code page


def report_attachments(notification: Notification, summary: Summary) -> list[Attachment]:
    if not (notification.attach_csv or notification.attach_html):
        return []
    name, targets = file_name(summary), failures_first(summary.targets)
    attached = []
    if notification.attach_csv:
        attached.append(Attachment(f"{name}.csv", "text/csv", csv_report(targets)))
    if notification.attach_html:
        attached.append(Attachment(f"{name}.html", "text/html", html_report(summary, targets)))
    return attached


def file_name(summary: Summary) -> str:
    """Plain letters only: it must be a name, and nothing but a name, on every system."""
    plain = unicodedata.normalize("NFKD", summary.completion.name).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^A-Za-z0-9]+", "-", plain)[:NAME_LIMIT].strip("-")
    return f"report-{slug}" if slug else "report"


def csv_report(targets: Sequence[TargetResult]) -> bytes:
    """RFC 4180, failures first, so that they are there even when the rest is too long."""
    head = (BOM + csv_line(COLUMNS)).encode()
    rows = (csv_line(csv_values(target)).encode() for target in targets)
    body, left_out = fitting(rows, SIZE_LIMIT - len(head), len(targets))
    return head + body + (csv_line([left_out, "", "", ""]).encode() if left_out else b"")


def csv_values(target: TargetResult) -> list[str]:
    took = "" if target.seconds is None else f"{target.seconds:g}"
    word = LOOKS[Outcome(target.outcome)].word
    return [harmless(one_line(target.name)), word, harmless(lines(target.detail, DETAIL_LIMIT)), took]


def harmless(text: str) -> str:
    return FORMULA.sub(r"\g<0>'", text)


def csv_line(values: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(values)
    return line.getvalue()


def html_report(summary: Summary, targets: Sequence[TargetResult]) -> bytes:
    rows, left_out = fitting((html_row(target).encode() for target in targets), SIZE_LIMIT, len(targets))
    page = {"summary": summary, "rows": mark_safe(rows.decode()), "left_out": left_out}  # noqa: S308  # from html_row
    return render_to_string("emails/report.html", page).encode()


def html_row(target: TargetResult) -> str:
    look = LOOKS[Outcome(target.outcome)]
    return format_html(
        '<tr><th scope="row">{}</th><td class="{}">{} {}</td><td>{}</td><td>{}</td></tr>\n',
        one_line(target.name),
        target.outcome,
        look.mark,
        look.word,
        mark_safe(escape(lines(target.detail, DETAIL_LIMIT)).replace("\n", "<br>")),  # noqa: S308  # escaped right here
        seconds(target.seconds),
    )


def fitting(rows: Iterable[bytes], room: int, total: int) -> tuple[bytes, str]:
    """The first rows that have room, and a sentence about the others."""
    kept = list(while_room(rows, room))
    left_out = total - len(kept)
    sentence = f"{counted(left_out, 'row')} left out: the file would be larger than {SIZE_LIMIT // 1_000_000} MB."
    return b"".join(kept), sentence if left_out else ""


def while_room(rows: Iterable[bytes], room: int) -> Iterator[bytes]:
    for row in rows:
        room -= len(row)
        if room < 0:
            return
        yield row
