"""What is mutated, and the tests that must notice."""

import ast
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Room:
    """Code and the folder of its tests, both relative to the project."""

    code: str
    tests: str

    @property
    def modules(self) -> list[Path]:
        path = Path(self.code)
        return [path] if path.is_file() else sorted(each for each in path.glob("*.py") if each.name != "__init__.py")

    def tests_of(self, module: Path, *, near: bool = False) -> list[str]:
        """Return all test files of the room; those that import the module come first, since they fail soonest.

        With `near`, only those: a module that none imports still has all.
        """
        files = sorted(Path(self.tests).glob("test_*.py"), key=lambda each: rank(each, module))
        close = [each for each in files if rank(each, module)[:2] != (True, True)]
        return [str(each) for each in (close if near and close else files)]


ROOMS = (
    Room("notifications/delivery", "tests/delivery"),
    Room("notifications/backends", "tests/backends"),
    Room("notifications/matching", "tests/matching"),
    Room("notifications/intake", "tests/intake"),
    Room("notifications/oauth/tokens.py", "tests/oauth"),
)


def rank(test: Path, module: Path) -> tuple[bool, bool, str]:
    dotted = ".".join(module.with_suffix("").parts)
    text = test.read_text(encoding="utf-8")
    is_near = dotted in text or f"from {dotted.rpartition('.')[0]} import {module.stem}" in text
    return (test.stem != f"test_{module.stem}", not is_near, str(test))


def copy_tracked_files(project: Path, target: Path) -> None:
    """Copy what git tracks, as it is in the work tree, so that no mutant is ever written there."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=project, check=True, capture_output=True).stdout.decode()
    for name in filter(None, names.split("\0")):
        source, copy = project / name, target / name
        if source.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(source.read_bytes())
    installed = Path("tests/peers/node_modules")
    if (project / installed).exists():
        (target / installed).symlink_to(project / installed)


class Typing:
    """The places in a module where a mutant changes nothing that runs: annotations."""

    def __init__(self, module: Path) -> None:
        self.spans = [span(each) for each in self._annotations(ast.parse(module.read_text(encoding="utf-8")))]

    def covers(self, position: tuple[int, int]) -> bool:
        return any(start <= position < end for start, end in self.spans)

    @staticmethod
    def _annotations(tree: ast.AST) -> Iterable[ast.expr]:
        for node in ast.walk(tree):
            if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation is not None:
                yield node.annotation
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns is not None:
                yield node.returns


def span(node: ast.expr) -> tuple[tuple[int, int], tuple[int, int]]:
    return (node.lineno, node.col_offset), (node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)
