"""Change the code in one place at a time, and report which changes no test notices.

Runs in a virtual environment of its own with Cosmic Ray, and the tests in the project's. All of it takes days, so each
room is sampled: the same seed picks the same mutants as long as the code stays the same.
"""

import argparse
import logging
import os
import random
import shlex
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from cosmic_ray.commands.init import init
from cosmic_ray.mutating import mutate_and_test, mutate_code
from cosmic_ray.plugins import get_operator
from cosmic_ray.testing import run_tests
from cosmic_ray.util import read_python_source
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import MutationSpec, TestOutcome, WorkerOutcome, WorkResult

from tests.mutation.rooms import ROOMS, Room, Typing, copy_tracked_files

PROJECT = Path(__file__).resolve().parents[2]
PYTEST = (str(PROJECT / ".venv/bin/python"), "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider")
LEAST_SECONDS = 60


@dataclass(frozen=True)
class Survivor:
    spec: MutationSpec
    diff: str

    def __str__(self) -> str:
        return f"{self.spec.module_path}:{self.spec.start_pos[0]} {self.spec.operator_name}\n{self.diff}\n"


def main() -> None:
    arguments = parse()
    logging.disable(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="mailadmin-mutation-") as folder:
        copy_tracked_files(PROJECT, Path(folder))
        os.chdir(folder)
        rooms = [room for room in ROOMS if not arguments.only or room.code in arguments.only]
        with use_db("mutants.sqlite", WorkDB.Mode.create) as database:
            survivors = [each for room in rooms for each in run_room(room, database, arguments)]
    say(f"\n{len(survivors)} survived")
    for each in survivors:
        say(f"\n{each}")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog='make mutation ARGS="…"', description=__doc__)
    parser.add_argument("--sample", type=int, default=20, help="mutants per package; 0 means all (default: 20)")
    parser.add_argument("--timeout", type=float, help="seconds per mutant (default: three times what the tests need)")
    parser.add_argument("--near", action="store_true", help="run only the tests that import the changed module")
    parser.add_argument("--seed", type=int, default=1, help="which mutants (default: 1)")
    parser.add_argument(
        "--minutes", type=float, default=0, help="begin no mutant of a package after this many; 0: no end"
    )
    parser.add_argument(
        "--only", action="append", choices=[room.code for room in ROOMS], help="this package (repeatable)"
    )
    return parser.parse_args()


def run_room(room: Room, database: WorkDB, arguments: argparse.Namespace) -> list[Survivor]:
    """Try a sample of the room's mutants, print what became of them, and return those that survived."""
    mutants, everything = sample(room, database, arguments)
    usual = usual_timeout(room, near=arguments.near)
    timeout = arguments.timeout or usual
    begin = time.monotonic()
    found: list[Survivor] = []
    counts: Counter[str] = Counter()
    for mutant in mutants:
        if arguments.minutes and time.monotonic() - begin > arguments.minutes * 60:
            break
        result = mutate_and_test([mutant], command(room, mutant.module_path, near=arguments.near), timeout)
        outcome = named(result)
        counts[outcome] += 1
        say(f"{outcome:9} {mutant.module_path}:{mutant.start_pos[0]} {mutant.operator_name} {failed_test(result)}")
        if outcome == "survived":
            found.append(Survivor(mutant, result.diff or ""))
    caught, tried = counts["caught"] + counts["timed out"], counts.total()
    share = f"{caught / tried:.0%}" if tried else "none tried"
    say(
        f"{room.code}: {caught} of {tried} caught ({share}; {counts['timed out']} by the time limit), "
        f"{counts['survived']} survived; {everything} places"
    )
    return found


def usual_timeout(room: Room, *, near: bool) -> float:
    """Return the time limit, from a run without any mutant; a test that fails anyway would seem to catch them all."""
    begin = time.monotonic()
    outcome, output = run_tests(command(room, *room.modules, near=near), None)
    if outcome is not TestOutcome.SURVIVED:
        sys.exit(f"{room.tests} fails without any mutant:\n{output}")
    return max(LEAST_SECONDS, 3 * (time.monotonic() - begin))


def named(result: WorkResult) -> str:
    if result.worker_outcome is not WorkerOutcome.NORMAL or result.test_outcome is TestOutcome.INCOMPETENT:
        sys.exit(f"A mutant could not be tried:\n{result.output}")
    if result.test_outcome is TestOutcome.SURVIVED:
        return "survived"
    return "timed out" if result.output == "timeout" else "caught"


def failed_test(result: WorkResult) -> str:
    """Return the test that caught the mutant, so that one which fails anyway is seen by its name."""
    lines = (result.output or "").splitlines()
    return next((line.split()[1] for line in lines if line.startswith(("FAILED ", "ERROR "))), "")


def sample(room: Room, database: WorkDB, arguments: argparse.Namespace) -> tuple[Iterator[MutationSpec], int]:
    """Return the mutants to try, one a place, and the number of places."""
    init(room.modules, database, {})
    typing = {str(module): Typing(module) for module in room.modules}
    places: dict[tuple[str, tuple[int, int], str], list[MutationSpec]] = {}
    for item in database.work_items:
        spec = item.mutations[0]
        if not typing[str(spec.module_path)].covers(spec.start_pos):
            # What is replaced, without what replaces it: else one operator outweighs a dozen conditions.
            kind = spec.operator_name.split("_")[0]
            places.setdefault((str(spec.module_path), spec.start_pos, kind), []).append(spec)
    chance = random.Random(arguments.seed)
    chosen = [chance.choice(ordered(places[place])) for place in sorted(places)]
    chance.shuffle(chosen)
    return islice(filter(is_python, chosen), arguments.sample or None), len(chosen)


def ordered(specs: list[MutationSpec]) -> list[MutationSpec]:
    return sorted(specs, key=lambda each: (each.operator_name, each.occurrence))


def is_python(spec: MutationSpec) -> bool:
    """Return whether the mutant compiles: one that does not is caught by no test's merit."""
    operator = get_operator(spec.operator_name)()
    try:
        code = mutate_code(read_python_source(spec.module_path), operator, spec.occurrence)
        compile(code or "", str(spec.module_path), "exec")
    except (SyntaxError, AttributeError):  # the latter from Cosmic Ray, for the dotted name of an exception
        return False
    return code is not None


def command(room: Room, *modules: Path, near: bool) -> str:
    tests = dict.fromkeys(test for module in modules for test in room.tests_of(module, near=near))
    return shlex.join([*PYTEST, *tests])


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
