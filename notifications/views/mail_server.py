"""Options > Preferences > Mail Server."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from notifications.access import may
from notifications.context import MailState, mail_state
from notifications.delivery.outbox import start_afresh
from notifications.forms import typed_secret
from notifications.forms.frozen import freeze
from notifications.forms.mode import ModeForm
from notifications.forms.test_email import TestEmailForm
from notifications.models import MailServerSettings, Safety, StaleVersion
from notifications.snapshot import snapshot
from notifications.versions import seen
from notifications.views import last_test
from notifications.views.checklist import first_steps
from notifications.views.differences import Difference, difference
from notifications.views.modes import PAGES, cards, last_saved, page_of

RECIPIENT_KEY = "test_recipient"


@require_safe
@never_cache
@snapshot()
def page(request: HttpRequest) -> HttpResponse:
    saved = MailServerSettings.load()
    return show(request, saved, page_of(request.GET.get("mode", ""), saved).form(saved=saved))


@require_POST
def save(request: HttpRequest, mode: str) -> HttpResponse:
    saved = MailServerSettings.load()
    form = PAGES[mode].form(typed(request, mode), saved=saved)
    is_valid = form.is_valid()
    if seen(request) != saved.version:
        return show_conflict(request, form)
    if not is_valid:
        return show(request, saved, form, status=422)
    tested, before = last_test.attempt_with(request.session, form), mail_state()
    try:
        saved.save_version(form.values(), seen=saved.version, by=request.user)
    except StaleVersion:
        return show_conflict(request, form)
    if tested:
        tested.belongs_to(saved.version)
    typed_secret.forget(request.session)
    start_afresh()
    tell(request, saved, mode, last_test.doubt(tested), before)
    if "activate" in request.POST:
        return redirect(f"{reverse('active-mode')}?mode={mode}")
    return redirect(address_of(mode, saved))


def show(
    request: HttpRequest,
    saved: MailServerSettings,
    form: ModeForm,
    *,
    recipient: TestEmailForm | None = None,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    keeps_typed = keep_typed_secret(request, form)
    for_reader(request, form)
    form[form.write_only].help_text = secret_help(form)
    context = {
        "form": form,
        "keeps_typed_password": keeps_typed,
        "recipient": recipient or TestEmailForm(initial={"test_to": last_recipient(request)}),
        **around(saved, form),
        "may_save": may(request.user, PAGES[form.mode].url_name, "POST"),
        "may_test": may(request.user, "test-emails", "POST"),
        **more,
    }
    return render(request, "mail_server/page.html", context, status=status)


def around(saved: MailServerSettings, form: ModeForm) -> dict[str, Any]:
    """What the page shows beside the form itself."""
    state, chosen = mail_state(), PAGES[form.mode]
    return {
        "saved": saved,
        "mail_state": state,
        "cards": cards(saved, state),
        "chosen": chosen,
        "active": PAGES[saved.active_mode],
        "has_values": saved.has_values(form.mode),
        "last_saved": last_saved(form.mode),
        "first_steps": first_steps(),
        "on_mail_server": True,
        **chosen.extras(saved, form),
    }


def for_reader(request: HttpRequest, form: ModeForm) -> ModeForm:
    """Who may not save sees and tests what is saved: other values could lead a saved secret to a server of theirs."""
    if not may(request.user, PAGES[form.mode].url_name, "POST"):
        freeze(form)
    return form


def show_conflict(request: HttpRequest, form: ModeForm) -> HttpResponse:
    """Somebody saved in between: both sides, and what was typed still in the form."""
    saved = MailServerSettings.load()
    current = PAGES[form.mode].form(form.data, saved=saved)
    current.is_valid()
    return show(request, saved, current, status=409, conflict=differences(current))


def tell(request: HttpRequest, saved: MailServerSettings, mode: str, doubt: str, before: MailState) -> None:
    """`doubt` is what speaks against the values, `before` the mail state under those that they replace."""
    if doubt:
        messages.warning(request, f"Saved, but {doubt}.")
    elif mode != saved.active_mode:
        messages.success(request, f"Saved. Mail still goes out by {saved.get_active_mode_display()}.")
    else:
        messages.success(request, f"Saved. From now on mail goes out with these values.{released(before)}")


def released(before: MailState) -> str:
    if before.server_works or before.kind == "restored" or not before.waiting or Safety.load().paused:
        return ""
    number = before.waiting
    return " The mail that waited is going out." if number == 1 else f" The {number:,} mails that waited are going out."


def address_of(mode: str, saved: MailServerSettings) -> str:
    """Of the page that shows `mode`."""
    return reverse("mail-server") + ("" if mode == saved.active_mode else f"?mode={mode}")


def differences(form: ModeForm) -> list[Difference]:
    clear = f"clear_{form.write_only}"
    rows = []
    for field in form:
        if field.name in (form.write_only, clear, "blanks"):
            continue
        if found := difference(field):
            rows.append(found)
    if form.data.get(form.write_only) or form.data.get(clear):
        theirs = "one is saved" if form.has_saved_secret else "none"
        label = str(form.fields[form.write_only].label)
        rows.append(Difference(label, theirs, "a new one" if form.data.get(form.write_only) else "none"))
    return rows


def typed(request: HttpRequest, mode: str) -> QueryDict:
    """What was posted, with the secret that an earlier answer to the same page kept."""
    form, data = PAGES[mode].form, request.POST.copy()
    if data.get("use_kept_password") and not data.get(form.write_only) and not data.get(f"clear_{form.write_only}"):
        data[form.write_only] = typed_secret.recall(request.session, form.origins(data))
    return data


def keep_typed_secret(request: HttpRequest, form: ModeForm) -> bool:
    if form.keeps_typed_secret:
        typed_secret.remember(request.session, form.data[form.write_only], form.destination(form.data))
    return form.keeps_typed_secret


def secret_help(form: ModeForm) -> str:
    word = form.write_only_word
    if form.keeps_typed_secret:
        return "What you typed is kept for 15 minutes: leave this empty to use it."
    if form.data.get(form.write_only):
        return f"Type the {word} again: it is kept only where the page says for certain where it goes."
    if form.secret_is_unreadable:
        return f"The saved {word} cannot be read with the present keys. Enter it again."
    if form.has_saved_secret and form.fields[form.write_only].disabled:
        return f"A {word} is saved."
    if form.has_saved_secret:
        return f"A {word} is saved. Leave this empty to keep it, or type another to replace it."
    return form.write_only_help


def last_recipient(request: HttpRequest) -> str:
    """The address of the last test, else one's own."""
    return str(request.session.get(RECIPIENT_KEY) or getattr(request.user, "email", ""))
