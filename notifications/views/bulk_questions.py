"""What is asked before one thing is done to many mails: which, who gets something by it, and what is left out."""

import uuid as uuids
from collections.abc import Iterator
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q
from django.urls import reverse

from notifications.bulk import jobs
from notifications.forms.bulk_job import BulkJobForm
from notifications.models import BulkJob, Message, Recipient

SUBJECTS_SHOWN = 5
REACHED = Q(Exists(Recipient.objects.filter(message=OuterRef("pk"), outcome=Recipient.Outcome.ACCEPTED)))
# A mail that was cancelled between two tries may have reached some.
BY_REACH = {
    "all": Q(state=Message.State.SENT),
    "some": ~Q(state=Message.State.SENT) & REACHED,
    "none": ~Q(state=Message.State.SENT) & ~REACHED,
}


def question(form: BulkJobForm, count: int, *, back: str, anew: bool) -> dict[str, Any]:
    """For the page that confirms; `anew` when there are more mails than the first question said."""
    is_cancel, mails = form.value("do") == BulkJob.Kind.CANCEL, counted(count)
    verb = f"Cancel {mails}" if is_cancel else f"Resend {mails}"
    reach = {} if is_cancel else form.chosen.aggregate(**{name: Count("pk", filter=q) for name, q in BY_REACH.items()})
    chosen = f"Chosen by {form.words}." if form.value("all") and form.words else ""
    more = count - SUBJECTS_SHOWN
    return {
        "title": f"{verb}?",
        "text": f"By now there are more of them: {mails}. {chosen}" if anew else chosen,
        "listed": form.chosen.order_by("-id").values_list("subject", flat=True)[:SUBJECTS_SHOWN],
        "more": f"and {more:,} more" if more > 0 else "",
        "consequences": [*left_out(form), *(if_cancelled() if is_cancel else if_resent(reach))],
        "action": reverse("bulk-jobs"),
        "verb": verb,
        "back": back,
        "keep": "Leave them queued" if is_cancel else "Send nothing",
        # What somebody gets twice cannot be taken back either.
        "danger": is_cancel or bool(reach["all"]),
        "hidden": [*posted_along(form), ("uuid", uuids.uuid4()), ("counted", count), ("newest", newest(form))],
    }


def newest(form: BulkJobForm) -> int:
    return form.chosen.order_by("-pk").values_list("pk", flat=True).first() or 0


def left_out(form: BulkJobForm) -> Iterator[str]:
    """Why it is done to fewer than were pointed at."""
    if form.value("do") == BulkJob.Kind.CANCEL:
        yield from some(form.picked.exclude(state=Message.State.QUEUED).count(), "not queued: left alone")
    else:
        yield from some(form.picked.filter(state__in=Message.OPEN).count(), "still on the way: left alone")
        again = form.picked.exclude(state__in=Message.OPEN).filter(jobs.SENT_AGAIN).count()
        yield from some(again, "left alone, sent again before: what counts is the newer mail")
    if ticked := form.value("mail"):
        yield from some(len(set(ticked)) - form.picked.count(), "no longer there")


def some(count: int, words: str) -> Iterator[str]:
    if count:
        yield f"{count:,} {'is' if count == 1 else 'are'} {words}."


def if_cancelled() -> Iterator[str]:
    yield "They are taken out of the queue and not tried again. Each can be resent later."
    yield "What goes out before its turn comes stays sent, and is counted."


def if_resent(reach: dict[str, int]) -> Iterator[str]:
    """Who will get a second mail is what one wants to know before."""
    if none := reach["none"]:
        yield f"{counted(none)} {was(none)} accepted for nobody: sent to all recipients."
    if partly := reach["some"]:
        yield f"{counted(partly)} {was(partly)} accepted for some recipients: sent to the others alone."
    if everybody := reach["all"]:
        yield f"{counted(everybody)} {was(everybody)} accepted for everybody: each recipient gets a second copy."
    yield "Each is sent as a new mail, with a Message-ID of its own."


def was(count: int) -> str:
    return "was" if count == 1 else "were"


def nothing(form: BulkJobForm) -> str:
    if not form.value("all") and not form.value("mail"):
        return "No mail is ticked. Tick those that you mean, or narrow the filter and take all that it shows."
    if form.value("do") == BulkJob.Kind.CANCEL:
        return "None of these mails is queued, so there is nothing to cancel."
    return "All of these mails are on the way or were sent again already, so there is nothing to resend."


def too_many(count: int) -> str:
    return f"{count:,} mails are too many for one go: narrow the filter to {jobs.MOST_MAILS:,} at most."


def counted(count: int) -> str:
    return f"{count:,} mail{'' if count == 1 else 's'}"


def posted_along(form: BulkJobForm) -> list[tuple[str, Any]]:
    names = ("do", "all", *form.narrowing)
    ticked = [("mail", key) for key in form.value("mail")]
    return [*ticked, *((name, form.data[name]) for name in names if form.data.get(name))]
