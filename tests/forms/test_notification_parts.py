"""When, who, how and how often: each check of a notification in the words that a person reads."""

from datetime import time
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.http import QueryDict

from notifications.forms.notification import NotificationForm, defaults
from notifications.models import Notification, Safety
from tests.base import operator, person

pytestmark = pytest.mark.django_db

FULL: dict[str, Any] = {
    "name": "Everything",
    "kind": "schedule",
    "enabled": False,
    "outcomes": ["failed", "partial"],
    "history": ["still_failing", "first_failure"],
    "still_failing_every": 3,
    "min_failed_percent": 30,
    "min_failed_targets": 5,
    "longer_than_minutes": 20,
    "name_glob": "*lab",
    "package_glob": "7-*",
    "version_glob": "24.??",
    "schedule_glob": "nightly*",
    "source_glob": "pdq",
    "user_glob": r"corp\*",
    "target_glob": "pc-*",
    "days": ["mon", "fri"],
    "hours_from": time(22),
    "hours_until": time(6, 30),
    "time_zone": "Europe/Berlin",
    "outside_hours": "drop",
    "to": ["Ops <ops@example.com>"],
    "cc": ["user:olga"],
    "bcc": ['group:"Night, weekend"'],
    "reply_to": ["help@example.com"],
    "subject_template": "{{ name }}",
    "text_template": "{{ name }}:\n{{ outcome }}\n",
    "html_template": "<p>{{ name }}</p>",
    "attach_csv": True,
    "attach_html": True,
    "digest": "weekly",
    "digest_minutes": None,
    "digest_at": time(7, 15),
    "digest_day": "mon",
    "throttle_count": None,
    "throttle_minutes": None,
}


@pytest.fixture
def accounts() -> None:
    operator()
    Group.objects.create(name="Night, weekend")


def errors_of(**values: Any) -> dict[str, list[str]]:
    return dict(NotificationForm.of({"name": "Failures", "to": ["ops@example.com"], **values}).errors)


def saved(**values: Any) -> Notification:
    form = NotificationForm.of({"name": "Failures", "to": ["ops@example.com"], **values})
    assert form.is_valid(), form.errors
    return Notification.objects.get(pk=form.save().pk)


@pytest.mark.usefixtures("accounts")
class TestEveryField:
    def test_is_kept_as_it_was_given(self) -> None:
        notification = saved(**FULL)

        assert {name: getattr(notification, name) for name in FULL} == FULL

    def test_is_one_that_people_edit(self) -> None:
        learned = {"id", "throttle_since", "throttle_sent", "template_error", "version", "created_at", "changed_at"}

        assert set(NotificationForm.Meta.fields) == {field.name for field in Notification._meta.fields} - learned
        assert set(FULL) == set(NotificationForm.Meta.fields)

    def test_comes_back_from_its_own_page(self) -> None:
        """What a browser would post is what the page shows."""
        notification = saved(**FULL)
        posted = QueryDict(mutable=True)
        for bound in NotificationForm(instance=notification):
            shown = bound.field.widget.format_value(bound.value())
            if bound.value() is not False:
                posted.setlist(bound.html_name, shown if isinstance(shown, list) else [shown or ""])
        posted["attach_csv"] = posted["attach_html"] = "on"

        form = NotificationForm(posted, instance=notification)

        assert form.is_valid(), form.errors
        assert {name: getattr(form.save(), name) for name in FULL} == FULL


@pytest.mark.parametrize("name", list(NotificationForm.Meta.fields))
@pytest.mark.parametrize(
    "value",
    ["x" * 100_001, "\0", "\ud800", 10**5000, -1, 1.5, True, None, [], [[]], {}, {"a": 1}, "  ", "<script>", "٣", b"a"],
    ids=lambda value: repr(value)[:12] if not isinstance(value, int) or value < 10**9 else "huge",
)
def test_no_value_is_too_odd_for_a_sentence(name: str, value: object) -> None:
    form = NotificationForm.of({"name": "Failures", "to": ["ops@example.com"], name: value})
    if form.is_valid():
        form.save()
    for sentences in form.errors.values():
        for sentence in sentences:
            assert len(sentence) < 500
            assert sentence.endswith((".", "?")), sentence
            assert not sentence.startswith(("Ensure", "Enter", "Select", "This field", "Null")), sentence


class TestHours:
    @pytest.mark.parametrize("given", ["08:30", "08:30:00", time(8, 30)])
    def test_may_be_text_or_a_time(self, given: object) -> None:
        assert saved(hours_from=given, hours_until="17:00").hours_from == time(8, 30)

    @pytest.mark.parametrize("given", ["8.30", "25:00", "08:30:10", time(8, 30, 10), 8, "noon", ["08:00"]])
    def test_are_hours_and_minutes(self, given: object) -> None:
        assert errors_of(hours_from=given, hours_until="17:00") == {
            "hours_from": ["Give hours and minutes, such as 08:30."]
        }

    @pytest.mark.parametrize(("given", "missing"), [("hours_from", "hours_until"), ("hours_until", "hours_from")])
    def test_come_in_pairs(self, given: str, missing: str) -> None:
        assert list(errors_of(**{given: "08:00"})) == [missing]

    def test_that_end_when_they_begin_are_refused(self) -> None:
        assert (
            "Leave both empty for the whole day" in errors_of(hours_from="08:00", hours_until="08:00")["hours_until"][0]
        )

    def test_take_a_time_zone_in_any_case(self) -> None:
        assert saved(time_zone="europe/BERLIN").time_zone == "Europe/Berlin"

    @pytest.mark.parametrize("zone", ["Mars/Base", "CEST+1", "../UTC", "Europe/", "UTC\0"])
    def test_refuse_a_zone_that_is_none(self, zone: str) -> None:
        assert list(errors_of(time_zone=zone)) == ["time_zone"]

    def test_offer_the_zones_that_there_are(self) -> None:
        assert '<option value="Asia/Tokyo">' in str(NotificationForm()["time_zone"])


class TestHistory:
    @pytest.mark.parametrize(
        ("outcomes", "history"), [(["success"], ["first_failure", "still_failing"]), (["failed"], ["recovered"])]
    )
    def test_that_none_of_the_outcomes_can_have_is_refused(self, outcomes: list[str], history: list[str]) -> None:
        assert "no mail would ever be made" in errors_of(outcomes=outcomes, history=history)["history"][0]

    def test_that_one_of_the_outcomes_can_have_is_fine(self) -> None:
        assert saved(outcomes=["success"], history=["recovered", "first_failure"])

    @pytest.mark.parametrize("number", [0, -1, 10_001, "many", 1.5, True])
    def test_counts_in_whole_numbers_from_one(self, number: object) -> None:
        (sentence,) = errors_of(still_failing_every=number)["still_failing_every"]
        assert sentence.startswith("Give a whole number from 1 to 10,000")


@pytest.mark.parametrize("percent", [0, 101, "30 %"])
def test_a_share_is_one_to_a_hundred(percent: object) -> None:
    assert errors_of(min_failed_percent=percent) == {"min_failed_percent": ["Give a whole number from 1 to 100."]}


class TestDigest:
    @pytest.mark.parametrize(
        ("digest", "needed"),
        [("minutes", {"digest_minutes"}), ("daily", {"digest_at"}), ("weekly", {"digest_at", "digest_day"})],
    )
    def test_needs_what_makes_it_one(self, digest: str, needed: set[str]) -> None:
        assert set(errors_of(digest=digest)) == needed

    def test_of_every_hour_needs_nothing(self) -> None:
        assert saved(digest="hourly").digest == "hourly"

    def test_is_told_once_what_is_wrong_with_its_time(self) -> None:
        assert errors_of(digest="daily", digest_at="noon") == {"digest_at": ["Give hours and minutes, such as 08:30."]}

    def test_keeps_what_it_has_no_use_for_as_a_page_does(self) -> None:
        assert saved(digest="hourly", digest_minutes=15).digest_minutes == 15

    @pytest.mark.parametrize("throttle", [{"throttle_count": 5, "throttle_minutes": 10}, {"throttle_minutes": 10}])
    def test_and_a_throttle_exclude_each_other(self, throttle: dict[str, int]) -> None:
        sentences = [each for found in errors_of(digest="hourly", **throttle).values() for each in found]
        assert any("Leave this empty, or choose no digest" in sentence for sentence in sentences)


@pytest.mark.parametrize(
    ("given", "missing"), [("throttle_count", "throttle_minutes"), ("throttle_minutes", "throttle_count")]
)
def test_a_throttle_needs_both_numbers(given: str, missing: str) -> None:
    assert list(errors_of(**{given: 5})) == [missing]
    assert saved(throttle_count=5, throttle_minutes=10)


class TestWho:
    def test_tells_every_wrong_line(self) -> None:
        sentences = errors_of(to="nobody\nops@example.com\nb@@example.com, c@\nd@example.com")["to"]
        assert [sentence.split("”")[0] for sentence in sentences] == ["“nobody", "“b@@example.com", "“c@"]

    def test_tells_of_unknown_accounts_and_refused_domains_beside_wrong_lines(self) -> None:
        Safety.load().change({"allowed_domains": ["contoso.test"]}, by=None)
        assert [sentence.split()[:3] for sentence in errors_of(to="bob@\nuser:nobody\na@example.com")["to"]] == [
            ["“bob@”", "cannot", "be"],
            ["There", "is", "no"],
            ["Mail", "must", "not"],
        ]

    def test_speaks_of_commas_where_one_may_have_cut_a_name(self) -> None:
        (sentence,) = errors_of(to="Doe, Jane <jane@example.com>")["to"]
        assert sentence.startswith("“Doe” cannot be used: it has no @. If it is part of the name after it, put quotes")
        assert errors_of(to="nobody, jane@example.com")["to"] == ["“nobody” cannot be used: it has no @."]

    def test_stops_telling_after_ten(self) -> None:
        sentences = errors_of(to=[f"wrong {number}" for number in range(500)])["to"]
        assert len(sentences) == 11
        assert sentences[-1] == "The entries after these were not looked at yet."

    def test_refuses_more_entries_than_anybody_reads(self) -> None:
        assert "These are 50,000 entries" in errors_of(to="a," * 50_000)["to"][0]

    @pytest.mark.usefixtures("accounts")
    @pytest.mark.parametrize(
        ("typed", "kept"),
        [
            ("user:olga", "user:olga"),
            ("User : olga", "user:olga"),
            ('GROUP:"Night, weekend"', 'group:"Night, weekend"'),
            ('group: "Night, weekend"', 'group:"Night, weekend"'),
        ],
    )
    def test_may_be_accounts_of_the_panel(self, typed: str, kept: str) -> None:
        assert saved(to=f"a@example.com, {typed}").to == ["a@example.com", kept]

    @pytest.mark.usefixtures("accounts")
    def test_are_kept_once(self) -> None:
        notification = saved(to="user:olga, user:olga", cc=["user:olga", "b@example.com"])
        assert (notification.to, notification.cc) == (["user:olga"], ["b@example.com"])

    def test_must_exist(self) -> None:
        assert errors_of(to=["user:olga", "group:Ops", "a@example.com"]) == {
            "to": ["There is no user named “olga” in this panel.", "There is no group named “Ops” in this panel."]
        }

    def test_must_leave_somebody_who_can_be_reached(self) -> None:
        person("otto", email="")
        assert errors_of(to="user:otto") == {"to": ["Nobody would get this. The user “otto” has no address."]}

        form = NotificationForm.of({"name": "Failures", "to": ["user:otto", "ops@example.com"]})
        assert form.is_valid()
        assert form.left_out == ["The user “otto” has no address."]

    @pytest.mark.parametrize("entry", ["user:", "group: ", 'group:""', "user:" + "x" * 151, "user:a\x1bb"])
    def test_must_be_a_name(self, entry: str) -> None:
        assert "cannot be used" in errors_of(to=[entry])["to"][0]

    def test_must_be_in_an_allowed_domain(self) -> None:
        safety = Safety.load()
        safety.allowed_domains = ["contoso.test"]
        safety.save()

        errors = errors_of(
            to=["a@contoso.test", "b@example.com", "c@example.com"], cc=["d@other.test"], reply_to=["e@x.test"]
        )

        assert errors == {
            "to": ["Mail must not go to example.com: it is not among the allowed domains (contoso.test)."],
            "cc": ["Mail must not go to other.test: it is not among the allowed domains (contoso.test)."],
        }


class TestTemplates:
    @pytest.mark.parametrize("field", ["text_template", "html_template"])
    def test_are_checked_with_the_line(self, field: str) -> None:
        (sentence,) = errors_of(**{field: "Hello\n{{ name }}\n{% load static %}"})[field]
        assert sentence.startswith("Line 3: ")

    def test_of_a_subject_need_no_line(self) -> None:
        (sentence,) = errors_of(subject_template="{{ nothing_known }}")["subject_template"]
        assert "Line" not in sentence

    @pytest.mark.parametrize("beginning", ["{{", "{%", "{#"])
    def test_that_begin_something_without_an_end_are_refused_at_once(self, beginning: str) -> None:
        """Django would look for the end of each of them anew: 40 s."""
        (sentence,) = errors_of(html_template="<p>\n" + beginning * 49_000)["html_template"]
        assert sentence == f"Line 2: A “{beginning}” is not closed on its line."

    def test_have_the_line_ends_of_a_file(self) -> None:
        assert saved(text_template="a\r\n  b\r\n").text_template == "a\n  b\n"

    def test_of_blanks_are_none(self) -> None:
        assert saved(html_template=" \r\n ").html_template == ""


def test_the_defaults_are_the_models() -> None:
    fresh = Notification()
    assert defaults() == {name: getattr(fresh, name) for name in NotificationForm.Meta.fields}
