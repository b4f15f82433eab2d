"""The email about a report that was refused because its id is taken, to whom the token names."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from notifications.delivery import outbox
from notifications.emails.compose import Recipients, compose
from notifications.emails.recipients import Directory
from notifications.emails.render import Parts
from notifications.intake.report import CompletionReport
from notifications.intake.token_limits import token_of
from notifications.models import Message, ReportConflict

# A tool that got stuck at one id refuses itself every few seconds: one email says so, the page has the rest.
AT_MOST_EVERY = timedelta(hours=1)
HEADERS = {"X-Mailadmin-Kind": "alert"}


def send_alert(conflict: ReportConflict, report: CompletionReport, by: Any) -> None:
    """Owe the email, in the transaction that keeps the conflict."""
    token, now = token_of(by), timezone.now()
    if token is None or not token.conflict_recipients or alerted_since(conflict.reported_by, now - AT_MOST_EVERY):
        return
    recipients = Recipients(to=Directory(token.conflict_recipients).addresses(token.conflict_recipients))
    mail = compose(f"Report refused: {report.name}", recipients, Parts(text(conflict, report)), HEADERS, now)
    conflict.message = outbox.put(mail, Message.Kind.ALERT, completion=conflict.completion)
    conflict.save(update_fields=["message"])


def alerted_since(reported_by: str, since: datetime) -> bool:
    return ReportConflict.objects.filter(reported_by=reported_by, first_at__gt=since).exclude(message=None).exists()


def text(conflict: ReportConflict, report: CompletionReport) -> str:
    stored = conflict.completion
    return "\n".join(
        [
            "A report was refused, because another one with the same source and ID is on record.",
            "No email was sent for it.",
            "",
            f"Source: {report.source}",
            f"ID: {report.id}",
            f"Refused: {report.name}, reported by {conflict.reported_by}",
            f"On record: {stored.name}, reported by {stored.reported_by} at {stored.received_at:%Y-%m-%d %H:%M:%S %Z}",
            "",
            "What differs:",
            *(f"- {each['field']}: {each['sent']} (on record: {each['stored']})" for each in conflict.differences),
            "",
            "If both are real, give each tool a source of its own, and limit its token to that source under",
            "System > API tokens. All refused reports are listed under Reports > Completions:",
            f"{settings.PUBLIC_URL}{reverse('report-conflicts')}",
            "",
        ]
    )
