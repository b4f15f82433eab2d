"""One entry for each mode of the Mail Server page: its card, its form, and what else it shows."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from notifications.capture import switch
from notifications.context import MailState
from notifications.diagnosis.connection import connection_of
from notifications.diagnosis.expiry import secret_expiry
from notifications.diagnosis.permissions import permissions_of
from notifications.forms.certificate import describe_certificates
from notifications.forms.graph import GraphForm
from notifications.forms.mail_server import DEFAULT_PORTS, MailServerForm
from notifications.forms.mode import ModeForm
from notifications.forms.oauth2 import OAuth2Form
from notifications.models import Attempt, AuditEvent, MailServerSettings, Message, Mode, Security
from notifications.oauth.consent import account_wanted
from notifications.views.redirect_ways import way_of, ways_home

SAVES_LOOKED_AT = 200
A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class ModePage:
    mode: Mode
    about: str
    form: type[ModeForm]
    extras: Callable[[MailServerSettings, ModeForm], dict[str, Any]]

    @property
    def template(self) -> str:
        return f"mail_server/_{self.mode}.html"

    @property
    def url_name(self) -> str:
        """Of the view that saves it."""
        return f"mail-server-{self.mode}"


@dataclass(frozen=True)
class ModeCard:
    page: ModePage
    tone: str
    word: str


def basic_extras(saved: MailServerSettings, form: ModeForm) -> dict[str, Any]:
    return {
        "default_ports": {security.value: port for security, port in DEFAULT_PORTS.items()},
        "port": saved.basic_port or DEFAULT_PORTS[Security(saved.basic_security)],
        "is_inbox": is_inbox(saved),
        "certificates": describe_certificates(saved.basic_ca_certificate),
    }


def oauth2_extras(saved: MailServerSettings, form: ModeForm) -> dict[str, Any]:
    uri = str(form["redirect_uri"].value() or "")
    return {
        "connection": connection_of(saved),
        "wanted_account": account_wanted(saved) if saved.has_values(Mode.OAUTH2) else "",
        "redirect_uri": uri,
        "ways_home": ways_home(uri),
        "pastes": way_of(uri) == "paste",
    }


def graph_extras(saved: MailServerSettings, form: ModeForm) -> dict[str, Any]:
    return {"secret_expiry": secret_expiry(saved, timezone.localdate()), "permissions": permissions_of(saved)}


PAGES = {
    page.mode.value: page
    for page in (
        ModePage(Mode.BASIC, "User and password, or none, on any SMTP server", MailServerForm, basic_extras),
        ModePage(Mode.OAUTH2, "Microsoft or Google, SMTP with XOAUTH2", OAuth2Form, oauth2_extras),
        ModePage(Mode.GRAPH, "Microsoft 365 by HTTPS, without SMTP", GraphForm, graph_extras),
    )
}


def page_of(wanted: str, saved: MailServerSettings) -> ModePage:
    """The mode asked for, or the active one where there is no such mode."""
    return PAGES.get(wanted) or PAGES[saved.active_mode]


def cards(saved: MailServerSettings, mail_state: MailState) -> list[ModeCard]:
    return [ModeCard(page, *state_of(page.mode, saved, mail_state)) for page in PAGES.values()]


def state_of(mode: Mode, saved: MailServerSettings, mail_state: MailState) -> tuple[str, str]:
    """Tone and words of a card's badge."""
    if mode != saved.active_mode and not saved.has_values(mode):
        return "off", "Not set up"
    note, is_worrying = note_of(mode, saved)
    if mode == saved.active_mode:
        # Until the first mail fails nothing is held, and yet none can go.
        if is_worrying and mail_state.server_works:
            return "warning", f"Active · {note}"
        if mail_state.server_works and failed_its_test(mode):
            return "warning", "Active · last test failed"
        # What people stopped on Safety is none of the mode's doing.
        return ("ok", "Active · ok") if mail_state.server_works else (mail_state.kind, f"Active · {mail_state.word}")
    return ("warning" if is_worrying else "off"), " · ".join(part for part in ("Standby", note) if part)


def note_of(mode: Mode, saved: MailServerSettings) -> tuple[str, bool]:
    """What a badge adds about a mode's consent or secret, and whether somebody has to look after it."""
    if mode == Mode.OAUTH2 and saved.has_values(mode):
        connection = connection_of(saved)
        return connection.state.label.lower(), not connection.is_connected
    if mode == Mode.GRAPH and secret_expiry(saved, timezone.localdate()):
        return "renew the secret", True
    return "", False


def failed_its_test(mode: Mode) -> bool:
    """Whether the newest try with the mode's present values was a test in vain; any accepted mail makes it good."""
    change = last_saved(mode)
    if change is None:
        return False
    # A test may be older than the version of its values, which it was made with before they were saved.
    tries = Attempt.objects.filter(mode=mode, started_at__gte=change.at - A_DAY, settings_version__gte=version(change))
    told = tries.filter(Q(outcome__in=Attempt.GOOD) | Q(message__kind=Message.Kind.TEST)).exclude(finished_at=None)
    newest = told.order_by("-started_at").first()
    return newest is not None and newest.outcome not in Attempt.GOOD


def version(save: AuditEvent) -> int:
    return int(save.subject.rpartition(" ")[2])


def last_saved(mode: Mode) -> AuditEvent | None:
    """When a value of this mode was last changed: the settings' own version counts for all modes."""
    saves = AuditEvent.objects.filter(action=AuditEvent.Action.MAIL_SERVER_SAVED)[:SAVES_LOOKED_AT]
    return next((save for save in saves if any(name.startswith(f"{mode}_") for name in save.fields)), None)


def is_inbox(saved: MailServerSettings) -> bool:
    """Whether the values are those of the capture inbox."""
    return not switch.why_off() and (saved.basic_host, saved.basic_port) == (switch.HOST, inbox_port())


def inbox_port() -> int:
    return settings.CAPTURE_INBOX_PORT or switch.remembered_port()
