"""What each role sees: nobody is offered a button that would be refused."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import Resolver404, resolve, reverse

from notifications.access import Role, may
from notifications.models import Attempt, HoldReason, MailServerSettings, MailServerState, Message, Safety
from tests.base import a_completion, a_message, a_notification, administrator, operator, use_smtp, viewer

pytestmark = pytest.mark.django_db
POSTS_TO = re.compile(r'(?:formaction|hx-post)="([^"]+)"|<form\b(?=[^>]*method="post")[^>]*\baction="([^"]+)"', re.I)
LINK = re.compile(r'<a\b[^>]*\bhref="(/[^"#?]*)')
CAST = {Role.VIEWER: viewer, Role.OPERATOR: operator, Role.ADMINISTRATOR: administrator}
SECRET = "hunter2-canary-Zq8"


@pytest.fixture(params=CAST, ids=lambda role: role.word)
def somebody(request: pytest.FixtureRequest) -> Any:
    return CAST[request.param]()


@pytest.fixture
def full() -> dict[str, str]:
    """A panel in which every page has something on it, mail held; the addresses of its pages."""
    use_smtp(host="mail.contoso.test", port=587, security="starttls", user="ops", password=SECRET)
    notification, completion = a_notification(), a_completion()
    queued, sent = a_message(), a_message(notification=notification, completion=completion)
    Message.objects.filter(pk=sent.pk).update(state=Message.State.SENT)
    MailServerState.load().hold(HoldReason.SIGN_IN, "535 5.7.8", "no")
    Safety.lock().change({"paused": True, "allowed_domains": ["contoso.test"], "reroute_to": ""}, by=None)
    assert not Attempt.objects.exists()
    return {
        "mail server": reverse("mail-server"),
        "oauth2": "/mail-server/?mode=oauth2",
        "graph": "/mail-server/?mode=graph",
        "notifications": reverse("notifications"),
        "notification": reverse("notification", args=[notification.pk]),
        "simulator": f"{reverse('simulator')}?completion={completion.uuid}",
        "deliveries": reverse("deliveries"),
        "queued": reverse("delivery", args=[queued.uuid]),
        "sent": reverse("delivery", args=[sent.uuid]),
        "completions": reverse("completions"),
        "completion": reverse("completion", args=[completion.uuid]),
        "safety": reverse("safety"),
        "dashboard": reverse("dashboard"),
        "health": reverse("health"),
        "account": reverse("account"),
    }


PAGES = (
    "mail server",
    "oauth2",
    "graph",
    "notifications",
    "notification",
    "simulator",
    "deliveries",
    "queued",
    "sent",
    "completions",
    "completion",
    "safety",
    "dashboard",
    "health",
    "account",
)


def name_of(address: str) -> str:
    try:
        return resolve(address.partition("?")[0]).view_name
    except Resolver404:
        return ""


@pytest.mark.parametrize("page", PAGES)
def test_no_form_and_no_link_leads_to_a_refusal(somebody: Any, full: dict[str, str], page: str) -> None:
    client = Client()
    client.force_login(somebody)
    response = client.get(full[page])
    assert response.status_code == 200
    text = response.content.decode()

    posts = {first or second for first, second in POSTS_TO.findall(text)}
    refused = {each for each in posts if (name := name_of(each)) and not may(somebody, name, "POST")}
    links = {each for each in LINK.findall(text) if (name := name_of(each)) and not may(somebody, name)}

    # A form that only shows keeps its address; without a button it goes nowhere.
    assert {each for each in refused if has_a_button(text, each)} == set()
    assert links == set()


def has_a_button(text: str, action: str) -> bool:
    if re.search(rf'<button[^>]*(?:formaction|hx-post)="{re.escape(action)}"', text):
        return True
    for form in text.split("<form")[1:]:
        head, _, rest = form.partition(">")
        body = rest.partition("</form>")[0]
        own = re.findall(r'<button(?![^>]*(?:formaction|disabled))[^>]*type="submit"', body)
        if f'action="{action}"' in head and own:
            return True
    return False


@pytest.mark.parametrize("page", PAGES)
def test_no_secret_is_in_any_page(somebody: Any, full: dict[str, str], page: str) -> None:
    client = Client()
    client.force_login(somebody)
    assert SECRET not in client.get(full[page]).content.decode()


class TestTheMailServer:
    def page(self, client: Client) -> str:
        return client.get(reverse("mail-server")).content.decode()

    def test_is_read_only_for_a_viewer(self, full: dict[str, str]) -> None:
        client = Client()
        client.force_login(viewer())
        text = self.page(client)
        assert "Only administrators change this." in text
        assert "A password is saved." in text
        assert ">Save<" not in text
        assert "Send Test Email</button>" not in text
        inputs = re.findall(r"<(?:input|select|textarea)\b[^>]*name=\"(?:server|user|password|sender)\"[^>]*>", text)
        assert len(inputs) == 4
        assert all("disabled" in each for each in inputs)

    def test_is_tested_by_an_operator_with_the_saved_values_alone(self, full: dict[str, str]) -> None:
        """A test with a server of one's own would lead the saved password there."""
        client = Client()
        client.force_login(operator())
        assert "A test sends with the saved values" in self.page(client)
        typed = {"server": "evil.example:25", "security": "none", "sender": "x@evil.example", "password": ""}

        answer = client.post(reverse("test-emails"), {"mode": "basic", "test_to": "me@contoso.test", **typed})

        assert answer.status_code == 302
        made = Message.objects.get(kind=Message.Kind.TEST)
        assert not made.draft_server
        assert MailServerSettings.load().basic_host == "mail.contoso.test"

    def test_is_saved_by_an_administrator(self, full: dict[str, str], page: Client) -> None:
        assert ">Save<" in self.page(page)


class TestSafety:
    def test_lets_an_operator_pause_and_nothing_else(self, full: dict[str, str]) -> None:
        client = Client()
        client.force_login(operator())
        client.post(reverse("safety"), {"allowed_domains": "evil.example", "reroute_to": "me@evil.example"})
        saved = Safety.load()
        assert (saved.paused, saved.allowed_domains, saved.reroute_to) == (False, ["contoso.test"], "")


class TestADelivery:
    def test_tells_a_viewer_who_and_when_but_not_what(self, full: dict[str, str]) -> None:
        client = Client()
        client.force_login(viewer())
        text = client.get(full["sent"]).content.decode()
        assert "ops@peer.test" in text
        assert "It failed on PC-001" not in text
        assert "<iframe" not in text
        assert client.get(f"{full['sent']}content/").status_code == 403
        assert client.get(f"{full['sent']}eml/").status_code == 403


@pytest.mark.parametrize(
    ("page", "cast", "sentence"),
    [
        ("notification", viewer, "Operators and administrators change this."),
        ("safety", viewer, "Operators pause mail; only administrators change the rest."),
        ("safety", operator, "You may pause mail. Only administrators change the rest."),
    ],
)
def test_closed_fields_say_why(full: dict[str, str], page: str, cast: Any, sentence: str) -> None:
    client, admin = Client(), Client()
    client.force_login(cast())
    admin.force_login(administrator())
    assert sentence in client.get(full[page]).content.decode()
    assert sentence not in admin.get(full[page]).content.decode()
