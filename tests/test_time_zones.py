"""In which zone times are shown, and what keeps a zone of its own."""

import re
from datetime import UTC, datetime

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from notifications import time_zones
from notifications.delivery.days import day_of, start_of
from notifications.emails.filters import Moment, formatted
from notifications.models import Completion, Message
from tests.base import a_completion, a_message, a_notification, administrator

LATE = datetime(2026, 11, 24, 22, 30, tzinfo=UTC)
TOKYO = "Asia/Tokyo"
ME = "me@peer.test"


def zone_seen(**cookies: str) -> str:
    request = RequestFactory().get("/")
    request.COOKIES = cookies

    def answer(_: HttpRequest) -> HttpResponse:
        return HttpResponse(timezone.get_current_timezone_name())

    return str(time_zones.as_its_reader_sees(answer)(request).content.decode())


class TestReader:
    def test_has_the_installations_zone_without_any_other(self) -> None:
        assert zone_seen() == "UTC"

    def test_has_the_browsers_zone(self) -> None:
        assert zone_seen(browser_time_zone="Asia/Tokyo") == "Asia/Tokyo"

    def test_has_rather_the_zone_that_was_chosen(self) -> None:
        assert zone_seen(browser_time_zone="Asia/Tokyo", time_zone="America/New_York") == "America/New_York"

    @pytest.mark.parametrize(
        "name", ["", "Mars/Olympus", "../../etc/passwd", "/etc/localtime", "x" * 4000, "\x00", "é"]
    )
    def test_is_not_led_astray_by_what_is_no_zone(self, name: str) -> None:
        assert zone_seen(browser_time_zone=name, time_zone=name) == "UTC"

    def test_leaves_no_zone_behind_for_the_next(self) -> None:
        zone_seen(browser_time_zone="Asia/Tokyo")
        assert timezone.get_current_timezone_name() == "UTC"


@pytest.mark.django_db
class TestPages:
    def test_show_and_read_times_in_the_readers_zone(self, client: Client) -> None:
        client.force_login(administrator())
        client.cookies[time_zones.BROWSER_COOKIE] = TOKYO
        Completion.objects.filter(pk=a_completion(name="At night").pk).update(received_at=LATE)
        text = client.get(reverse("completions")).content.decode()
        assert 'datetime="2026-11-25T07:30:00+09:00" title="2026-11-25 07:30:00 JST"' in text

    @pytest.mark.parametrize(("since", "is_found"), [("2026-11-25T07:29", True), ("2026-11-25T07:31", False)])
    def test_read_what_is_typed_in_the_readers_zone(self, client: Client, since: str, is_found: bool) -> None:
        client.force_login(administrator())
        client.cookies[time_zones.BROWSER_COOKIE] = TOKYO
        Message.objects.filter(pk=a_message().pk).update(created_at=LATE)
        assert ("7-Zip failed" in client.get(reverse("deliveries"), {"since": since}).content.decode()) is is_found


@pytest.mark.django_db
def test_the_dashboard_says_whose_days_it_shows_to_who_reads_elsewhere(client: Client) -> None:
    client.force_login(administrator())
    a_completion()
    assert "by the clock in UTC" not in client.get(reverse("dashboard")).content.decode()
    client.cookies[time_zones.BROWSER_COOKIE] = TOKYO
    assert "given up, by the clock in UTC." in client.get(reverse("dashboard")).content.decode()


@pytest.mark.django_db
def test_a_mail_has_the_installations_zone_whoever_makes_it(client: Client) -> None:
    client.force_login(administrator())
    client.cookies[time_zones.BROWSER_COOKIE] = TOKYO
    notification, completion = a_notification(), a_completion(started_at=LATE, finished_at=LATE)

    client.post(reverse("notification-tests", args=[notification.pk]), {"example": str(completion.uuid), "test_to": ME})

    content = Message.objects.get().content
    assert b"24 Nov 2026, 22:30:00 UTC" in content
    assert re.search(rb"^Date: .* \+0000\r$", content, re.M)


def test_a_time_in_somebodys_own_words_has_the_installations_zone() -> None:
    with timezone.override(TOKYO):
        assert formatted(Moment.of("", LATE), "j M H:i") == "24 Nov 22:30"


def test_a_day_of_the_figures_is_the_installations() -> None:
    with timezone.override(TOKYO):
        assert day_of(LATE) == LATE.date()
        assert start_of(LATE.date()) == LATE.replace(hour=0, minute=0)
