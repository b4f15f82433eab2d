"""The choice of mutants and of the tests that must notice them."""

from pathlib import Path

import pytest

from tests.mutation.rooms import ROOMS, Room, Typing

PROJECT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.code)
def test_every_room_has_code_and_tests(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)
    assert room.modules
    assert all(room.tests_of(module) for module in room.modules)


def test_tests_that_import_the_module_come_first_and_none_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)
    room = Room("notifications/delivery", "tests/delivery")
    tests = room.tests_of(Path("notifications/delivery/leases.py"))
    assert tests[0] == "tests/delivery/test_leases.py"
    assert sorted(tests) == sorted(str(path) for path in Path("tests/delivery").glob("test_*.py"))


def test_annotations_are_not_mutated(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text("limit: int | None = 3 | 4\n\n\ndef half(of: int | None) -> int | None:\n    return of | 1\n")
    typing = Typing(module)
    assert [typing.covers(place) for place in ((1, 11), (4, 17), (4, 31))] == [True, True, True]
    assert [typing.covers(place) for place in ((1, 22), (5, 14))] == [False, False]


def test_near_tests_are_those_that_import_the_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)
    room = Room("notifications/oauth/tokens.py", "tests/oauth")
    near = room.tests_of(room.modules[0], near=True)
    assert near[0] == "tests/oauth/test_tokens.py"
    assert all("notifications.oauth.tokens" in Path(test).read_text() for test in near[1:])
    assert len(near) < len(room.tests_of(room.modules[0]))
