"""Every route, every method and every role: what is answered is what the table of access says."""

import re
from collections.abc import Iterator
from uuid import UUID

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, path, reverse

from mailadmin.urls import urlpatterns as pages
from notifications.access import ACCESS, API, Role, may, role_of, row
from notifications.views.health import healthz
from tests.base import administrator, operator, outsider, viewer

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")
CAST = {Role.VIEWER: viewer, Role.OPERATOR: operator, Role.ADMINISTRATOR: administrator}
# Of nothing that exists: what is asked here is who comes as far as the view.
VALUES = {
    "uuid": UUID("11111111-2222-3333-4444-555555555555"),
    "pk": 987654,
    "session": UUID("11111111-2222-3333-4444-555555555556"),
    "key": "20260101-000000-000000-aaaa",
    "token": "none",
    "name": "none",
}
OPEN = {
    f"{API}docs",
    f"{API}openapi.json",
    f"{API}openapi.json/",
    f"{API}^",
}  # what explains the API, and what says 404
urlpatterns = [*pages, path("forgotten/", healthz, name="forgotten")]


def routes(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[tuple[str, str]]:
    """The name and the route of each, the included ones too."""
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        else:
            yield pattern.name or "", route


def named() -> dict[str, str]:
    return {name: route for name, route in routes(get_resolver().url_patterns) if not route.startswith(API)}


def address(name: str, route: str) -> str:
    wanted = re.findall(r"<(?:\w+:)?(\w+)>", route)
    return reverse(name, kwargs={argument: VALUES[argument] for argument in wanted})


@pytest.fixture
def clients(db: None) -> dict[Role, Client]:
    found = {Role.ANYONE: Client()}
    for role, person in CAST.items():
        found[role] = Client()
        found[role].force_login(person())
    return found


def expected(name: str, method: str, role: Role) -> str:
    if name == "oauth-callback" and method in ("GET", "HEAD") and role in (Role.VIEWER, Role.OPERATOR):
        return "refused"  # by the view: anybody may come back, only who could have left is let in
    needed = ACCESS[name].get("GET" if method == "HEAD" else method)
    if role == Role.ANYONE and (needed is None or needed > role) and Role.ANYONE not in ACCESS[name].values():
        return "sign in"
    if needed is None:
        return "no such method"
    if needed <= role:
        return "allowed"
    return "sign in" if role == Role.ANYONE else "refused"


def answered(client: Client, method: str, url: str) -> str:
    # A view that fails on what does not exist was reached, and that is the question.
    client.raise_request_exception = False
    response = client.generic(method, url)
    if response.status_code == 302 and response.headers["Location"].startswith(reverse("sign-in")):
        return "sign in"
    words = {405: "no such method", 403: "refused", 401: "refused", 500: "broken"}
    return words.get(response.status_code, "allowed")


class TestTheTable:
    def test_has_a_row_for_every_route_and_no_other(self) -> None:
        assert ACCESS.keys() == named().keys()

    def test_names_every_route(self) -> None:
        assert "" not in named()

    @pytest.mark.parametrize("name", sorted(ACCESS))
    def test_is_what_every_method_and_role_gets(self, clients: dict[Role, Client], name: str) -> None:
        url = address(name, named()[name])
        wanted = {(method, role.word): expected(name, method, role) for method in METHODS for role in Role}
        found = {}
        for role, client in clients.items():
            for method in METHODS:
                if method == "POST" and name == "sign-out":
                    continue
                found[method, role.word] = answered(client, method, url)
        if name == "sign-out":
            wanted = {key: answer for key, answer in wanted.items() if key[0] != "POST"}
        # A page with a form takes no HEAD: what is not GET would pass for its POST, which no CSRF token guards.
        heads = {key for key in found if key[0] == "HEAD" and found[key] == "no such method"}
        assert not heads or "POST" in ACCESS[name]
        assert found | {key: wanted[key] for key in heads} == wanted

    def test_lets_everybody_out(self, clients: dict[Role, Client]) -> None:
        for role in CAST:
            assert clients[role].post(reverse("sign-out")).status_code == 302
            assert clients[role].get(reverse("mail-server")).headers["Location"].startswith(reverse("sign-in"))


@pytest.mark.parametrize("name", ["deliveries", "completions", "notifications", "notification-new", "simulator"])
def test_no_page_of_somebody_signed_in_is_kept_by_the_browser(clients: dict[Role, Client], name: str) -> None:
    response = clients[Role.OPERATOR].get(reverse(name))
    assert response.status_code == 200
    assert "no-store" in response.headers["Cache-Control"]


class TestARouteWithoutARow:
    @pytest.mark.urls("tests.test_access")
    def test_is_refused_to_everybody_who_is_signed_in(self, clients: dict[Role, Client]) -> None:
        for role in CAST:
            assert clients[role].get("/forgotten/").status_code == 403

    @pytest.mark.urls("tests.test_access")
    def test_is_noticed(self) -> None:
        assert named().keys() - ACCESS.keys() == {"forgotten"}


class TestTheApi:
    @pytest.mark.parametrize("role", Role)
    @pytest.mark.parametrize("method", METHODS)
    def test_takes_a_token_and_no_session(self, clients: dict[Role, Client], role: Role, method: str) -> None:
        own = [route for _, route in routes(get_resolver().url_patterns) if route.startswith(API)]
        asked = 0
        for route in own:
            if route in OPEN:
                continue
            url = "/" + re.sub(r"<[^>]+>", "1", route)
            asked += 1
            assert clients[role].generic(method, url).status_code in (401, 404, 405, 429)
        assert asked >= 3


class TestRoles:
    def test_come_from_the_account(self, db: None) -> None:
        assert [role_of(person()) for person in CAST.values()] == list(CAST)
        assert role_of(AnonymousUser()) == Role.ANYONE

    def test_are_nobodys_without_an_open_account(self, db: None) -> None:
        client = Client()
        client.force_login(outsider())
        assert client.get(reverse("deliveries")).status_code == 302

    def test_allow_nothing_at_an_address_that_is_none(self, db: None) -> None:
        ada = administrator()
        assert not may(ada, "nowhere")
        assert not may(ada, "deliveries", "POST")

    def test_name_only_what_was_said(self) -> None:
        assert row(post=Role.OPERATOR) == {"POST": Role.OPERATOR}


class TestTheRefusal:
    def test_says_what_is_missing_and_who_can_help(self, clients: dict[Role, Client]) -> None:
        text = clients[Role.VIEWER].get(reverse("tokens")).content.decode()
        assert "It takes the role administrator, and you are signed in as vic, viewer." in text
        assert "ada, ada@contoso.test" in text

    def test_does_nothing(self, clients: dict[Role, Client]) -> None:
        answer = clients[Role.VIEWER].post(reverse("safety"), {"paused": "on"})
        assert answer.status_code == 403
        assert 'name="paused" checked' not in clients[Role.VIEWER].get(reverse("safety")).content.decode()


class TestTheMenu:
    @pytest.mark.parametrize("role", CAST)
    def test_leads_only_where_one_may_go(self, clients: dict[Role, Client], role: Role) -> None:
        text = clients[role].get(reverse("deliveries")).content.decode()
        for name in ("tokens", "audit", "inbox", "safety", "mail-server"):
            try:
                assert (f'<a href="{reverse(name)}"' in text) == (role >= ACCESS[name]["GET"])
            except NoReverseMatch:
                pytest.fail(f"{name} is no page")
