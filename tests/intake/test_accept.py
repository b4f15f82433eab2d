"""A report becomes rows, all of them or none."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, connection

from notifications.intake.accept import Accepted, Conflict, accept
from notifications.models import Completion, Message, Notification, Outcome, Recipient, TargetResult
from tests.base import a_notification
from tests.reports import PC1, PC2, a_report

CONCURRENT = 50


@pytest.mark.django_db
class TestAccept:
    def test_the_report_is_kept_as_it_was_understood(self) -> None:
        completion = accept(a_report(outcome=...)).completion
        completion.refresh_from_db()
        assert (completion.source, completion.external_id, completion.outcome) == ("pdq", "12345", Outcome.PARTIAL)
        assert (completion.schedule, completion.user) == ("", "CORP\\deploy-svc")
        assert completion.finished_at
        assert completion.finished_at.isoformat() == "2026-11-22T10:04:00+00:00"

    def test_the_targets_keep_their_places(self) -> None:
        completion = accept(a_report(targets=[PC2, PC1, {"name": "PC-003", "outcome": "cancelled"}])).completion
        rows = list(completion.targets.values_list("position", "name", "outcome", "detail", "seconds"))
        assert rows == [
            (0, "PC-002", "failed", "exit code 1603", 3),
            (1, "PC-001", "success", "", 12.5),
            (2, "PC-003", "cancelled", "", None),
        ]

    def test_twenty_thousand_targets_are_stored(self) -> None:
        accept(a_report(targets=[PC1] * 20_000))
        assert TargetResult.objects.count() == 20_000

    def test_each_matching_notification_owes_a_mail(self) -> None:
        wanted = [a_notification(outcomes=["failed"]), a_notification(package_glob="7-*")]
        a_notification(outcomes=["success"])
        a_notification(enabled=False)
        a_notification(kind="schedule")
        accepted = accept(a_report())
        assert {message.notification for message in accepted.messages} == set(wanted)
        assert {message.state for message in accepted.messages} == {Message.State.QUEUED}
        assert {message.completion for message in accepted.messages} == {accepted.completion}

    def test_a_thousand_recipients_are_each_a_row_and_nobody_is_one_twice(self) -> None:
        people = [f"p{number}@example.com" for number in range(1000)]
        a_notification(to=people[:600], cc=people[400:], bcc=["P1@EXAMPLE.com", "p1@Example.COM"])
        (message,) = accept(a_report()).messages
        addresses = list(message.recipients.values_list("address", flat=True))
        assert set(addresses) == set(people)
        assert len(addresses) == 1000

    def test_without_a_match_there_is_no_mail(self) -> None:
        assert accept(a_report()).messages == []

    def test_an_odd_name_reaches_no_header(self) -> None:
        a_notification()
        report = a_report(name="x\r\nBcc: evil@example.com\u2028\x00y", user="\x85z", source="pdq\x0b")
        (message,) = accept(report).messages
        assert message.parsed["Bcc"] is None
        assert list(message.recipients.values_list("address", flat=True)) == ["ops@peer.test"]


@pytest.mark.django_db
class TestRepeated:
    def test_the_same_again_gets_the_same_answer(self) -> None:
        a_notification()
        first = accept(a_report())
        again = accept(a_report(started_at="2026-11-22T11:00:00+01:00"))
        assert again.answer == first.answer
        assert (first.created, again.created) == (True, False)
        assert (Completion.objects.count(), Message.objects.count(), TargetResult.objects.count()) == (1, 1, 2)

    def test_a_notification_made_since_owes_nothing(self) -> None:
        accept(a_report())
        a_notification()
        assert accept(a_report()).messages == []

    def test_a_resent_mail_is_no_part_of_the_answer(self) -> None:
        a_notification()
        first = accept(a_report())
        (original,) = first.messages
        Message.objects.create(
            kind=original.kind, subject="again", content=b"", completion=first.completion, resend_of=original
        )
        assert accept(a_report()).answer == first.answer

    def test_another_body_is_a_conflict_and_changes_nothing(self) -> None:
        accept(a_report())
        with pytest.raises(Conflict, match="12345 of pdq"):
            accept(a_report(name="Something else"))
        assert Completion.objects.get().name == "7-Zip 24.08 to Lab"

    def test_the_same_id_of_another_source_is_another_completion(self) -> None:
        accept(a_report())
        assert accept(a_report(source="jenkins")).created


@pytest.mark.django_db
class TestMailsThatCannotBeMade:
    """A template of the installation is broken by hand; our own code is left alone."""

    @pytest.fixture
    def broken_template(self, settings: Any, tmp_path: Any) -> None:
        (tmp_path / "emails").mkdir()
        for ending in ("txt", "html"):
            (tmp_path / "emails" / f"notification.{ending}").write_text(
                "{{ summary.completion.name|add:1|divisibleby:0 }}"
            )
        first = {**settings.TEMPLATES[0], "DIRS": [tmp_path, *settings.TEMPLATES[0]["DIRS"]]}
        settings.TEMPLATES = [first]

    @pytest.mark.usefixtures("broken_template")
    def test_go_out_plain_and_say_why(self) -> None:
        a_notification(name="Tell operations", cc=["Ada <ada@peer.test>"])
        (message,) = accept(a_report()).messages
        text = message.parsed.get_body().get_content()  # type: ignore[union-attr]
        assert "7-Zip 24.08 to Lab" in text
        assert "Tell operations" in text
        assert "usual form could not be made (ValueError)" in text
        assert message.state == Message.State.QUEUED
        assert set(message.recipients.values_list("address", flat=True)) == {"ops@peer.test", "ada@peer.test"}

    def test_for_want_of_any_usable_address_show_as_failed(self) -> None:
        a_notification(name="Broken", to=["no address", 7, None])
        a_notification(name="Whole")
        by_name = {
            message.notification.name: message for message in accept(a_report()).messages if message.notification
        }
        assert by_name["Broken"].state == Message.State.FAILED
        assert by_name["Whole"].state == Message.State.QUEUED

    def test_with_one_bad_address_reach_the_others(self) -> None:
        a_notification(to=["no address", "ops@peer.test"])
        (message,) = accept(a_report()).messages
        assert [recipient.address for recipient in message.recipients.all()] == ["ops@peer.test"]


@pytest.mark.django_db(transaction=True)
class TestDatabase:
    def test_one_of_fifty_wins_and_all_get_its_answer(self) -> None:
        a_notification()
        report = a_report()
        answers: list[Accepted] = []
        together(lambda: answers.append(accept(report)))
        assert len(answers) == CONCURRENT
        assert len({str(answer.answer) for answer in answers}) == 1
        assert [answer.created for answer in answers].count(True) == 1
        assert (Completion.objects.count(), Message.objects.count(), Recipient.objects.count()) == (1, 1, 1)

    def test_of_fifty_different_bodies_one_wins(self) -> None:
        a_notification()
        answers: list[Any] = []
        reports = iter([a_report(name=f"name {number}") for number in range(CONCURRENT)])

        def one() -> None:
            try:
                answers.append(accept(next(reports)))
            except Conflict as conflict:
                answers.append(conflict)

        together(one)
        assert len([answer for answer in answers if isinstance(answer, Accepted)]) == 1
        assert len([answer for answer in answers if isinstance(answer, Conflict)]) == CONCURRENT - 1
        assert (Completion.objects.count(), Message.objects.count()) == (1, 1)

    def test_a_failure_half_way_leaves_nothing(self) -> None:
        a_notification()
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE notifications_recipient RENAME TO kept")
        try:
            with pytest.raises(DatabaseError):
                accept(a_report())
        finally:
            with connection.cursor() as cursor:
                cursor.execute("ALTER TABLE kept RENAME TO notifications_recipient")
        assert (Completion.objects.count(), TargetResult.objects.count(), Message.objects.count()) == (0, 0, 0)
        assert Notification.objects.count() == 1


def together(one: Callable[[], None]) -> None:
    """`one` in CONCURRENT threads at once, each with its own connection."""
    gate = threading.Barrier(CONCURRENT)

    def run() -> None:
        try:
            gate.wait()
            one()
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(CONCURRENT)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
