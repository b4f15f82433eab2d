"""Try again now: one mail finds out whether the mail server takes mail again."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from notifications.delivery.outbox import wake
from notifications.models import AuditEvent, MailServerState, Message, Restoration, Safety
from notifications.views.back import back_to

RESTORED = "Email is on hold after a restore until an administrator decides. Send Test Email finds out, too."
PAUSED = "Notification mail is paused under Reports > Safety, so no mail tries. Send Test Email finds out, too."
NOTHING_WAITS = "No mail waits to try it with. Send Test Email finds out, too."


@require_POST
@transaction.atomic
def create(request: HttpRequest) -> HttpResponse:
    """Now instead of at the time that was set; the page that is led to says what became of it."""
    state = MailServerState.lock()
    if Restoration.load().is_pending:
        messages.warning(request, RESTORED)
    elif not (state.is_held or state.paused_since):
        messages.info(request, "Nothing keeps mail back any more.")
    elif Safety.load().paused:
        messages.warning(request, PAUSED)
    elif not Message.make_one_due():
        messages.warning(request, NOTHING_WAITS)
    else:
        state.try_now()
        AuditEvent.record(AuditEvent.Action.PROBE, str(state), by=request.user)
        wake()
    return redirect(back_to(request, "mail-server"))
