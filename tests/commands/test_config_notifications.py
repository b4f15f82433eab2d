"""Notifications in the configuration file: every field, there and back."""

import tomllib
from datetime import time
from pathlib import Path

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError

from notifications.forms.notification import NotificationForm
from notifications.models import Notification
from tests.base import a_notification, operator
from tests.commands.config_file import export, load
from tests.forms.test_notification_parts import FULL

pytestmark = pytest.mark.django_db


def content() -> list[dict[str, object]]:
    return list(Notification.objects.order_by("name").values(*NotificationForm.Meta.fields))


@pytest.fixture
def everything() -> None:
    operator()
    Group.objects.create(name="Night, weekend")
    form = NotificationForm.of(FULL)
    assert form.is_valid(), form.errors
    form.save()
    a_notification(name="Limited", throttle_count=5, throttle_minutes=10)
    a_notification(name="Often", digest="minutes", digest_minutes=15)


@pytest.mark.usefixtures("everything")
def test_what_is_exported_comes_back_as_it_was(tmp_path: Path) -> None:
    before, text = content(), export()
    Notification.objects.all().delete()

    load(tmp_path, text)

    assert content() == before
    assert export() == text


@pytest.mark.usefixtures("everything")
def test_a_second_import_changes_nothing(tmp_path: Path) -> None:
    assert load(tmp_path, export()).count("is unchanged") == 4


@pytest.mark.usefixtures("everything")
def test_what_is_the_default_is_not_said() -> None:
    (limited,) = (each for each in tomllib.loads(export())["notifications"] if each["name"] == "Limited")
    assert limited == {
        **{"name": "Limited", "kind": "deployment", "enabled": True, "to": ["ops@peer.test"]},
        **{"throttle_count": 5, "throttle_minutes": 10},
    }


@pytest.mark.parametrize(("begin", "end"), [("08:30:00", "17:00:00"), ('"08:30"', '"17:00"')])
def test_times_may_be_toml_s_own_or_text(tmp_path: Path, begin: str, end: str) -> None:
    load(tmp_path, f'[[notifications]]\nname = "A"\nto = ["a@x.test"]\nhours_from = {begin}\nhours_until = {end}\n')
    notification = Notification.objects.get()
    assert (notification.hours_from, notification.hours_until) == (time(8, 30), time(17))


def test_a_key_that_is_taken_out_has_its_default_again(tmp_path: Path) -> None:
    a_notification(name="A", cc=["b@x.test"], package_glob="7-*", days=["mon"], digest="hourly")

    load(tmp_path, '[[notifications]]\nname = "A"\nto = ["a@x.test"]\n')

    found = Notification.objects.get()
    assert (found.cc, found.package_glob, found.days, found.digest) == ([], "", [], "")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("hours_from = 08:30:00", "notifications[0].hours_until: Say until when, too"),
        ("hours_from = 2026-11-22T08:30:00", "notifications[0].hours_from: Give hours and minutes, such as 08:30."),
        (f"still_failing_every = 0x{'f' * 5000}", "notifications[0].still_failing_every: Give a whole number"),
        (f"kind = 0x{'f' * 5000}", "notifications[0].kind: Give a text, not a number of thousands of digits."),
        (
            "min_failed_percent = nan",
            "notifications[0].min_failed_percent: Give a whole number from 1 to 100, not nan.",
        ),
        ('cc = ["user:nobody"]', "notifications[0].cc: There is no user named “nobody” in this panel."),
        ('digest = "daily"', "notifications[0].digest_at: Say at what time."),
        ('digest = "yearly"', "notifications[0].digest: “yearly” is not known here. Known are minutes, hourly, daily"),
        ('text_template = """\nA\n{% load x %}\n"""', "notifications[0].text_template: Line 2: "),
        ("throttle_since = 2026-11-22T08:30:00Z", "notifications[0].throttle_since: is not known here"),
    ],
)
def test_what_does_not_fit_is_told_with_its_key(tmp_path: Path, line: str, sentence: str) -> None:
    with pytest.raises(CommandError) as caught:
        load(tmp_path, f'[[notifications]]\nname = "A"\nto = ["a@x.test"]\n{line}\n')
    assert sentence in str(caught.value)
    assert not Notification.objects.exists()
