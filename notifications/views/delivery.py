"""One mail of Reports > Deliveries: its story, and what can be done about it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Case, Count, IntegerField, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from notifications.access import may
from notifications.context import MailState, mail_state
from notifications.delivery import outbox
from notifications.diagnosis import Explanation, explain, secret_blanks
from notifications.models import Attempt, AuditEvent, Message, Recipient
from notifications.snapshot import snapshot
from notifications.views.delivery_content import headers_of, text_of
from notifications.views.recipients import badge_of, totals, why_nobody
from notifications.views.told import told_by

RECIPIENTS_SHOWN = 100
ATTEMPTS_SHOWN = 50
RESENDS_SHOWN = 20
WORST_FIRST = (Recipient.Outcome.REFUSED, Recipient.Outcome.DEFERRED, Recipient.Outcome.PENDING)

UNTIL = {
    "restored": "an administrator has decided what happens to email after the restore",
    "safety": "the pause under Reports > Safety is over",
    "paused": "the mail server answers again",
    "held": "the mail server works again",
    "not_set_up": "a mail server is set up",
}


@require_safe
@vary_on_headers("HX-Request")
@snapshot()
def delivery(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The whole page; a poll gets the part that changes."""
    message = get_object_or_404(Message.objects.select_related("notification", "completion", "resend_of"), uuid=uuid)
    if request.headers.get("HX-Request") == "true":
        return render(request, "deliveries/_news.html", story(request, message))
    may_read = may(request.user, "delivery-content")
    fixed = {
        "may_read": may_read,
        "headers": headers_of(message) if may_read else [],
        "text": text_of(message) if may_read else "",
        "told": told_by(message),
        "resends": message.resends.defer("content", "draft_server").order_by("-id")[:RESENDS_SHOWN],
    }
    return render(request, "deliveries/detail.html", story(request, message) | fixed)


@require_POST
@transaction.atomic
def resends(request: HttpRequest, uuid: UUID) -> HttpResponse:
    # Locked before it is looked at: the second of two clicks waits here, and finds the first one's mail.
    message = get_object_or_404(Message.objects.select_for_update(), uuid=uuid)
    waiting = message.resends.filter(state__in=Message.OPEN).first()
    if message.is_open:
        messages.warning(request, "This mail is still on its way; it can be sent again once that is over.")
        return redirect("delivery", uuid)
    if waiting:
        messages.info(request, "It is being sent again already: this is that mail.")
        return redirect("delivery", waiting.uuid)
    resent = outbox.resend(message, request.user)
    AuditEvent.record(AuditEvent.Action.MAIL_RESENT, audited(message), by=request.user)
    if resent.is_open:
        messages.success(request, "Queued once more: this is the new mail, with a Message-ID of its own.")
    else:
        messages.warning(request, "There is still nobody to send it to: this is the new try.")
    return redirect("delivery", resent.uuid)


@require_http_methods(["GET", "POST"])
def cancellation(request: HttpRequest, uuid: UUID) -> HttpResponse:
    message = get_object_or_404(Message, uuid=uuid)
    if request.method == "POST":
        if done(request, message.cancel, AuditEvent.Action.MAIL_CANCELLED, message):
            messages.success(request, "Cancelled. Who was not reached yet will not get this mail.")
        else:
            messages.warning(request, "Too late to cancel: the mail is no longer queued.")
        return redirect("delivery", uuid)
    question = {
        "title": f"Cancel “{message.subject}”?",
        "text": "The mail is taken out of the queue and not tried again.",
        "consequences": consequences(message),
        "action": request.path,
        "verb": "Cancel this mail",
        "back": "../",
        "danger": True,
    }
    return render(request, "parts/confirm.html", question)


@require_POST
def retry(request: HttpRequest, uuid: UUID) -> HttpResponse:
    message = get_object_or_404(Message, uuid=uuid)
    if done(request, message.retry_now, AuditEvent.Action.MAIL_RETRIED, message):
        outbox.wake()
        messages.info(request, what_comes_of_it(message))
    else:
        messages.info(request, "There is nothing to try: the mail is no longer queued.")
    return redirect("delivery", uuid)


def what_comes_of_it(message: Message) -> str:
    state = mail_state()
    if state.stops_mail and message.kind != Message.Kind.TEST:
        return f"It is due now, and goes once {UNTIL[state.kind]}."
    return "It is due now: a worker takes it in its turn."


@transaction.atomic
def done(request: HttpRequest, act: Callable[[], bool], action: AuditEvent.Action, message: Message) -> bool:
    """Whether it could be done; then it is written down, too."""
    could = act()
    if could:
        AuditEvent.record(action, audited(message), by=request.user)
    return could


def audited(message: Message) -> str:
    """Subjects repeat; the number finds the mail again."""
    return f"{message.uuid} {message.subject}"


def story(request: HttpRequest, message: Message) -> dict[str, Any]:
    """What changes while a mail is on its way."""
    counts = dict(message.recipients.order_by().values_list("outcome").annotate(Count("pk")))
    rank = Case(
        *(When(outcome=outcome, then=Value(place)) for place, outcome in enumerate(WORST_FIRST)),
        default=Value(len(WORST_FIRST)),
        output_field=IntegerField(),
    )
    recipients = Paginator(message.recipients.order_by(rank, "id"), RECIPIENTS_SHOWN).get_page(request.GET.get("page"))
    badges = {outcome.value: badge_of(outcome, message) for outcome in Recipient.Outcome}
    state = mail_state()
    told = untold(message, explanation(message), state)
    return {
        "mail_state": state,
        "message": message,
        "counts": totals(counts, badges),
        "accepted": counts.get(Recipient.Outcome.ACCEPTED, 0),
        "recipients": recipients,
        "rows": [(recipient, badges[recipient.outcome]) for recipient in recipients],
        "attempts": message.attempts.order_by("-number")[:ATTEMPTS_SHOWN],
        "explanation": told,
        "secret_note": secret_blanks.note_for(last_attempt(message)) if told else "",
        "why_nobody": why_nobody(message),
    }


def explanation(message: Message) -> Explanation | None:
    """Why it is not accepted everywhere, by the newest reply that says so."""
    if message.state in (Message.State.SENT, Message.State.CANCELLED):
        return None
    last = last_attempt(message)
    if last is None:
        return None
    if last.outcome in Attempt.GOOD:
        missed = message.recipients.exclude(outcome=Recipient.Outcome.ACCEPTED).exclude(code="", text="").first()
        return explain(missed.code, missed.text, last.mode) if missed else None
    return explain(last.code, last.text, last.mode)


def last_attempt(message: Message) -> Attempt | None:
    return message.attempts.exclude(finished_at=None).order_by("-number").first()


def untold(message: Message, told: Explanation | None, state: MailState) -> Explanation | None:
    """Nothing where the mail waits for what the page's banner explains already."""
    is_told = told and message.state == Message.State.QUEUED and state.needs_banner and told.fix == state.advice
    return None if is_told else told


def consequences(message: Message) -> list[str]:
    accepted = message.recipients.filter(outcome=Recipient.Outcome.ACCEPTED).count()
    missed = message.recipients.count() - accepted
    sentences = [f"{missed:,} recipient{'' if missed == 1 else 's'} will not get it, unless you resend it later."]
    if accepted:
        sentences.append(f"{accepted:,} were reached already; that cannot be taken back.")
    return sentences
