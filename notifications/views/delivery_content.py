"""A mail as it left: for the eye in a sandbox, and as a file."""

import re
from email.message import EmailMessage
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.html import format_html
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from notifications.delivery.transport import from_header
from notifications.models import MailServerSettings, Message

# No script, no form, no request to anywhere: a mail shows what strangers wrote.
SANDBOX = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox"
)
PLAIN = '<!doctype html><meta charset="utf-8"><pre style="white-space: pre-wrap; font: 14px/1.5 monospace">{}</pre>'


@require_safe
@xframe_options_sameorigin
def content(request: HttpRequest, uuid: UUID) -> HttpResponse:
    message = get_object_or_404(Message, uuid=uuid)
    shown = body_of(message, "html") or format_html(PLAIN, text_of(message))
    return HttpResponse(shown, headers={"Content-Security-Policy": SANDBOX})


@require_safe
def eml(request: HttpRequest, uuid: UUID) -> HttpResponse:
    message = get_object_or_404(Message, uuid=uuid)
    name = f"{re.sub(r'[^A-Za-z0-9]+', '-', message.subject)[:60].strip('-') or 'mail'}.eml"
    return HttpResponse(
        from_line() + bytes(message.content),
        content_type="message/rfc822",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def text_of(message: Message) -> str:
    return body_of(message, "plain")


def headers_of(message: Message) -> list[tuple[str, str]]:
    """As they are sent now: From is the present sender's."""
    sender = from_line().decode("ascii").strip().partition(": ")
    found = [(name, " ".join(value.split())) for name, value in message.parsed.raw_items()]
    return [(sender[0], sender[2]), *found] if sender[0] else found


def from_line() -> bytes:
    """The From line that a send would put in front now; nothing while no sender is set."""
    sender = MailServerSettings.load().sender
    return from_header(sender)[1] if sender else b""


def body_of(message: Message, kind: str) -> str:
    part = message.parsed.get_body((kind,))
    return str(part.get_content()) if isinstance(part, EmailMessage) else ""
