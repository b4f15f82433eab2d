"""How many of which outcome, for the bar and for the subject."""

from collections.abc import Mapping
from dataclasses import dataclass

from notifications.emails.looks import LOOKS, Look
from notifications.models import Outcome


@dataclass(frozen=True)
class Share:
    """A piece of the bar; `percent` is at least 1, so that one failure in a thousand is seen."""

    outcome: str
    look: Look
    count: int
    percent: int

    @property
    def count_text(self) -> str:
        return f"{self.count:,}"

    @property
    def bar(self) -> str:
        """For the plain text: 25 characters are the whole."""
        return "#" * max(1, self.percent // 4)


def shares(counts: Mapping[str, int]) -> list[Share]:
    """Success first, as bars are read."""
    present = [outcome for outcome in reversed(LOOKS) if counts.get(outcome)]
    if not present:
        return []
    total = sum(counts[outcome] for outcome in present)
    percents = {outcome: max(1, counts[outcome] * 100 // total) for outcome in present}
    # Rounding goes to the largest piece, which shows it least.
    percents[max(present, key=counts.__getitem__)] += 100 - sum(percents.values())
    return [Share(outcome, LOOKS[outcome], counts[outcome], percents[outcome]) for outcome in present]


def counted_outcomes(counts: Mapping[str, int]) -> str:
    """`3 failed, 1 partly failed, 9 succeeded`"""
    words = {outcome: look.word.lower() for outcome, look in LOOKS.items()} | {Outcome.SUCCESS: "succeeded"}
    return ", ".join(f"{counts[outcome]:,} {words[outcome]}" for outcome in LOOKS if counts.get(outcome))


def counted_failures(counts: Mapping[str, int]) -> int:
    return counts.get(Outcome.FAILED, 0) + counts.get(Outcome.PARTIAL, 0)
