"""What a person decides about an email that was fully sent and never answered."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from notifications.delivery import outbox
from notifications.models import AuditEvent, Message
from notifications.views.delivery import done

DECIDED = "This was already decided: the email is no longer waiting for a decision."


@require_POST
def confirmation(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """It arrived: record it as accepted."""
    message = get_object_or_404(Message, uuid=uuid)
    if done(request, message.mark_as_sent, AuditEvent.Action.MAIL_CONFIRMED, message):
        messages.success(request, "Marked as sent.")
    else:
        messages.info(request, DECIDED)
    return redirect("delivery", uuid)


@require_POST
def repetition(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """It did not arrive: queue the same email once more."""
    message = get_object_or_404(Message, uuid=uuid)
    if done(request, message.send_again, AuditEvent.Action.MAIL_SENT_AGAIN, message):
        outbox.wake()
        messages.success(request, "Queued again with the same Message-ID.")
    else:
        messages.info(request, DECIDED)
    return redirect("delivery", uuid)
