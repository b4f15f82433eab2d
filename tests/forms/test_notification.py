"""The checks that the page, the configuration file and the API share."""

from typing import Any

import pytest
from django.http import QueryDict

from notifications.forms.notification import NotificationForm, free_copy_name
from notifications.models import Notification

pytestmark = pytest.mark.django_db


def form_of(**values: Any) -> NotificationForm:
    return NotificationForm.of({"name": "Failures", "to": ["ops@example.com"], **values})


def saved(**values: Any) -> Notification:
    form = form_of(**values)
    assert form.is_valid(), form.errors
    return form.save()


class TestPlainData:
    def test_needs_a_name_and_a_recipient_only(self) -> None:
        notification = Notification.objects.get(pk=saved().pk)

        assert (notification.name, notification.kind, notification.enabled) == ("Failures", "deployment", True)
        assert (notification.to, notification.cc, notification.outcomes) == (["ops@example.com"], [], [])

    def test_can_be_switched_off(self) -> None:
        assert not saved(enabled=False).enabled

    @pytest.mark.parametrize("value", ["no", "off", 0, 1, [], "1"])
    def test_takes_nothing_but_true_or_false_for_the_switch(self, value: object) -> None:
        assert "enabled" in form_of(enabled=value).errors

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("name", ""),
            ("name", "x" * 201),
            ("name", 5),
            ("name", ["a"]),
            ("name", "two\nlines"),
            ("name", "nul\0"),
            ("name", "lone \ud800 surrogate"),
            ("kind", "weekly"),
            ("kind", 1),
            ("outcomes", ["exploded"]),
            ("outcomes", "failed"),
            ("outcomes", {"failed": 1}),
            ("outcomes", 3),
            ("package_glob", "x" * 301),
            ("package_glob", "a*" * 21),
            ("schedule_glob", "a\rb"),
            ("source_glob", {}),
            ("to", "no address"),
            ("to", [1]),
            ("to", {"a@example.com": 1}),
            ("to", 7),
            ("cc", ["ops@example.com\r\nX-Evil: 1"]),
            ("cc", ["ops@example.com\nBcc: a@example.com"]),
            ("bcc", "a@example.com, b@"),
            ("bcc", "x" * 100_001),
            ("reply_to", "robot@exämple.com\x01auth=Bearer x"),
            ("reply_to", [f"r{n}@example.com" for n in range(21)]),
        ],
    )
    def test_names_the_field_that_is_wrong(self, field: str, value: object) -> None:
        assert list(form_of(**{field: value}).errors) == [field]

    def test_refuses_a_name_that_is_taken(self) -> None:
        saved()

        assert form_of().errors["name"] == ["A notification with this name already exists. Choose another one."]

    def test_gives_what_is_left_out_its_default_also_where_a_value_was_saved(self) -> None:
        notification = saved(cc=["a@example.com"], days=["mon"], still_failing_every=5, outside_hours="drop")

        form = NotificationForm.of({"name": "Failures", "to": ["b@example.com"]}, instance=notification)

        assert form.is_valid()
        found = form.save()
        assert (found.cc, found.days, found.still_failing_every, found.outside_hours) == ([], [], 1, "wait")

    def test_changes_a_row_that_exists(self) -> None:
        notification = saved()

        form = NotificationForm.of({"name": "Failures", "to": ["b@example.com"]}, instance=notification)

        assert form.is_valid()
        assert form.save().pk == notification.pk
        assert Notification.objects.get().to == ["b@example.com"]


class TestAddresses:
    def test_may_be_one_text_with_commas_and_line_breaks(self) -> None:
        text = 'a@example.com, "Doe, Jane" <jane@EXAMPLE.com>\r\nb@example.com;c@example.com'

        assert saved(to=text).to == [
            "a@example.com",
            '"Doe, Jane" <jane@example.com>',
            "b@example.com",
            "c@example.com",
        ]

    def test_give_international_domains_as_a_labels(self) -> None:
        assert saved(to=["ops@bücher.example"]).to == ["ops@xn--bcher-kva.example"]

    def test_may_stand_in_cc_or_bcc_alone(self) -> None:
        assert saved(to=[], bcc=["a@example.com"]).bcc == ["a@example.com"]

    def test_are_needed_somewhere(self) -> None:
        assert "at least one recipient" in str(form_of(to=[], reply_to=["a@example.com"]).errors["to"])

    def test_are_kept_in_one_field_and_the_others_are_told(self) -> None:
        form = form_of(
            to=["a@example.com"], cc="A <a@EXAMPLE.com>, b@example.com", bcc=["b@example.com", "c@example.com"]
        )

        assert form.is_valid()
        notification = form.save()
        assert (notification.to, notification.cc, notification.bcc) == (
            ["a@example.com"],
            ["b@example.com"],
            ["c@example.com"],
        )
        assert form.dropped == ["a@example.com", "b@example.com"]

    def test_may_be_a_thousand_over_all_fields(self) -> None:
        to, cc = [f"t{n}@example.com" for n in range(600)], [f"c{n}@example.com" for n in range(400)]
        assert form_of(to=to, cc=cc).is_valid()

        assert "1,001" in str(form_of(to=to, cc=cc, bcc=["one@example.com"]).errors["to"])

    def test_that_are_duplicates_do_not_count(self) -> None:
        to = [f"t{n}@example.com" for n in range(1000)]

        assert form_of(to=to, cc=to).is_valid()

    def test_of_reply_to_may_be_recipients_as_well(self) -> None:
        assert saved(reply_to=["ops@example.com"]).reply_to == ["ops@example.com"]


class TestGlobs:
    def test_keep_everything_but_stars_and_question_marks_literal(self) -> None:
        assert saved(package_glob="7-Zip [x64] (.+)?*").package_glob == "7-Zip [x64] (.+)?*"

    def test_lose_stars_that_say_nothing(self) -> None:
        assert saved(package_glob="a***b" + "*" * 50).package_glob == "a*b*"


class TestPage:
    def test_without_the_tick_is_off(self) -> None:
        form = NotificationForm(QueryDict("name=A&kind=schedule&to=a@example.com"))

        assert form.is_valid(), form.errors
        assert not form.save().enabled

    def test_sends_the_outcomes_that_are_ticked(self) -> None:
        form = NotificationForm(
            QueryDict("name=A&kind=schedule&to=a@example.com&outcomes=failed&outcomes=partial&enabled=on")
        )

        assert form.is_valid(), form.errors
        assert (form.save().outcomes, form.instance.enabled) == (["failed", "partial"], True)

    def test_shows_one_address_a_line(self) -> None:
        html = NotificationForm(instance=saved(to="a@example.com, B <b@example.com>"))["to"].as_widget()

        assert "a@example.com\nB &lt;b@example.com&gt;" in html


class TestFreeCopyName:
    def test_counts_on(self) -> None:
        for name in ("A", "A (copy)", "A (copy 2)"):
            saved(name=name)

        assert free_copy_name("A") == "A (copy 3)"

    def test_fits_the_column(self) -> None:
        name = "x" * 200
        saved(name=name)
        saved(name=free_copy_name(name))

        assert len(free_copy_name(name)) == 200
        assert not Notification.objects.filter(name=free_copy_name(name)).exists()
