"""A completion, its targets and a notification, and a mail read back as its reader's program would."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from notifications.emails.mail import Mail
from notifications.models import Completion, Notification, TargetResult

NOW = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)


def completion(**values: Any) -> Completion:
    told = {
        "kind": "deployment",
        "source": "PDQ Deploy",
        "name": "7-Zip 24.08 to Lab",
        "package": "7-Zip",
        "version": "24.08",
        "outcome": "failed",
        "started_at": NOW - timedelta(minutes=5),
        "finished_at": NOW - timedelta(seconds=48),
        "user": r"CORP\deploy-svc",
        "url": "https://tool.example/12345?a=1&b=2",
    }
    return Completion(**{**told, **values})


def targets(*outcomes: str, **values: Any) -> list[TargetResult]:
    return [
        TargetResult(**{"position": place, "name": f"PC-{place:03}", "outcome": outcome, **values})
        for place, outcome in enumerate(outcomes)
    ]


def notification(**values: Any) -> Notification:
    return Notification(**{"name": "Failures to operations", "to": ["Operations <ops@example.com>"], **values})


def read(mail: Mail) -> EmailMessage:
    return message_from_bytes(mail.content, policy=policy.default)


def text_of(mail: Mail) -> str:
    return part_of(mail, "plain")


def html_of(mail: Mail) -> str:
    return part_of(mail, "html")


def part_of(mail: Mail, subtype: str) -> str:
    body = read(mail).get_body((subtype,))
    assert body is not None
    return str(body.get_content())
