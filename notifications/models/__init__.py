from notifications.models.api_token import ApiToken
from notifications.models.audit import AuditEvent
from notifications.models.completion import Completion, Outcome, TargetResult
from notifications.models.grant import AppToken, ConsentRequest, OAuthGrant
from notifications.models.mail_server import (
    HoldReason,
    MailServerSettings,
    MailServerState,
    Mode,
    Pace,
    Security,
    StaleVersion,
)
from notifications.models.message import Attempt, Message, Recipient
from notifications.models.notification import Notification

__all__ = [
    "ApiToken",
    "AppToken",
    "Attempt",
    "AuditEvent",
    "Completion",
    "ConsentRequest",
    "HoldReason",
    "MailServerSettings",
    "MailServerState",
    "Message",
    "Mode",
    "Notification",
    "OAuthGrant",
    "Outcome",
    "Pace",
    "Recipient",
    "Security",
    "StaleVersion",
    "TargetResult",
]
