from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from notifications.matching import first_objection, matching_notifications
from notifications.models import Completion, Notification
from tests.base import a_completion

pytestmark = pytest.mark.django_db
SUNDAY = datetime(2026, 11, 22, 12, tzinfo=UTC)


def completion(**values: Any) -> Completion:
    """A failure of twelve minutes on a Sunday, after four others."""
    usual = {
        **{"kind": "deployment", "source": "pdq", "package": "7-Zip", "version": "24.08", "name": "7-Zip to Lab"},
        **{"outcome": "failed", "failures_before": 4, "received_at": SUNDAY, "finished_at": SUNDAY},
        "started_at": SUNDAY - timedelta(minutes=12, seconds=30),
    }
    return Completion(**usual | values)


def notification(name: str = "rule", **values: Any) -> Notification:
    return Notification.objects.create(name=name, to=["ops@x.test"], **values)


def test_a_notification_without_conditions_hears_of_every_deployment() -> None:
    rule = notification()
    assert matching_notifications(completion()) == [rule]


def test_only_the_matching_ones_come_back_in_the_order_of_their_names() -> None:
    second, first = notification("b"), notification("a", package_glob="7-*")
    notification("c", package_glob="Firefox*")
    assert matching_notifications(completion()) == [first, second]


@pytest.mark.parametrize(
    ("conditions", "because"),
    [
        ({"enabled": False}, "switched off"),
        ({"kind": "schedule"}, "end of a schedule"),
        ({"outcomes": ["success", "partial"]}, "Success, Partly failed; this one is Failed"),
        ({"package_glob": "Firefox*"}, "package filter Firefox* does not match 7-Zip"),
        ({"schedule_glob": "Nightly*"}, "wants a schedule like Nightly*; none is named"),
        ({"source_glob": "jenkins"}, "source filter jenkins does not match pdq"),
        ({"version_glob": "25.*"}, "version filter 25.* does not match 24.08"),
        ({"name_glob": "lab"}, "name filter lab does not match 7-Zip to Lab"),
        ({"user_glob": "ada"}, "It wants a user like ada; none is named."),
        ({"history": ["recovered"]}, "It is for “recovered”; this is the 4th after the first."),
        (
            {"history": ["first_failure", "recovered"]},
            "It is for “first failure” or “recovered”; this is the 4th after the first.",
        ),
        (
            {"history": ["still_failing"], "still_failing_every": 3},
            "It tells of every 3rd failure after the first; this is the 4th after the first.",
        ),
        ({"history": ["gone"]}, "It is for nothing that is known here; this is"),
        ({"longer_than_minutes": 20}, "longer than 20 minutes; this took 12 minutes."),
        ({"min_failed_percent": 30}, "at least 30 % of the targets to fail; no targets were reported."),
        ({"min_failed_targets": 1}, "at least 1 target to fail; no targets were reported."),
        (
            {"min_failed_percent": 30, "min_failed_targets": 5},
            "at least 30 % of the targets or 5 targets to fail; no targets were reported.",
        ),
        ({"target_glob": "pc*"}, "It wants a target like pc*; no targets were reported."),
        (
            {"days": ["mon", "tue", "wed"], "outside_hours": "drop", "time_zone": "Asia/Tokyo"},
            "outside the hours of this notification (Monday to Wednesday, Asia/Tokyo), and then it sends no mail.",
        ),
    ],
)
def test_each_condition_can_say_no_and_why(conditions: dict[str, Any], because: str) -> None:
    rule = notification(**conditions)
    assert matching_notifications(completion()) == []
    assert because in first_objection(rule, completion())


@pytest.mark.parametrize(
    "conditions",
    [
        {"outcomes": ["failed"]},
        {"package_glob": "7-?ip"},
        {"source_glob": "PDQ"},
        {"schedule_glob": "*"},
    ],
)
def test_each_condition_can_say_yes(conditions: dict[str, Any]) -> None:
    rule = notification(**conditions)
    assert matching_notifications(completion()) == [rule]
    assert first_objection(rule, completion()) == ""


def test_the_first_condition_that_says_no_is_the_one_that_is_told() -> None:
    rule = notification(enabled=False, kind="schedule", package_glob="x")
    assert first_objection(rule, completion()) == "The notification is switched off."


def test_an_outcome_that_no_longer_exists_matches_nothing_and_says_so() -> None:
    assert "no known outcome" in first_objection(notification(outcomes=["exploded"]), completion())


@pytest.mark.parametrize(
    ("outcome", "before", "told"),
    [
        ("failed", 0, "this is the first failure"),
        ("partial", 2, "this is the 2nd after the first"),
        ("success", 0, "no failure came right before this success"),
        ("success", 2, "this is the first success after a failure"),
        ("cancelled", 2, "this one was cancelled, which neither fails nor recovers"),
    ],
)
def test_what_a_completion_means_in_its_series_is_said(outcome: str, before: int, told: str) -> None:
    rule = notification(history=["nothing"])
    assert told in first_objection(rule, completion(outcome=outcome, failures_before=before))


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"started_at": None}, "how long this took is not known."),
        ({"started_at": SUNDAY - timedelta(seconds=59)}, "this took less than one."),
        ({"started_at": SUNDAY + timedelta(hours=1)}, "this took less than one."),
        ({"started_at": SUNDAY - timedelta(seconds=60)}, "this took 1 minute."),
    ],
)
def test_how_long_it_took_is_said(values: dict[str, Any], told: str) -> None:
    assert told in first_objection(notification(longer_than_minutes=20), completion(**values))


def test_the_targets_are_read_once_for_all_and_only_if_one_asks(django_assert_num_queries: Any) -> None:
    reported = a_completion({"PC-1": "failed", "PC-2": "success"})
    for number in range(20):
        notification(f"rule {number:02}", package_glob="Firefox*", target_glob="pc-*")
    with django_assert_num_queries(1):
        assert matching_notifications(reported) == []
    Notification.objects.update(package_glob="", min_failed_percent=50)
    with django_assert_num_queries(4):
        assert len(matching_notifications(reported)) == 20


@pytest.mark.parametrize(
    ("outcome", "before", "heard"),
    [
        ("failed", 0, ["first_failure"]),
        ("partial", 0, ["first_failure"]),
        ("failed", 3, ["still_failing"]),
        ("success", 2, ["recovered"]),
        ("success", 0, []),
        ("cancelled", 0, []),
        ("cancelled", 2, []),
    ],
)
def test_history_says_what_a_completion_means_after_those_before(outcome: str, before: int, heard: list[str]) -> None:
    for history in ("first_failure", "still_failing", "recovered"):
        rule = notification(history, history=[history])
        found = first_objection(rule, completion(outcome=outcome, failures_before=before))
        assert (found == "") == (history in heard), found


@pytest.mark.parametrize(("before", "heard"), [(1, False), (2, False), (3, True), (4, False), (6, True)])
def test_every_third_failure_after_the_first_is_heard_of(before: int, heard: bool) -> None:
    rule = notification(history=["first_failure", "still_failing"], still_failing_every=3)
    assert (first_objection(rule, completion(failures_before=before)) == "") == heard


def test_every_failure_is_heard_of_where_no_number_is_set() -> None:
    rule = notification(history=["first_failure", "still_failing"])
    assert [first_objection(rule, completion(failures_before=before)) for before in range(4)] == [""] * 4


def test_a_mail_that_only_waits_for_its_hours_has_nothing_against_it() -> None:
    closed = {"days": ["mon", "tue"], "time_zone": "UTC"}
    assert first_objection(notification("waits", outside_hours="wait", **closed), completion()) == ""
    assert first_objection(notification("drops", outside_hours="drop", **closed), completion()) != ""
    assert (
        first_objection(notification("open", outside_hours="drop", days=["sun"], time_zone="UTC"), completion()) == ""
    )


@pytest.mark.parametrize(("failed", "enough"), [(199, False), (200, True)])
def test_a_share_of_failed_targets_is_reached_exactly(failed: int, enough: bool) -> None:
    rule = notification(min_failed_percent=50)
    outcomes = {f"pc-{number}": "failed" if number < failed else "success" for number in range(400)}
    assert (first_objection(rule, a_completion(outcomes)) == "") == enough
