"""Options > Preferences > Mail Server."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from notifications.capture import switch
from notifications.delivery.outbox import wake
from notifications.forms import typed_secret
from notifications.forms.certificate import describe_certificates
from notifications.forms.mail_server import DEFAULT_PORTS, MailServerForm
from notifications.forms.test_email import TestEmailForm
from notifications.models import MailServerSettings, MailServerState, Mode, Security, StaleVersion
from notifications.views.back import back_to
from notifications.views.checklist import first_steps

RECIPIENT_KEY = "test_recipient"
INBOX_RECIPIENT = "you@mailadmin.example"


@dataclass(frozen=True)
class ModeCard:
    mode: Mode
    about: str


MODES = (ModeCard(Mode.BASIC, "User and password, or none, on any SMTP server"),)


@require_GET
@never_cache
def page(request: HttpRequest) -> HttpResponse:
    saved = MailServerSettings.load()
    return show(request, saved, MailServerForm(saved=saved))


@require_POST
def save_basic(request: HttpRequest) -> HttpResponse:
    saved = MailServerSettings.load()
    form = MailServerForm(typed(request), saved=saved)
    is_valid = form.is_valid()
    if seen(request) != saved.version:
        return show_conflict(request, form)
    if not is_valid:
        return show(request, saved, form, status=422)
    try:
        saved.save_version(form.values(), seen=saved.version, by=request.user)
    except StaleVersion:
        return show_conflict(request, form)
    typed_secret.forget(request.session)
    wake()
    messages.success(request, "Saved. From now on mail goes out with these values.")
    return redirect("mail-server")


@require_POST
def probe(request: HttpRequest) -> HttpResponse:
    """While held: let one mail try now instead of at the next probe."""
    with transaction.atomic():
        state = MailServerState.lock()
        if state.is_held:
            state.probe_now()
            messages.info(request, "One mail is on its way to find out. This page tells as soon as it knows.")
    wake()
    return redirect(back_to(request, "mail-server"))


def show(
    request: HttpRequest,
    saved: MailServerSettings,
    form: MailServerForm,
    *,
    recipient: TestEmailForm | None = None,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    keeps_typed = keep_typed_password(request, form)
    form["password"].help_text = password_help(form, keeps_typed)
    context = {
        "form": form,
        "keeps_typed_password": keeps_typed,
        "recipient": recipient or TestEmailForm(initial={"test_to": last_recipient(request, saved)}),
        "saved": saved,
        "cards": MODES,
        "chosen": chosen_mode(request, saved),
        "default_ports": {security.value: port for security, port in DEFAULT_PORTS.items()},
        "port": saved.basic_port or DEFAULT_PORTS[Security(saved.basic_security)],
        "is_inbox": is_inbox(saved),
        "certificates": describe_certificates(saved.basic_ca_certificate),
        "first_steps": first_steps(),
        "on_mail_server": True,
        **more,
    }
    return render(request, "mail_server/page.html", context, status=status)


def show_conflict(request: HttpRequest, form: MailServerForm) -> HttpResponse:
    """Somebody saved in between: both sides, and what was typed still in the form."""
    saved = MailServerSettings.load()
    current = MailServerForm(form.data, saved=saved)
    current.is_valid()
    return show(request, saved, current, status=409, conflict=differences(current))


@dataclass(frozen=True)
class Difference:
    label: str
    saved: str
    typed: str


def differences(form: MailServerForm) -> list[Difference]:
    rows = []
    for field in form:
        if field.name in ("password", "clear_password"):
            continue
        theirs, mine = shown(field, field.initial), shown(field, field.value())
        if theirs != mine:
            rows.append(Difference(str(field.label), theirs, mine))
    if form.data.get("password") or form.data.get("clear_password"):
        theirs = "a password is saved" if form.has_saved_password else "none"
        rows.append(Difference("SMTP Server Password", theirs, "a new one" if form.data.get("password") else "none"))
    return rows


def shown(field: Any, value: Any) -> str:
    """A value as people read it: the label of a choice, yes or no for a tick."""
    choices = dict(getattr(field.field, "choices", ()))
    if value in ("on", True, False, None):
        return "yes" if value in ("on", True) else "no"
    return str(choices.get(value, value)).replace("\r\n", "\n").strip() or "(empty)"


def typed(request: HttpRequest) -> QueryDict:
    """What was posted, with the password that an earlier answer to the same page kept."""
    data = request.POST.copy()
    if data.get("use_kept_password") and not data.get("password") and not data.get("clear_password"):
        data["password"] = typed_secret.recall(request.session, destination(data))
    return data


def keep_typed_password(request: HttpRequest, form: MailServerForm) -> bool:
    password = form.data.get("password", "")
    if password:
        typed_secret.remember(request.session, password, destination(form.data))
    return bool(password)


def password_help(form: MailServerForm, keeps_typed: bool) -> str:
    if keeps_typed:
        return "What you typed is kept for 15 minutes: leave this empty to use it."
    if form.password_is_unreadable:
        return "The saved password cannot be read with the present keys. Enter it again."
    if form.has_saved_password:
        return "A password is saved. Leave this empty to keep it, or type another to replace it."
    return "Leave both empty if the server asks for no sign-in."


def destination(data: Any) -> str:
    return f"{data.get('server', '')} {data.get('security', '')} {data.get('user', '')}"


def seen(request: HttpRequest) -> int:
    text = request.POST.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def is_inbox(saved: MailServerSettings) -> bool:
    """Whether the values are those of the capture inbox."""
    return not switch.why_off() and (saved.basic_host, saved.basic_port) == (switch.HOST, inbox_port())


def inbox_port() -> int:
    return settings.CAPTURE_INBOX_PORT or switch.remembered_port()


def last_recipient(request: HttpRequest, saved: MailServerSettings) -> str:
    """The address of the last test, else one's own; the built-in inbox takes any, so the first test needs no typing."""
    known = request.session.get(RECIPIENT_KEY) or getattr(request.user, "email", "")
    return str(known or (INBOX_RECIPIENT if is_inbox(saved) else ""))


def chosen_mode(request: HttpRequest, saved: MailServerSettings) -> str:
    wanted = request.GET.get("mode", "")
    return wanted if wanted in [card.mode for card in MODES] else saved.active_mode
