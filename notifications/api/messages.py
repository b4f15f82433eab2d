"""What became of an email."""

from datetime import datetime
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import P, PathEx, Router, Schema
from pydantic import Field

from notifications.api.auth import ApiTokenAuth
from notifications.api.errors import ErrorBody
from notifications.api.schemas import one_of
from notifications.models import (
    Attempt,
    MailServerSettings,
    MailServerState,
    Message,
    Mode,
    Recipient,
    Restoration,
    Scope,
)
from notifications.snapshot import snapshot

router = Router(tags=["messages"])
MessageId = PathEx[UUID, P(description="One of the `messages` of a completion.")]


class RecipientState(Schema):
    """One address and its own outcome; `code` and `text` are the mail server's last reply about it."""

    address: str
    field: str = one_of(Recipient.Field)
    outcome: str = one_of(Recipient.Outcome)
    code: str
    text: str


class AttemptState(Schema):
    """One attempt; while it runs, `seconds` and `outcome` are null."""

    number: int
    started_at: datetime
    seconds: float | None
    mode: str = one_of(Mode)
    outcome: str | None = one_of(Attempt.Outcome, None)
    code: str
    text: str

    @staticmethod
    def resolve_outcome(attempt: Attempt) -> str | None:
        return attempt.outcome or None


class MessageState(Schema):
    """`held` says why a queued email is not sent until an administrator acts."""

    id: UUID = Field(alias="uuid")
    kind: str = one_of(Message.Kind)
    state: str = one_of(Message.State)
    held: str | None
    recipients: list[RecipientState]
    attempts: list[AttemptState]

    @staticmethod
    def resolve_held(message: Message) -> str | None:
        return held(message)


@router.get(
    "/messages/{uuid:message_id}",
    operation_id="get_message",
    summary="Follow an email",
    auth=ApiTokenAuth(Scope.READ),
    response={200: MessageState, (401, 403, 404, 429, 503): ErrorBody},
)
@snapshot()
def get_message(request: HttpRequest, message_id: MessageId) -> Message:
    """The state of one email, of each of its recipients, and of every attempt to send it."""
    return get_object_or_404(Message.objects.prefetch_related("recipients", "attempts"), uuid=message_id)


def held(message: Message) -> str | None:
    # A test brings its own settings and goes out while other mail is held.
    if message.state != Message.State.QUEUED or message.kind == Message.Kind.TEST:
        return None
    if Restoration.load().is_pending:
        return "This database was restored from a backup: an administrator decides which emails are sent"
    if not MailServerSettings.load().is_set_up:
        return "No mail server is set up"
    state = MailServerState.load()
    if not state.is_held:
        return None
    answer = " ".join(part for part in (state.held_code, state.held_text) if part)
    return f"{state.get_held_reason_display()}: {answer}" if answer else state.get_held_reason_display()
