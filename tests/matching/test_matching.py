from typing import Any

import pytest

from notifications.matching import first_objection, matching_notifications
from notifications.models import Completion, Notification

pytestmark = pytest.mark.django_db


def completion(**values: Any) -> Completion:
    return Completion(
        **{"kind": "deployment", "source": "pdq", "package": "7-Zip", "schedule": "", "outcome": "failed", **values}
    )


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
