"""How an outcome looks: its word, its mark for those who see no colours, and its colours."""

from dataclasses import dataclass

from notifications.models import Outcome


@dataclass(frozen=True)
class Look:
    word: str
    mark: str
    colour: str  # carries white text, and is read on white: at least 4.5 to 1 both ways
    order: int  # failures first


LOOKS = {
    Outcome.FAILED: Look("Failed", "✕", "#b42318", 0),
    Outcome.PARTIAL: Look("Partly failed", "!", "#b54708", 1),
    Outcome.CANCELLED: Look("Cancelled", "–", "#475467", 2),
    Outcome.SUCCESS: Look("Success", "✓", "#067647", 3),
}
