"""How much a template may cost: its author is trusted with words, not with the worker's time and memory."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from django.template import Context

# Characters of one value that a filter builds. Python keeps a text in up to four octets a character: 1 MB.
VALUE_LIMIT = 250_000
# Characters of all values that are named at the same time.
VALUES_LIMIT = 4 * VALUE_LIMIT
NO_MEMORY = "It needs more memory than this machine has left."


class TooMuch(Exception):
    """A sentence that says of what."""


@dataclass
class Budget:
    """Spent with every value, everything that is written and every round of a loop; TooMuch ends the rendering.

    `seconds` are the processor's, of this thread: a busy machine is no fault of the template's. They count from
    `since`, so that the templates of one email share them. `fault` keeps the first reason, because a condition
    (`{% if %}`) swallows every exception.
    """

    characters: int
    rounds: int
    seconds: float
    since: float = field(default_factory=time.thread_time)
    named: int = VALUES_LIMIT
    fault: str = field(default="", init=False)

    def __post_init__(self) -> None:
        self._limits = f"{self.characters:,} characters", f"{self.rounds:,} rounds"

    def write(self, text: str) -> None:
        self.characters -= len(text)
        if self.characters < 0:
            raise self._exhausted(f"It makes more than {self._limits[0]}.")
        self.check_time()

    def begin_round(self) -> None:
        self.rounds -= 1
        if self.rounds < 0:
            raise self._exhausted(f"Its loops go on for more than {self._limits[1]}.")
        self.check_time()

    def check_time(self) -> None:
        if time.thread_time() > self.since + self.seconds:
            raise self._exhausted(f"It takes longer than {self.seconds:g} s.")

    @contextmanager
    def spending(self) -> Iterator[None]:
        """Note why a value could not be built."""
        try:
            yield
        except TooMuch as error:
            raise self._exhausted(str(error)) from error
        except MemoryError as error:
            raise self._exhausted(NO_MEMORY) from error

    @contextmanager
    def holding(self, value: object) -> Iterator[None]:
        """Count a value for as long as it has a name."""
        size = len(value) if isinstance(value, str) else 0
        self.named -= size
        if self.named < 0:
            raise self._exhausted(f"Its named values have more than {VALUES_LIMIT:,} characters together.")
        yield
        self.named += size

    def _exhausted(self, sentence: str) -> TooMuch:
        self.fault = self.fault or sentence
        return TooMuch(sentence)


def check_value(characters: int) -> None:
    """Raise TooMuch for a value of more characters than one may have; asked before it is built where that is known."""
    if characters > VALUE_LIMIT:
        raise TooMuch(f"One of its values has more than {VALUE_LIMIT:,} characters.")


class Metered(Context):
    """Values, and what there is to spend on them."""

    def __init__(self, values: dict[str, Any], budget: Budget, *, autoescape: bool) -> None:
        super().__init__(values, autoescape=autoescape)
        self.budget = budget


def budget_of(context: Context) -> Budget:
    return cast(Metered, context).budget
