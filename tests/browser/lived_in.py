"""A panel after some weeks: every state that a page can show, put there by the panel's own shell.

`panel.shell("from tests.browser import lived_in; lived_in.fill()")` prints the addresses' parts as JSON. Mail is held
and paused at the end, so that every page bears its banners.
"""

import json
import sys
from datetime import date, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from notifications.access import Role
from notifications.capture import store
from notifications.models import (
    ApiToken,
    Attempt,
    AttemptReport,
    BulkJob,
    BulkResult,
    Completion,
    HoldReason,
    Invitation,
    MailServerState,
    Message,
    Notification,
    Outcome,
    Recipient,
    ReportConflict,
    Safety,
)
from tests import base

LONG = "Adobe Creative Cloud Enterprise, with every plug-in that anybody ever asked for, to the design studios"
TRANSCRIPT = (
    "> EHLO panel\n< 250-mail.contoso.test\n< 250 STARTTLS\n> RCPT TO:<ops@peer.test>\n< 550 5.1.1 User unknown"
)
WARNINGS = [
    {"field": "finished_at", "message": "is before started_at and was left out"},
    {"field": "targets[17].name", "message": "is longer than 300 characters and was cut"},
]
LIMITS = {
    "sources": ["pdq", "inventory-*"],
    "link_hosts": ["*.contoso.test"],
    "reports_per_minute": 600,
    "expires_on": timezone.localdate() + timedelta(days=7),
    "conflict_recipients": ["Operations <ops@contoso.test>"],
}
DIFFERENCES = [
    {"field": "outcome", "stored": "failed", "sent": "success"},
    {"field": "url", "stored": "https://pdq.contoso.test/1", "sent": ""},
    {"field": "targets[1]", "stored": "PC-002, failed, 12.5 s, exit code 1603", "sent": "PC-002, success, 3 s"},
]


def fill() -> None:
    ada = User.objects.get(username="ada")
    for person in (base.operator, base.viewer, base.outsider):
        person()
    known = set_up(ada) | reported() | mailed() | system(ada)
    Safety.load().change({"paused": True, "allowed_domains": ["contoso.test"]}, by=ada)
    MailServerState.load().hold(HoldReason.SIGN_IN, "535 5.7.8", "authentication failed")
    sys.stdout.write(json.dumps(known))


def set_up(ada: User) -> dict[str, str]:
    saved = base.use_smtp(host="127.0.0.1", port=1, user="deploy", password="secret", allow_clear_password=True)
    more = {
        "oauth2_client_id": "app",
        "oauth2_redirect_uri": "http://localhost:63766",
        "oauth2_sender": base.SENDER,
        "graph_client_id": "app",
        "graph_tenant_id": "contoso.test",
        "graph_client_secret": "secret",
        "graph_sender": base.SENDER,
    }
    saved.save_version(more, seen=saved.version, by=ada)
    rule = base.a_notification(
        name="Failures at night, as one mail",
        outcomes=["failed", "partial"],
        history=["first_failure", "still_failing"],
        name_glob="*Lab*",
        days=["mon", "sun"],
        hours_from="18:00",
        hours_until="06:00",
        time_zone="Europe/Berlin",
        cc=["Operations <ops@contoso.test>"],
        digest="daily",
        digest_at="07:00",
        subject_template="{{ name }} {{ outcome }}",
        text_template="{{ nothing",
        template_error="Line 1: a variable is not closed.",
    )
    base.a_notification(name=LONG, enabled=False, throttle_count=3, throttle_minutes=10)
    return {"notification": str(rule.pk)}


def reported() -> dict[str, str]:
    targets = {"PC-001": Outcome.SUCCESS, "PC-002.berlin.contoso.test": Outcome.FAILED}
    for number in range(60):
        base.a_completion({"PC-001": Outcome.SUCCESS}, outcome=Outcome.values[number % len(Outcome.values)])
    schedule = base.a_completion(name=LONG, kind=Completion.Kind.SCHEDULE, schedule="Every Sunday at 3", user="ada")
    found = base.a_completion(targets, outcome=Outcome.FAILED, url="https://pdq.contoso.test/1", user="ada")
    found.targets.update(detail="exit code 1603: fatal error during installation", seconds=12.5)
    Completion.objects.filter(pk=found.pk).update(warnings=WARNINGS)
    for number, differences in enumerate((DIFFERENCES, DIFFERENCES[:1])):
        columns = {"digest": str(number), "count": 1 + 41 * number, "differences": differences}
        ReportConflict.objects.create(completion=found, reported_by="API token Jenkins on build-7 (ma_x…)", **columns)
    return {"completion": str(found.uuid), "schedule": str(schedule.uuid)}


def mailed() -> dict[str, str]:
    """One mail in each state, and what is said of each."""
    rule = Notification.objects.get(name=LONG)
    for number, completion in enumerate(Completion.objects.all()[:14]):
        one(("accepted", "250", "Ok"), completion=completion, notification=rule, days_ago=number % 12)
    sent = one(("accepted", "250 2.0.0", "Ok: queued as ABC"))
    for number in range(120):
        sent.recipients.create(address=f"person{number}@contoso.test", field="cc", outcome="accepted", code="250")
    partly = one(("accepted", "250", "Ok"), ("refused", "550 5.1.1", "User unknown"))
    failed = one(("refused", "550 5.7.60", "Client does not have permissions to send as this sender"))
    one(("deferred", "451 4.7.500", "Server busy")).requeue(timezone.now() + timedelta(minutes=10))
    waiting = Message.objects.order_by("-id")[0]
    with transaction.atomic():
        base.begin_attempt(base.a_message(kind=Message.Kind.TEST), mode="basic", settings_version=1, worker="host:42")
    sending = Message.objects.order_by("-id")[0]
    with transaction.atomic():
        base.a_message(kind=Message.Kind.DIGEST).cancel()
    named = {"sent": sent, "partly": partly, "failed": failed, "waiting": waiting, "sending": sending}
    return {name: str(message.uuid) for name, message in named.items()}


def one(*results: tuple[str, str, str], days_ago: int = 0, **about: object) -> Message:
    """A mail that was tried, with a recipient for each of `results`: outcome, code, text."""
    now = timezone.now() - timedelta(days=days_ago)
    with transaction.atomic():
        message = base.a_message(*[f"ops{number}@peer.test" for number in range(len(results))], **about)
        attempt = base.begin_attempt(message, mode="basic", settings_version=7, worker="host:42")
        assert attempt
        worst, code, text = results[-1]
        attempt.finish(Attempt.Outcome(worst), AttemptReport(code=code, text=text, transcript=TRANSCRIPT))
        for recipient, (outcome, its_code, its_text) in zip(message.recipients.all(), results, strict=True):
            columns = {"outcome": outcome, "code": its_code, "text": its_text, "changed_at": now}
            Recipient.objects.filter(pk=recipient.pk).update(**columns)
        message.settle()
        Message.objects.filter(pk=message.pk).update(created_at=now - timedelta(seconds=3), finished_at=now)
    return message


def system(ada: User) -> dict[str, str]:
    token, _ = ApiToken.issue("PDQ Deploy on the build machine", ["report"], by=ada, **LIMITS)
    Completion.objects.filter(conflicts__isnull=False).update(reported_by=f"API token {token}")
    ApiToken.objects.filter(pk=token.pk).update(last_used_at=timezone.now())
    ApiToken.issue("Ansible", by=ada, expires_on=date(2020, 1, 1))
    revoked, _ = ApiToken.issue("Jenkins", ["report", "read", "manage"], by=ada)
    revoked.revoke(by=ada)
    Invitation.issue("Grace", Role.OPERATOR, by=ada)
    gone, _ = Invitation.issue("Edsger", Role.VIEWER, by=ada)
    gone.revoke(by=ada)
    job = BulkJob.objects.create(
        kind="resend", by=ada, filter="failed, today", total=3, done=1, skipped=1, failed=1, error="550 5.1.1 no such"
    )
    job.finish()
    BulkResult.objects.create(job=job, message=Message.objects.latest("id"))
    mail = base.a_mail(subject=LONG)
    key = store.add("sender@contoso.test", ["ops@peer.test"], b"From: sender@contoso.test\r\n" + mail.content)
    olga = User.objects.get(username="olga")
    return {"token": str(token.pk), "job": str(job.uuid), "caught": key, "person": str(olga.pk), "self": str(ada.pk)}
