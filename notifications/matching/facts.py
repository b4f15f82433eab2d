"""What the conditions ask about a completion, found out once for all notifications, and only if one asks."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property

from django.db.models import Count
from django.utils import timezone

from notifications.matching.globs import Names
from notifications.models import Completion, Outcome, TargetResult


class Targets:
    """The targets of some completions, by the completion's key: one query for the counts, and one for the names."""

    def __init__(self, completions: Iterable[Completion]) -> None:
        keys = [completion.pk for completion in completions if completion.pk]
        self._rows = TargetResult.objects.filter(completion__in=keys).order_by()

    @cached_property
    def counts(self) -> dict[int, Counter[str]]:
        counts: dict[int, Counter[str]] = defaultdict(Counter)
        for key, outcome, count in self._rows.values_list("completion", "outcome").annotate(count=Count("pk")):
            counts[key][outcome] = count
        return counts

    @cached_property
    def names(self) -> dict[int, Names]:
        names: dict[int, list[str]] = defaultdict(list)
        for key, name in self._rows.values_list("completion", "name").iterator():
            names[key].append(name)
        return {key: Names(found) for key, found in names.items()}


class Facts:
    def __init__(self, completion: Completion, targets: Targets | None = None) -> None:
        self.completion = completion
        self.outcome = Outcome(completion.outcome)
        # By the server's clock: what the tools' clocks say may be years off.
        self.at = completion.received_at or timezone.now()
        self._targets = targets or Targets([completion])

    @cached_property
    def minutes(self) -> float | None:
        started, finished = self.completion.started_at, self.completion.finished_at
        return (finished - started).total_seconds() / 60 if started and finished else None

    @cached_property
    def total(self) -> int:
        return sum(self._counts.values())

    @cached_property
    def failed(self) -> int:
        return sum(count for outcome, count in self._counts.items() if Outcome(outcome).is_failure)

    @cached_property
    def names(self) -> Names:
        return self._targets.names.get(self.completion.pk) or Names([])

    @cached_property
    def _counts(self) -> Counter[str]:
        return self._targets.counts.get(self.completion.pk) or Counter()


def facts_of(completions: Sequence[Completion]) -> list[Facts]:
    """Of all of them together: no more queries for fifty than for one."""
    targets = Targets(completions)
    return [Facts(completion, targets) for completion in completions]
