"""Reports > Inbox: the mail that the built-in mail server kept."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_http_methods, require_safe

from notifications.capture import store, switch
from notifications.capture.reading import readable
from notifications.models import AuditEvent
from notifications.views.delivery_content import PLAIN, SANDBOX
from notifications.views.modes import inbox_port

PAGE = 50
LONGEST_SOURCE = 200_000


@require_safe
@never_cache
def inbox(request: HttpRequest) -> HttpResponse:
    before = request.GET.get("before") or None
    mails = store.list_mails(limit=PAGE + 1, before=before)
    context = {
        "mails": mails[:PAGE],
        "older": mails[PAGE - 1].key if len(mails) > PAGE else "",
        "is_first": before is None,
        "count": store.count(),
        "capacity": store.CAPACITY,
        "why_off": switch.why_off(),
        "address": "" if switch.why_off() else f"{switch.HOST}:{inbox_port()}",
    }
    return render(request, "inbox/list.html", context)


@require_safe
@never_cache
def mail(request: HttpRequest, key: str) -> HttpResponse:
    found = mail_or_404(key)
    read = readable(found.content)
    source = found.content[:LONGEST_SOURCE].decode("utf-8", "replace").replace("\0", "\ufffd")
    context = {
        "mail": found,
        "headers": read.headers,
        "source": source,
        "is_cut": found.size > LONGEST_SOURCE,
        "text": read.text,
        "attachments": read.attachments,
    }
    return render(request, "inbox/mail.html", context)


@require_safe
@xframe_options_sameorigin
def content(request: HttpRequest, key: str) -> HttpResponse:
    read = readable(mail_or_404(key).content)
    shown = read.html or format_html(PLAIN, read.text or "(no text)")
    return HttpResponse(shown, headers={"Content-Security-Policy": SANDBOX, "Cache-Control": "no-store"})


@require_safe
def eml(request: HttpRequest, key: str) -> HttpResponse:
    return HttpResponse(
        mail_or_404(key).content,
        content_type="message/rfc822",
        headers={"Content-Disposition": 'attachment; filename="mail.eml"'},
    )


@require_http_methods(["GET", "POST"])
def clear(request: HttpRequest) -> HttpResponse:
    """GET asks, POST deletes."""
    count = store.count()
    mails = f"{count:,} mail{'' if count == 1 else 's'}"
    if request.method == "POST":
        store.clear()
        AuditEvent.record(AuditEvent.Action.INBOX_CLEARED, mails, by=request.user)
        messages.success(request, f"{mails} deleted.")
        return redirect("inbox")
    context = {
        "title": f"Delete {mails}?",
        "text": "Everything in the inbox is deleted from this machine. What Reports > Deliveries says stays.",
        "action": reverse("inbox-clear"),
        "verb": f"Delete {mails}",
        "back": reverse("inbox"),
        "danger": True,
    }
    return render(request, "parts/confirm.html", context)


def mail_or_404(key: str) -> store.CapturedMail:
    found = store.get(key)
    if found is None:
        raise Http404("no such mail in the inbox")
    return found
