"""A report under the source and id of another one is refused, and stays on record."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from notifications.delivery.prune import prune
from notifications.intake.accept import Conflict, accept
from notifications.models import ApiToken, Completion, Message, ReportConflict
from notifications.models.report_conflict import MOST_KEPT
from tests.base import a_notification, administrator, outcomes
from tests.reports import PC1, PC2, a_report

pytestmark = pytest.mark.django_db


def refused(by: Any = None, **fields: Any) -> ReportConflict:
    with pytest.raises(Conflict):
        accept(a_report(**fields), by=by)
    return ReportConflict.objects.latest("last_at")


def differences(**fields: Any) -> dict[str, tuple[str, str]]:
    return {each["field"]: (each["stored"], each["sent"]) for each in refused(**fields).differences}


@pytest.fixture
def stored() -> Completion:
    return accept(a_report(), by=ApiToken.issue("jenkins")[0]).completion


class TestRecord:
    def test_says_what_was_on_record_who_reported_and_when(self, stored: Completion) -> None:
        token = ApiToken.issue("pdq on PC-001")[0]
        conflict = refused(by=token, name="Other")
        assert (conflict.completion, conflict.count) == (stored, 1)
        assert conflict.reported_by == f"API token {token}"
        assert conflict.first_at == conflict.last_at

    def test_counts_the_same_report_instead_of_keeping_it_twice(self, stored: Completion) -> None:
        first = refused(name="Other")
        again = refused(name="Other")
        assert (again.pk, again.count) == (first.pk, 2)
        assert again.last_at > again.first_at

    def test_counts_the_same_report_that_came_at_the_same_moment(
        self, stored: Completion, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first, again, looks = refused(name="Other"), ReportConflict.again, iter([False])

        def sees_nothing_yet(completion: Completion, digest: str) -> bool:
            return next(looks, True) and again(completion, digest)

        monkeypatch.setattr(ReportConflict, "again", sees_nothing_yet)
        second = refused(name="Other")
        assert (second.pk, second.count) == (first.pk, 2)

    def test_keeps_each_content_up_to_a_number(self, stored: Completion) -> None:
        for number in range(MOST_KEPT + 5):
            refused(name=f"Other {number}")
        assert stored.conflicts.count() == MOST_KEPT
        assert stored.conflicts.latest("pk").count == 6

    def test_changes_nothing_of_the_completion_and_owes_no_mail(self, stored: Completion) -> None:
        a_notification()
        refused(name="Other")
        assert not Message.objects.exists()
        stored.refresh_from_db()
        assert stored.name == "7-Zip 24.08 to Lab"

    def test_goes_with_its_completion(self, stored: Completion) -> None:
        refused(name="Other")
        Completion.objects.update(received_at=timezone.now() - timedelta(days=1000))
        prune()
        assert not ReportConflict.objects.exists()

    @pytest.mark.usefixtures("stored")
    def test_is_not_made_by_the_same_report(self) -> None:
        accept(a_report())
        assert not ReportConflict.objects.exists()


@pytest.mark.usefixtures("stored")
class TestDifferences:
    def test_are_named_with_both_sides(self) -> None:
        assert differences(name="Other", outcome="success", package=None) == {
            "name": ("7-Zip 24.08 to Lab", "Other"),
            "outcome": ("failed", "success"),
            "package": ("7-Zip", ""),
        }

    def test_of_times_are_told_in_utc(self) -> None:
        assert differences(finished_at="2026-11-22T11:05:00+01:00") == {
            "finished_at": ("2026-11-22T10:04:00Z", "2026-11-22T10:05:00Z")
        }

    def test_of_targets_are_told_one_by_one(self) -> None:
        changed = PC2 | {"outcome": "success", "detail": "exit code 0"}
        assert differences(targets=[PC1, changed, PC1]) == {
            "targets": ("2", "3"),
            "targets[1]": ("PC-002, failed, 3 s, exit code 1603", "PC-002, success, 3 s, exit code 0"),
            "targets[2]": ("", "PC-001, success, 12.5 s"),
        }

    def test_are_few_and_short_however_much_differs(self) -> None:
        found = differences(targets=[PC1 | {"detail": "x" * 10_000}] * 20_000)
        assert len(found) == 20
        assert max(len(sent) for _, sent in found.values()) == 200


class TestAlert:
    @pytest.fixture
    def token(self, stored: Completion) -> ApiToken:
        return ApiToken.issue("pdq", conflict_recipients=["Ops <ops@peer.test>", "user:ada"])[0]

    def test_goes_to_whom_the_token_names(self, token: ApiToken) -> None:
        administrator()
        conflict = refused(by=token, name="Other", outcome="success")
        assert conflict.message
        assert (conflict.message.kind, conflict.message.completion) == (Message.Kind.ALERT, conflict.completion)
        assert outcomes(conflict.message) == {"ops@peer.test": "pending", "ada@contoso.test": "pending"}
        text = conflict.message.parsed.get_body().get_content()  # type: ignore[union-attr]
        assert conflict.message.subject == "Report refused: Other"
        for line in ("Source: pdq", "ID: 12345", "- outcome: success (on record: failed)", "API token pdq"):
            assert line in text
        assert "http://127.0.0.1:8000/completions/conflicts/" in text

    def test_goes_at_most_once_an_hour(self, token: ApiToken) -> None:
        refused(by=token, name="Other")
        refused(by=token, name="Other")
        refused(by=token, name="Another")
        assert Message.objects.count() == 1
        ReportConflict.objects.update(first_at=timezone.now() - timedelta(hours=2))
        refused(by=token, name="A third one")
        assert Message.objects.count() == 2

    def test_is_none_without_recipients(self, stored: Completion) -> None:
        refused(by=ApiToken.issue("pdq")[0], name="Other")
        assert not Message.objects.exists()

    def test_is_no_part_of_the_answer_to_the_report_on_record(self, token: ApiToken) -> None:
        refused(by=token, name="Other")
        assert accept(a_report()).answer["messages"] == []
