"""First failure, still failing, recovered: what a completion means after those before it in its series."""

from notifications.matching.facts import Facts
from notifications.models import History, Notification, Outcome


def history(notification: Notification, facts: Facts) -> str:
    wanted = notification.history
    if not wanted:
        return ""
    found = history_of(facts.outcome, facts.completion.failures_before)
    if found not in wanted:
        return f"It is for {in_words(wanted)}; {told(facts)}."
    every = notification.still_failing_every or 1
    if found == History.STILL_FAILING and facts.completion.failures_before % every:
        return f"It tells of every {ordinal(every)} failure after the first; {told(facts)}."
    return ""


def history_of(outcome: Outcome, failures_before: int) -> History | None:
    """None for a success after none but successes, and for a cancelled one: it neither fails nor recovers."""
    if outcome.is_failure:
        return History.STILL_FAILING if failures_before else History.FIRST_FAILURE
    return History.RECOVERED if outcome is Outcome.SUCCESS and failures_before else None


def in_words(wanted: list[str]) -> str:
    labels = [history.label.lower() for history in History if history in wanted]
    return f"“{'” or “'.join(labels)}”" if labels else "nothing that is known here"


def told(facts: Facts) -> str:
    before = facts.completion.failures_before
    if facts.outcome is Outcome.CANCELLED:
        return "this one was cancelled, which neither fails nor recovers"
    if not facts.outcome.is_failure:
        return "this is the first success after a failure" if before else "no failure came right before this success"
    return f"this is the {ordinal(before)} after the first" if before else "this is the first failure"


def ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{ending}"
