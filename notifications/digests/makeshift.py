"""The digest that goes out when the designed one cannot be made: every completion, a line each."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from notifications.emails.compose import compose
from notifications.emails.headers import one_line
from notifications.emails.mail import Mail
from notifications.emails.recipients import recipients_of
from notifications.emails.render import Parts
from notifications.models import Completion, Notification, Outcome

MOST_LINES = 1000


def makeshift_digest(
    notification: Notification, completions: Sequence[Completion], error: Exception, now: datetime
) -> Mail:
    recipients, _ = recipients_of(notification)
    counts = Counter(completion.outcome for completion in completions)
    said = ", ".join(f"{counts[outcome]} {outcome.label.lower()}" for outcome in Outcome if counts[outcome])
    subject = f"{len(completions)} completions: {said}"
    return compose(subject, recipients, Parts(text(notification, completions, error)), {}, now)


def text(notification: Notification, completions: Sequence[Completion], error: Exception) -> str:
    lines = [f"{each.get_outcome_display()}: {one_line(each.name, 200)}" for each in completions[:MOST_LINES]]
    left = len(completions) - len(lines)
    excuse = (
        f"This mail of the notification “{notification.name}” is so short because its usual form could not be made "
        f"({type(error).__name__}). Everything is listed in the panel under Reports > Completions."
    )
    return "\n".join([*lines, *([f"and {left} more"] if left else []), "", excuse, ""])
