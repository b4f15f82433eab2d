import csv
import io
import re
from email.message import EmailMessage
from typing import Any

import pytest

from notifications.emails.notification_email import notification_mail
from notifications.models import TargetResult
from tests.emails.props import NOW, completion, notification, read, targets

pytestmark = pytest.mark.django_db


def attached(rows: list[TargetResult], *kinds: str, **told: Any) -> dict[str, EmailMessage]:
    rule = notification(attach_csv="csv" in kinds, attach_html="html" in kinds)
    mail = read(notification_mail(rule, completion(**told), rows, NOW))
    assert not any(part.defects for part in mail.walk())
    return {str(part.get_filename()): part for part in mail.iter_attachments()}  # type: ignore[misc]


def sheet(rows: list[TargetResult]) -> list[list[str]]:
    (file,) = attached(rows, "csv").values()
    text = file.get_payload(decode=True).decode("utf-8")  # type: ignore[union-attr]
    assert text.startswith("\ufeff")
    assert not re.search(r"(?<!\r)\n", re.sub(r'"[^"]*"', "", text))
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def page(rows: list[TargetResult], **told: Any) -> str:
    (file,) = attached(rows, "html", **told).values()
    return str(file.get_content())


def test_nothing_is_attached_unless_it_is_wanted() -> None:
    assert attached(targets("failed")) == {}


def test_both_files_stand_beside_the_text_and_the_html() -> None:
    rule = notification(attach_csv=True, attach_html=True)
    mail = read(notification_mail(rule, completion(), targets("failed"), NOW))
    kinds = [(part.get_content_type(), part.get_content_disposition()) for part in mail.walk()]
    assert kinds == [
        ("multipart/mixed", None),
        ("multipart/alternative", None),
        ("text/plain", None),
        ("text/html", None),
        ("text/csv", "attachment"),
        ("text/html", "attachment"),
    ]


def test_the_sheet_has_every_target_failures_first() -> None:
    rows = targets("success", "failed", detail='a, "b"\nc', seconds=12.5)
    assert sheet(rows) == [
        ["Target", "Outcome", "Detail", "Seconds"],
        ["PC-001", "Failed", 'a, "b"\nc', "12.5"],
        ["PC-000", "Success", 'a, "b"\nc', "12.5"],
    ]


def test_more_targets_than_a_mail_lists_are_all_in_the_files() -> None:
    rows = targets(*["success"] * 1500, "failed", detail="fine")
    assert len(sheet(rows)) == 1502
    assert page(rows).count("PC-") == 1501


@pytest.mark.parametrize("evil", ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "＝1+1", '=HYPERLINK("http://x")'])
def test_a_formula_stays_text(evil: str) -> None:
    (_, (name, _, detail, _)) = sheet(targets("failed", name=evil, detail=evil))
    assert name == detail == f"'{evil}"


@pytest.mark.parametrize("blank", ["\t=1", "\r=1", "\n=1"])
def test_a_formula_behind_a_blank_stays_text(blank: str) -> None:
    (_, (name, _, detail, _)) = sheet(targets("failed", name=blank, detail=blank))
    assert name.startswith("'=")
    assert detail.lstrip(" ").startswith(("'", "=")) is detail.startswith(("'", " "))


@pytest.mark.parametrize("text", ["a;=1", "a\n=1", "a;  +1", "a\n\t-1", ";@x", 'a "b" ;=1', 'a;"=1;'])
def test_a_formula_stays_text_where_semicolons_part_the_cells(text: str) -> None:
    (file,) = attached(targets("failed", detail=text), "csv").values()
    content = file.get_payload(decode=True).decode("utf-8-sig")  # type: ignore[union-attr]
    cells = [cell for line in csv.reader(io.StringIO(content, newline=""), delimiter=";") for cell in line]
    assert [cell for cell in cells if cell.lstrip().startswith(("=", "+", "-", "@"))] == []


@pytest.mark.parametrize("text", ["a=1", "a - b; c", "x-1", "Exit code -1 (a@b.test)"])
def test_what_is_no_formula_is_left_alone(text: str) -> None:
    assert sheet(targets("failed", detail=text))[1][2] == text


def test_the_page_shows_reported_text_as_text() -> None:
    html = page(targets("failed", name="<script>x</script>", detail="<img src=x onerror=y>\nz"), name="</title><b>")
    assert not re.search(r"<script|<img|<b>", html)
    assert "&lt;img src=x onerror=y&gt;<br>z" in html
    assert "default-src 'none'" in html


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("7-Zip 24.08 to Lab", "report-7-Zip-24-08-to-Lab.csv"),
        ("../../etc/passwd", "report-etc-passwd.csv"),
        ("C:\\Windows\\x.exe", "report-C-Windows-x-exe.csv"),
        ("a\r\nContent-Type: text/html", "report-a-Content-Type-text-html.csv"),
        ("\u202egpj.exe", "report-gpj-exe.csv"),
        ("Büro", "report-Buro.csv"),
        ("שלום", "report.csv"),
        ("con", "report-con.csv"),
        ("x" * 500, f"report-{'x' * 60}.csv"),
    ],
)
def test_a_file_is_named_with_plain_letters(name: str, file: str) -> None:
    assert list(attached(targets("failed"), "csv", name=name)) == [file]


class TestTooManyTargets:
    rows = targets(*["success"] * 2000, "failed", detail="é" * 1000)

    def test_leave_rows_out_and_say_how_many(self) -> None:
        *kept, last = sheet(self.rows)
        left_out = int(last[0].partition(" ")[0].replace(",", ""))
        assert last[0].endswith("rows left out: the file would be larger than 1 MB.")
        assert len(kept) - 1 + left_out == 2001
        assert kept[1][1] == "Failed"

    def test_leave_rows_of_the_page_out_too(self) -> None:
        html = page(self.rows)
        (left_out,) = re.findall(r"([\d,]+) rows left out", html)
        assert html.count("PC-") + int(left_out.replace(",", "")) == 2001
        assert len(html.encode()) < 1_010_000


def test_nothing_reported_can_end_a_part() -> None:
    evil = "--part-1\r\nContent-Type: text/html\r\n\r\n--part-1--"
    files = attached(targets("failed", name=evil, detail=evil), "csv", "html", name=evil)
    assert [file.get_content_type() for file in files.values()] == ["text/csv", "text/html"]
