"""The backend that a set of mail-server values asks for."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings as environment

from notifications.addresses import parse_address
from notifications.backends.base import Backend, BackendError, Fault, Reply, Stage
from notifications.backends.graph import GraphBackend
from notifications.backends.graph_api import GraphServer
from notifications.backends.smtp import SmtpBackend
from notifications.backends.smtp_auth import PasswordSignIn
from notifications.backends.smtp_server import SmtpServer
from notifications.backends.xoauth2 import XOAuth2SignIn
from notifications.header_lines import address_header
from notifications.models import AppToken, MailServerSettings, Mode, OAuthGrant
from notifications.models.fields import Unreadable
from notifications.oauth.app_tokens import app_token
from notifications.oauth.client_credentials import AppRegistration
from notifications.oauth.consent import account_wanted
from notifications.oauth.errors import OAuthFailure, Remedy
from notifications.oauth.registration import Registration
from notifications.oauth.settings import graph_registration_of, registration_of
from notifications.oauth.tokens import access_token, check_usable

FAULTS = {
    Remedy.RECONNECT: Fault.RECONNECT,
    Remedy.SETTINGS: Fault.CONFIGURATION,
    Remedy.TLS: Fault.TLS,
    Remedy.WAIT: Fault.UNREACHABLE,
}


def with_draft(saved: MailServerSettings, draft: str | None) -> MailServerSettings:
    """An unsaved copy of `saved` with the values of a test's `draft` (JSON by column name) in place."""
    if not draft:
        return saved
    values = {field.attname: getattr(saved, field.attname) for field in saved._meta.concrete_fields}
    return MailServerSettings(**{**values, **json.loads(draft)})


def open_backend(server: MailServerSettings) -> Backend:
    """Raises BackendError when a saved secret cannot be read, before anything is connected."""
    return BACKENDS[Mode(server.active_mode)](server)


def basic(server: MailServerSettings) -> Backend:
    password = readable(server.basic_password, "SMTP Server Password") if server.basic_user else ""
    target = SmtpServer(
        host=server.basic_host,
        port=server.basic_port or 0,
        security=server.basic_security,
        connect_timeout=server.basic_connect_timeout,
        ca_certificate=server.basic_ca_certificate,
        allow_clear_password=server.basic_allow_clear_password,
        ehlo_name=environment.EHLO_NAME,
        most_recipients=server.basic_most_recipients,
    )
    return SmtpBackend(target, PasswordSignIn(server.basic_user, password) if server.basic_user else None)


def oauth2(server: MailServerSettings) -> Backend:
    try:
        registration = registration_of(server)
        # Without a consent there is nothing to connect for.
        check_usable(OAuthGrant.load(), registration)
    except OAuthFailure as error:
        raise backend_error(error) from error
    endpoints = registration.endpoints
    target = SmtpServer(
        host=endpoints.smtp_host,
        port=server.oauth2_port or endpoints.smtp_port,
        security=server.oauth2_security,
        connect_timeout=server.oauth2_connect_timeout,
        ca_certificate=endpoints.ca_certificate,
        ehlo_name=environment.EHLO_NAME,
        most_recipients=server.oauth2_most_recipients or endpoints.most_recipients,
    )
    return SmtpBackend(target, XOAuth2SignIn(account_wanted(server), GrantTokens(registration)))


def graph(server: MailServerSettings) -> Backend:
    try:
        registration = graph_registration_of(server)
    except OAuthFailure as error:
        raise backend_error(error) from error
    endpoints = registration.endpoints
    target = GraphServer(
        host=endpoints.graph_host,
        mailbox=parse_address(server.graph_sender).address,
        save_to_sent_items=server.graph_save_to_sent_items,
        connect_timeout=server.graph_connect_timeout,
        ca_file=endpoints.ca_file,
        upload_hosts=frozenset({endpoints.upload_host} - {""}),
        trust_environment=environment.OUTBOUND_TRUST_ENVIRONMENT,
        most_recipients=server.graph_most_recipients,
    )
    return GraphBackend(target, AppTokens(registration))


BACKENDS: dict[Mode, Callable[[MailServerSettings], Backend]] = {
    Mode.BASIC: basic,
    Mode.OAUTH2: oauth2,
    Mode.GRAPH: graph,
}


def forget_tokens(server: MailServerSettings) -> None:
    """So that the next mail proves the secret, and meets the permissions as they are now."""
    if server.active_mode == Mode.GRAPH:
        AppToken.forget()


@dataclass(frozen=True)
class GrantTokens:
    """Access tokens of the stored consent, in the backends' terms."""

    registration: Registration

    def token(self, patience: float, refused: str = "") -> str:
        try:
            return access_token(self.registration, refused, patience=patience)
        except OAuthFailure as error:
            raise backend_error(error) from error


@dataclass(frozen=True)
class AppTokens:
    """Graph mode's access tokens, shared by all workers, in the backends' terms."""

    registration: AppRegistration

    def token(self, patience: float, refused: str = "") -> str:
        try:
            return app_token(self.registration, refused, patience=patience)
        except OAuthFailure as error:
            raise backend_error(error) from error

    @property
    def may_draft(self) -> bool | None:
        row = AppToken.load()
        return row.may_draft if row.registration == self.registration.fingerprint else None

    def learn(self, *, may_draft: bool) -> None:
        if self.may_draft is not may_draft:
            AppToken.learn(self.registration.fingerprint, may_draft=may_draft)


def backend_error(error: OAuthFailure) -> BackendError:
    stage = Stage.TLS if error.remedy is Remedy.TLS else Stage.TOKEN
    return BackendError(FAULTS[error.remedy], Reply(text=str(error), retry_after=error.retry_after), stage=stage)


def secrets_of(server: MailServerSettings) -> tuple[str, ...]:
    """What must never appear in a trace."""
    if server.active_mode == Mode.OAUTH2:
        return (server.oauth2_client_secret, OAuthGrant.load().access_token)
    if server.active_mode == Mode.GRAPH:
        return (server.graph_client_secret, AppToken.load().access_token)
    return (server.basic_password,)


def readable(secret: str, label: str) -> str:
    if isinstance(secret, Unreadable):
        text = f"{label} cannot be read with the present FERNET_KEYS: enter it again, or bring the old key back"
        raise BackendError(Fault.SECRET, Reply(text=text))
    return secret


def described(server: MailServerSettings) -> str:
    """Where mail goes to and as whom, for people."""
    if server.active_mode == Mode.BASIC:
        who = f" as {server.basic_user}" if server.basic_user else ""
        return f"{server.basic_host}:{server.basic_port}{who}"
    return f"{server.get_active_mode_display()} as {server.sender}"


@lru_cache(maxsize=16)
def from_header(sender: str) -> tuple[str, bytes]:
    """The bare address for the envelope, and the From line that goes in front of a mail's content."""
    parsed = parse_address(sender)
    return parsed.address, address_header("From", [parsed]).encode("ascii")
