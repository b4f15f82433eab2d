"""What the app of Graph mode may do, as far as its token tells. Advice: only Graph knows, so nothing here says no.

What RBAC for Applications grants in Exchange Online shows in no token.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from notifications.models import AppToken, MailServerSettings
from notifications.oauth.errors import OAuthFailure
from notifications.oauth.settings import graph_registration_of

SEND, READ_WRITE = "Mail.Send", "Mail.ReadWrite"


class Way(StrEnum):
    DRAFTS = "drafts"
    SEND_MAIL = "sendMail"
    UNKNOWN = "not known yet"


WORDS = {
    Way.DRAFTS: "Mails go by drafts: after a cut the draft is looked at before anything is sent again.",
    Way.SEND_MAIL: (
        "Mails go by sendMail: a mail that gets no answer is tried again, and may arrive twice; a mail has room for"
        " some 2 MB of attachments."
    ),
    Way.UNKNOWN: "Not known yet: the next mail tries a draft first.",
}
WAYS = {True: Way.DRAFTS, False: Way.SEND_MAIL, None: Way.UNKNOWN}


@dataclass(frozen=True)
class Permission:
    """`tone`: `ok`, `warning`, or `off` for what does not matter; `word` is for a badge."""

    name: str
    tone: str
    word: str
    sentence: str


OF_PEOPLE = Permission(
    "User.Read",
    "off",
    "not needed",
    "User.Read is not needed for an app: it is for people who sign in, and shows in no app's token.",
)


@dataclass(frozen=True)
class Permissions:
    """Of the token that the saved values were given; without one, `seen_at` is None and the list empty.

    `reason`: why the last fetch brought none.
    """

    seen_at: datetime | None = None
    good_until: datetime | None = None
    found: tuple[Permission, ...] = ()
    way: Way = Way.UNKNOWN
    reason: str = ""

    @property
    def way_in_words(self) -> str:
        return WORDS[self.way]


def permissions_of(saved: MailServerSettings) -> Permissions:
    row = AppToken.load()
    if not belongs_to(row, saved):
        return Permissions()
    if row.fetched_at is None:
        return Permissions(reason=row.reason)
    roles = row.roles.split()
    found = (sending(SEND in roles), drafting(READ_WRITE in roles, row.may_draft), OF_PEOPLE)
    return Permissions(row.fetched_at, row.expires_at, found, WAYS[row.may_draft], row.reason)


def belongs_to(row: AppToken, saved: MailServerSettings) -> bool:
    try:
        return graph_registration_of(saved).fingerprint == row.registration
    except OAuthFailure:
        return False


def sending(in_token: bool) -> Permission:
    if in_token:
        return Permission(SEND, "ok", "present", "Mail.Send is in the token: the app may send.")
    text = (
        "Mail.Send is not in the token. If RBAC for Applications grants it, that is as it should be, and a test mail"
        " goes out. Otherwise add it as Application permission and grant admin consent."
    )
    return Permission(SEND, "warning", "missing", text)


def drafting(in_token: bool, may_draft: bool | None) -> Permission:
    if in_token and may_draft is False:
        text = (
            "Mail.ReadWrite is in the token, and yet Graph let the app make no draft in the sender's mailbox: an access"
            " policy or RBAC for Applications may leave that mailbox out."
        )
        return Permission(READ_WRITE, "warning", "present, but refused", text)
    if in_token:
        text = "Mail.ReadWrite is in the token: the app may make drafts and send large attachments."
        return Permission(READ_WRITE, "ok", "present", text)
    if may_draft:
        text = "Mail.ReadWrite is not in the token, and yet drafts can be made: RBAC for Applications grants it."
        return Permission(READ_WRITE, "ok", "present", text)
    text = (
        "Mail.ReadWrite is not in the token. Unless RBAC for Applications grants it, nothing keeps a mail that was cut"
        " off from arriving twice, and some 2 MB of attachments are the most. Add it as Application permission and"
        " grant admin consent, if that matters."
    )
    return Permission(READ_WRITE, "warning", "missing", text)
