from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from django.utils import timezone

from notifications.diagnosis.connection import Connection, connection_of
from notifications.diagnosis.expiry import secret_expiry
from notifications.diagnosis.permissions import Permissions, permissions_of
from notifications.models import MailServerSettings, MailServerState, Mode, Restoration, Safety
from notifications.models.fields import Unreadable
from notifications.oauth.errors import OAuthFailure
from notifications.oauth.settings import graph_endpoints_of


class Command(BaseCommand):
    help = (
        "Say how mail goes out: mode, state, version, whose consent it is or what the app may do. No secret is printed."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_subparsers(dest="what", required=True, metavar="status")
        what.add_parser("status", help="print it, a fact on each line")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            facts = list(status())
        except DatabaseError as error:
            raise CommandError(f"The database is out of reach: {error}") from error
        for name, value in facts:
            self.stdout.write(f"{name + ':':<10} {' '.join(value.split())}")


def status() -> Iterator[tuple[str, str]]:
    saved = MailServerSettings.load()
    yield "mode", f"{saved.active_mode} ({saved.get_active_mode_display()})"
    yield "state", state_of(saved, MailServerState.load())
    yield "version", f"{saved.version}, saved {moment(saved.saved_at)}"
    yield "sender", saved.sender or "none"
    if saved.has_values(Mode.OAUTH2):
        yield from consent_of(connection_of(saved))
    if saved.has_values(Mode.GRAPH):
        yield from app_of(saved)


def state_of(saved: MailServerSettings, state: MailServerState) -> str:
    if (restored := Restoration.load()).is_pending:
        return f"on hold since {moment(restored.noticed_at)}: restored from a backup, an administrator has to decide"
    if not saved.is_set_up:
        return "not set up"
    if state.is_held:
        why = " ".join(part for part in (state.held_code, state.held_text) if part)
        return f"held since {moment(state.held_since)}: {state.get_held_reason_display()} ({why})"
    if state.is_paused(timezone.now()):
        return f"waiting until {moment(state.paused_until)}: {state.paused_text}"
    return "ok, but notification mail is paused under Reports > Safety" if Safety.load().paused else "ok"


def consent_of(connection: Connection) -> Iterator[tuple[str, str]]:
    word = connection.state.label.lower()
    yield "consent", f"{word}: {connection.reason}" if connection.reason else word
    if connection.exists:
        yield "account", connection.grant.account
        yield "token", f"good until {moment(connection.grant.expires_at)}"


def app_of(saved: MailServerSettings) -> Iterator[tuple[str, str]]:
    """Graph mode's, and of its token only what the saved values were given."""
    yield "cloud", cloud_of(saved)
    yield "app", f"{saved.graph_client_id} in {saved.graph_tenant_id}"
    permissions = permissions_of(saved)
    yield "app token", token_of(permissions)
    for permission in permissions.found:
        yield "may", permission.sentence
    yield "way", permissions.way_in_words
    yield "secret", secret_of(saved)


def cloud_of(saved: MailServerSettings) -> str:
    try:
        return f"{saved.graph_cloud}: {graph_endpoints_of(saved).graph_name}"
    except OAuthFailure as error:
        return f"{saved.graph_cloud}: {error}"


def token_of(permissions: Permissions) -> str:
    if permissions.seen_at is None:
        return f"none yet: {permissions.reason}" if permissions.reason else "none yet"
    until = f"good until {moment(permissions.good_until)}, fetched {moment(permissions.seen_at)}"
    return f"{until}; since then: {permissions.reason}" if permissions.reason else until


def secret_of(saved: MailServerSettings) -> str:
    if isinstance(saved.graph_client_secret, Unreadable):
        return "cannot be read with the present FERNET_KEYS"
    if not saved.graph_client_secret:
        return "missing"
    expires = saved.graph_secret_expires
    if expires is None:
        return "saved; nobody said when it expires"
    today = timezone.localdate()
    warning = secret_expiry(saved, today)
    return warning[1] if warning else f"expires {expires:%Y-%m-%d}, in {(expires - today).days} days"


def moment(when: datetime | None) -> str:
    return timezone.localtime(when).strftime("%Y-%m-%d %H:%M:%S %Z") if when else "never"
