"""One test email told as steps, from what its attempt left on record."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils import timezone

from notifications.diagnosis import Explanation, explain
from notifications.models import Attempt, Message
from notifications.snapshot import snapshot
from notifications.templatetags.attempt_words import outcome_words

STEP = re.compile(r"\s*[\d.]+ \* (?P<text>.+)")
PATIENCE = timedelta(seconds=12)


@dataclass(frozen=True)
class Step:
    state: str
    text: str
    moment: datetime | None = None


@dataclass(frozen=True)
class TestStory:
    """`is_pending`: there is more to come within seconds, so the page asks again."""

    __test__ = False

    message: Message
    attempt: Attempt | None

    @property
    def is_pending(self) -> bool:
        return self.message.is_open and not self.is_tried

    @property
    def is_tried(self) -> bool:
        return self.attempt is not None and self.attempt.finished_at is not None

    @property
    def is_accepted(self) -> bool:
        return self.message.state == Message.State.SENT

    @property
    def is_unsaved(self) -> bool:
        return self.attempt is not None and self.attempt.settings_version == Attempt.UNSAVED

    @property
    def waits_for_a_worker(self) -> bool:
        return self.attempt is None and self.is_pending and timezone.now() - self.message.created_at > PATIENCE

    @property
    def explanation(self) -> Explanation | None:
        if not self.is_tried or self.is_accepted or self.attempt is None:
            return None
        return explained(self.attempt)

    @property
    def steps(self) -> list[Step]:
        steps = [Step("ok", "queued", self.message.created_at)]
        if self.attempt is None:
            waiting = Step("active", "waiting for a worker")
            return [*steps, waiting if self.message.is_open else Step("cancelled", self.message.get_state_display())]
        told = [Step("ok", text) for text in told_steps(self.attempt.transcript)]
        return [*steps, *told, *self._last_steps(self.attempt)]

    def _last_steps(self, attempt: Attempt) -> list[Step]:
        if not self.is_tried:
            return [Step("active", "talking to the mail server")]
        if self.is_accepted:
            return []
        reply = " ".join(part for part in (attempt.code, attempt.text) if part)
        return [Step("failed", f"{outcome_words(attempt).lower()}: {reply}".removesuffix(": "))]


@snapshot()
def story_of(uuid: UUID) -> TestStory:
    """Raises Http404 for what is no test."""
    message = get_object_or_404(Message, uuid=uuid, kind=Message.Kind.TEST)
    return TestStory(message, message.attempts.last())


def explained(attempt: Attempt) -> Explanation:
    return explain(attempt.code, attempt.text, attempt.mode)


def told_steps(transcript: str) -> list[str]:
    return [match["text"] for line in transcript.splitlines() if (match := STEP.fullmatch(line))]
