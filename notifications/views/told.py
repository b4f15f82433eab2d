"""Which completions a mail of many tells of."""

from collections.abc import Sequence
from dataclasses import dataclass

from notifications.models import Completion, Message

SHOWN = 100
# A mail that was sent again tells of what the first one did; nobody resends more often in a row than this.
STEPS_BACK = 20


@dataclass(frozen=True)
class Told:
    count: int
    first: Sequence[Completion]

    @property
    def more(self) -> int:
        return self.count - len(self.first)


def told_by(message: Message) -> Told:
    original = message
    for _ in range(STEPS_BACK):
        if original.resend_of is None:
            break
        original = original.resend_of
    completions = Completion.objects.filter(digest_entries__message=original).order_by("id")
    return Told(completions.count(), list(completions[:SHOWN]))
