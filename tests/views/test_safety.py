"""Reports > Safety."""

import re

import pytest
from django.test import Client

from notifications.models import AuditEvent, Safety
from tests.base import a_message, administrator, operator, use_smtp
from tests.smtp_sink import SmtpSink

pytestmark = pytest.mark.django_db
URL = "/safety/"
PAUSED, REROUTED = "Notification mail is paused", "All mail goes to lab@peer.test"
NO_SERVER = "Mail server not set up"


@pytest.fixture
def browser(client: Client) -> Client:
    client.force_login(administrator())
    return client


def test_everything_is_off_at_first(browser: Client) -> None:
    page = browser.get(URL).content.decode()
    assert "Notification mail is paused" not in page
    assert "All mail goes to" not in page


def test_what_is_saved_is_shown_on_every_page(browser: Client) -> None:
    use_smtp(host="127.0.0.1", port=1)
    for values, words in (({"paused": "on"}, PAUSED), ({"reroute_to": "lab@peer.test"}, REROUTED)):
        browser.post(URL, values)
        for address in (URL, "/mail-server/", "/deliveries/"):
            assert words in browser.get(address).content.decode()


def test_one_banner_at_a_time_is_shown_the_gravest(browser: Client) -> None:
    browser.post(URL, {"paused": "on", "reroute_to": "lab@peer.test"})
    assert banners(browser, "/deliveries/") == ["Mail server not set up"]
    use_smtp(host="127.0.0.1", port=1)
    assert banners(browser, "/deliveries/") == [PAUSED]
    assert banners(browser, URL) == [PAUSED, REROUTED]


def banners(browser: Client, address: str) -> list[str]:
    page = browser.get(address).content.decode()
    return [title for title in re.findall(r"<h2[^>]*>([^<]*)</h2>", page) if title in (PAUSED, REROUTED, NO_SERVER)]


def test_domains_are_taken_however_they_are_separated(browser: Client) -> None:
    browser.post(URL, {"allowed_domains": "Example.COM, @contoso.test;bücher.example\nexample.com"})
    assert Safety.load().allowed_domains == ["example.com", "contoso.test", "xn--bcher-kva.example"]


@pytest.mark.parametrize("domain", ["a b@c", "x@y", "-", "exa mple..com", "<script>", "a" * 300])
def test_what_is_no_domain_is_refused(browser: Client, domain: str) -> None:
    response = browser.post(URL, {"allowed_domains": domain})
    assert response.status_code == 422
    assert Safety.load().allowed_domains == []


def test_every_word_that_is_no_domain_is_named(browser: Client) -> None:
    page = browser.post(URL, {"allowed_domains": "a@b contoso.test -"}).content.decode()
    assert ("“a@b” is no domain" in page, "“-” is no domain" in page, "“contoso.test”" in page) == (True, True, False)


@pytest.mark.parametrize("address", ["nobody", "Name <a@b.test>", "a@b.test, c@d.test"])
def test_only_one_bare_address_can_get_everything(browser: Client, address: str) -> None:
    assert browser.post(URL, {"reroute_to": address}).status_code == 422


def test_a_change_is_on_record_with_the_fields_that_changed(browser: Client) -> None:
    browser.post(URL, {"paused": "on"})
    browser.post(URL, {"paused": "on"})
    event = AuditEvent.objects.get(action="safety_changed")
    assert (event.actor_name, event.fields) == ("ada", ["paused: on"])


def test_mail_that_waited_goes_once_the_pause_is_over(browser: Client) -> None:
    from notifications.delivery.sender import send_due

    with SmtpSink() as sink:
        use_smtp(sink)
        browser.post(URL, {"paused": "on"})
        a_message()
        send_due()
        assert sink.mails == []
        browser.post(URL, {})
        send_due()
        assert len(sink.mails) == 1


def test_who_paused_it_is_told_whatever_is_changed_later(browser: Client) -> None:
    browser.post(URL, {"paused": "on"})
    use_smtp(host="127.0.0.1", port=1)
    Safety.load().change({"allowed_domains": ["x.test"]}, by=operator())
    assert "ada paused it <time" in browser.get("/deliveries/").content.decode()
    browser.post(URL, {})
    assert (Safety.load().paused_by, Safety.load().paused_at) == (None, None)


def test_a_pause_from_before_that_was_kept_says_no_name(browser: Client) -> None:
    Safety.objects.create(paused=True)
    assert " paused it" not in browser.get("/deliveries/").content.decode()


def test_its_own_page_does_not_lead_to_itself(browser: Client) -> None:
    browser.post(URL, {"paused": "on", "reroute_to": "lab@peer.test"})
    assert "Open Safety" not in browser.get(URL).content.decode()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "nothing is held back"),
        (
            {"paused": True, "allowed_domains": ["a.test"]},
            "notification mail is paused; only recipients at a.test get mail",
        ),
        ({"allowed_domains": ["a.test", "b.test"]}, "only recipients at a.test or b.test get mail"),
        ({"allowed_domains": list("abcde")}, "only recipients at a, b, c or 2 others get mail"),
        ({"reroute_to": "lab@x.test"}, "all mail goes to lab@x.test"),
    ],
)
def test_says_in_words_what_it_holds_back(values: dict[str, object], words: str) -> None:
    assert str(Safety(**values)) == words
