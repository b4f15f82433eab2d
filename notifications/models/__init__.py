from notifications.models.api_token import ApiToken, Scope
from notifications.models.attempt import Attempt, AttemptReport
from notifications.models.audit import AuditEvent, AuditHead
from notifications.models.browser_session import BrowserSession
from notifications.models.bulk_job import BulkItem, BulkJob, BulkResult
from notifications.models.completion import Completion, Outcome, Series, TargetResult
from notifications.models.digest import DigestEntry
from notifications.models.grant import AppToken, ConsentRequest, OAuthGrant
from notifications.models.housekeeping_run import HousekeepingRun
from notifications.models.identity import Identity
from notifications.models.invitation import Invitation
from notifications.models.mail_day import MailDay
from notifications.models.mail_server import MailServerSettings, Mode, Pace, Security, StaleVersion
from notifications.models.mail_server_state import HoldReason, MailServerState
from notifications.models.message import Message
from notifications.models.notification import Day, Digest, History, Notification, OutsideHours
from notifications.models.open_connection import OpenConnection
from notifications.models.people import LastAdministrator
from notifications.models.rate_counter import RateCounter
from notifications.models.recipient import Recipient
from notifications.models.report_conflict import ReportConflict
from notifications.models.restoration import Restoration
from notifications.models.safety import Safety

__all__ = [
    "ApiToken",
    "AppToken",
    "Attempt",
    "AttemptReport",
    "AuditEvent",
    "AuditHead",
    "BrowserSession",
    "BulkItem",
    "BulkJob",
    "BulkResult",
    "Completion",
    "ConsentRequest",
    "Day",
    "Digest",
    "DigestEntry",
    "History",
    "HoldReason",
    "HousekeepingRun",
    "Identity",
    "Invitation",
    "LastAdministrator",
    "MailDay",
    "MailServerSettings",
    "MailServerState",
    "Message",
    "Mode",
    "Notification",
    "OAuthGrant",
    "OpenConnection",
    "Outcome",
    "OutsideHours",
    "Pace",
    "RateCounter",
    "Recipient",
    "ReportConflict",
    "Restoration",
    "Safety",
    "Scope",
    "Security",
    "Series",
    "StaleVersion",
    "TargetResult",
]
