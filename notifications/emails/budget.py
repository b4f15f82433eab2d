"""How much a template may cost: whoever writes one is trusted with words, not with the worker's time."""

import time
from dataclasses import dataclass
from typing import Any, cast

from django.template import Context


class TooMuch(Exception):
    """A sentence that says of what."""


@dataclass
class Budget:
    """Spent with everything that is written and with every round of a loop; TooMuch ends the rendering.

    `seconds` are the processor's, of this thread: a busy machine is no fault of the template's.
    """

    characters: int
    rounds: int
    seconds: float

    def __post_init__(self) -> None:
        self._limits = f"{self.characters:,} characters", f"{self.rounds:,} rounds"
        self._ends = time.thread_time() + self.seconds

    def write(self, text: str) -> None:
        self.characters -= len(text)
        if self.characters < 0:
            raise TooMuch(f"It makes more than {self._limits[0]}.")
        self._look_at_the_clock()

    def begin_round(self) -> None:
        self.rounds -= 1
        if self.rounds < 0:
            raise TooMuch(f"Its loops go on for more than {self._limits[1]}.")
        self._look_at_the_clock()

    def _look_at_the_clock(self) -> None:
        if time.thread_time() > self._ends:
            raise TooMuch(f"It takes longer than {self.seconds:g} s.")


class Metered(Context):
    """Values, and what there is to spend on them."""

    def __init__(self, values: dict[str, Any], budget: Budget, *, autoescape: bool) -> None:
        super().__init__(values, autoescape=autoescape)
        self.budget = budget


def budget_of(context: Context) -> Budget:
    return cast(Metered, context).budget
