from pathlib import Path

import pytest

from supervisor import clock_watch
from supervisor.clock_watch import ClockWatch, Jump, in_words
from supervisor.supervisor import Supervisor


class Clocks:
    def __init__(self) -> None:
        self.wall, self.steady = 1_800_000_000.0, 100.0

    def pass_by(self, seconds: float, wall: float | None = None) -> None:
        self.steady += seconds
        self.wall += seconds if wall is None else wall


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def watch(clocks: Clocks) -> ClockWatch:
    return ClockWatch(wall=lambda: clocks.wall, steady=lambda: clocks.steady)


@pytest.mark.parametrize("seconds", [-864_000.0, -3600.0, -31.0, 31.0, 7200.0])
def test_a_clock_that_was_set_is_noticed_once(clocks: Clocks, watch: ClockWatch, seconds: float) -> None:
    clocks.pass_by(10, wall=10 + seconds)
    found = watch.jump()
    assert found == Jump(at=clocks.wall, seconds=seconds)
    assert watch.jump() is None


def test_time_that_passes_is_no_jump(clocks: Clocks, watch: ClockWatch) -> None:
    clocks.pass_by(90 * 86_400)
    assert watch.jump() is None


def test_a_small_correction_is_no_jump(clocks: Clocks, watch: ClockWatch) -> None:
    for _ in range(100):
        clocks.pass_by(60, wall=61)
        assert watch.jump() is None


def test_word_of_it_reaches_other_processes(tmp_path: Path) -> None:
    assert clock_watch.read(tmp_path) is None
    clock_watch.write(tmp_path, Jump(1.0, -3600.0))
    assert clock_watch.read(tmp_path) == Jump(1.0, -3600.0)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"at": 1}', '"x"'])
def test_a_damaged_note_is_no_note(tmp_path: Path, content: str) -> None:
    (tmp_path / clock_watch.FILE).write_text(content)
    assert clock_watch.read(tmp_path) is None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(31, "31 seconds"), (-60, "1 minute"), (3600, "1 hour"), (-7300, "2 hours"), (864_000, "10 days")],
)
def test_a_length_of_time_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


def test_the_supervisor_passes_it_on(clocks: Clocks) -> None:
    told: list[Jump] = []
    with Supervisor(lambda who, what: None, when_clock_jumps=told.append) as supervisor:
        supervisor.clock = ClockWatch(wall=lambda: clocks.wall, steady=lambda: clocks.steady)
        clocks.pass_by(1, wall=3601)
        supervisor.wait_for(lambda: bool(told), 5)
    assert told == [Jump(clocks.wall, 3600.0)]
