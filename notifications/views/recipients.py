"""What a mail's page says of its recipients: the stored outcome, or that nothing more comes of it."""

from dataclasses import dataclass

from notifications.emails.recipients import recipients_of
from notifications.models import Attempt, Message, Recipient


@dataclass(frozen=True)
class Badge:
    """`state` as the panel's parts know it, `words` to read."""

    state: str
    words: str


NOT_SENT = Badge("off", "Not sent")
# A worker that died between the final dot and the answer, again and again: the server may have taken the mail.
NOT_KNOWN = Badge("ambiguous", "Not known")


def badge_of(outcome: str, message: Message) -> Badge:
    """Pending and deferred promise a next try, which a mail that is over does not have."""
    if message.is_open or outcome not in Recipient.OPEN:
        return Badge(outcome, Recipient.Outcome(outcome).label)
    return NOT_KNOWN if ended_unanswered(message) else NOT_SENT


def why_nobody(message: Message) -> str:
    """Of a mail that failed without a single recipient: who is missing, as far as its notification still says."""
    if message.state != Message.State.FAILED or message.recipients.exists():
        return ""
    if message.notification is None:
        return "There was nobody to send it to, and the notification that named the recipients is gone."
    recipients, left_out = recipients_of(message.notification)
    if recipients.rows():
        return "There was nobody to send it to. Its notification names recipients by now: Resend goes to them."
    return f"Nobody to send it to. {' '.join(left_out)} Mend that, then resend it."


def ended_unanswered(message: Message) -> bool:
    if message.state == Message.State.CANCELLED:
        return False
    last = message.attempts.order_by("-number").first()
    return last is not None and last.outcome == Attempt.Outcome.AMBIGUOUS


def totals(counts: dict[str, int], badges: dict[str, Badge]) -> list[Badge]:
    """One badge for each thing to say, with its number in front."""
    sums: dict[Badge, int] = {}
    for outcome, badge in badges.items():
        if counts.get(outcome):
            sums[badge] = sums.get(badge, 0) + counts[outcome]
    return [Badge(badge.state, f"{number:,} {badge.words.lower()}") for badge, number in sums.items()]
