"""Fixtures that every room may use, and the rule that CI skips nothing."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import tomli_w
from _pytest.terminal import TerminalReporter
from django.conf import settings
from django.db import connection

from notifications import masking
from notifications.delivery import data_mark
from tests.google_stand_in import GoogleStandIn
from tests.graph_stand_in import GraphStandIn
from tests.peers.graph import GraphPeer
from tests.peers.identity import IdentityPeer
from tests.peers.mail import MailPeer
from tests.peers.need import in_ci, need
from tests.peers.postgres import Postgres
from tests.peers.redis import Redis

# A machine that does other work takes longer than the 200 ms that an example may take by default.
hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")


@pytest.fixture(scope="session", autouse=True)
def _no_connection_is_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """PostgreSQL drops no database that a thread of an earlier test is still connected to."""
    if connection.vendor != "postgresql":
        yield
        return
    # Asked for first, so that it ends last.
    request.getfixturevalue("django_db_setup")
    yield
    with request.getfixturevalue("django_db_blocker").unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(autouse=True)
def _no_secrets() -> Iterator[None]:
    """A test's passwords are words in the texts of another."""
    masking.forget()
    yield
    masking.forget()


@pytest.fixture(autouse=True)
def _no_data_mark() -> None:
    """The database of the test before is not one that this one's was restored from."""
    (settings.DATA_DIR / data_mark.FILE).unlink(missing_ok=True)


@pytest.fixture(autouse=True)
def _leases_are_renewed_where_they_can_be(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a test that is one transaction, the renewing thread would wait for its end and then find no attempt."""
    marker = request.node.get_closest_marker("django_db")
    is_committed = "transactional_db" in request.fixturenames or (marker and marker.kwargs.get("transaction"))
    if not is_committed:
        monkeypatch.setattr("notifications.delivery.leases.LeaseKeeper._start", lambda keeper: None)


@pytest.fixture(scope="session")
def _mail_servers() -> Iterator[MailPeer]:
    need("mail")
    with MailPeer() as peer:
        yield peer


@pytest.fixture
def mail_peer(_mail_servers: MailPeer) -> MailPeer:
    """Postfix and Dovecot, with an empty Maildir."""
    _mail_servers.clear()
    return _mail_servers


@pytest.fixture(scope="session")
def _identity() -> Iterator[IdentityPeer]:
    need("node")
    with IdentityPeer() as peer:
        yield peer


@pytest.fixture
def identity_peer(_identity: IdentityPeer) -> IdentityPeer:
    """An OpenID provider at Microsoft's paths, with its first settings and an empty log."""
    _identity.reset()
    return _identity


@pytest.fixture(scope="session")
def _oauth_mail_servers(_identity: IdentityPeer) -> Iterator[MailPeer]:
    need("mail")
    with MailPeer(_identity.introspection) as peer:
        yield peer


@pytest.fixture
def oauth_mail_peer(_oauth_mail_servers: MailPeer, identity_peer: IdentityPeer) -> MailPeer:
    """Postfix and Dovecot that take the access tokens of `identity_peer`, with an empty Maildir."""
    _oauth_mail_servers.clear()
    return _oauth_mail_servers


@pytest.fixture(scope="session")
def _google() -> Iterator[GoogleStandIn]:
    with GoogleStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def google(_google: GoogleStandIn) -> Iterator[GoogleStandIn]:
    """Google's endpoints, without any consent, script or log."""
    _google.reset()
    yield _google
    _google.reset()


@pytest.fixture(scope="session")
def _google_mail_servers(_google: GoogleStandIn) -> Iterator[MailPeer]:
    need("mail")
    with MailPeer(_google.introspection) as peer:
        yield peer


@pytest.fixture
def google_mail_peer(_google_mail_servers: MailPeer, google: GoogleStandIn) -> MailPeer:
    """Postfix and Dovecot that take the access tokens of `google`, with an empty Maildir."""
    _google_mail_servers.clear()
    return _google_mail_servers


@pytest.fixture(scope="session")
def _graph() -> Iterator[GraphStandIn]:
    with GraphStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def graph(_graph: GraphStandIn) -> Iterator[GraphStandIn]:
    """Microsoft Graph and its login host, with empty mailboxes, no faults and an empty log."""
    _graph.reset()
    yield _graph
    _graph.reset()


@pytest.fixture(scope="session")
def _graph_contract() -> Iterator[GraphPeer]:
    need("graph")
    with GraphPeer() as peer:
        yield peer


@pytest.fixture
def graph_peer(_graph_contract: GraphPeer) -> GraphPeer:
    """Microsoft Graph's contract behind TLS, with nothing captured."""
    _graph_contract.clear()
    return _graph_contract


@pytest.fixture
def providers_file(tmp_path: Path) -> Callable[[Mapping[str, Mapping[str, Any]]], Path]:
    """Writes MAILADMIN_PROVIDERS_FILE: `providers_file({"microsoft.lab": identity_peer.provider(port)})`."""

    def write(providers: Mapping[str, Mapping[str, Any]]) -> Path:
        tables: dict[str, dict[str, Any]] = {}
        for key, values in providers.items():
            kind, _, name = key.partition(".")
            tables.setdefault(kind, {})[name] = dict(values)
        path = tmp_path / "providers.toml"
        path.write_text(tomli_w.dumps(tables))
        return path

    return write


@pytest.fixture(scope="session")
def _postgres() -> Iterator[Postgres]:
    need("postgres")
    with Postgres() as peer:
        yield peer


@pytest.fixture
def postgres_url(_postgres: Postgres) -> str:
    """A new, empty database."""
    return _postgres.url()


@pytest.fixture
def redis_peer() -> Iterator[Redis]:
    """A Redis that a test may stop and kill."""
    need("redis")
    with Redis() as peer:
        yield peer


@pytest.fixture
def redis_url(redis_peer: Redis) -> str:
    return redis_peer.url


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """In CI a skipped test is a test that nobody ran."""
    if exitstatus == pytest.ExitCode.OK and skips_that_count(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: TerminalReporter, config: pytest.Config) -> None:
    if skips_that_count(config):
        terminalreporter.write_line("In CI no test may be skipped: the run counts as failed.", red=True)


def skips_that_count(config: pytest.Config) -> bool:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    return in_ci() and isinstance(reporter, TerminalReporter) and bool(reporter.stats.get("skipped"))
