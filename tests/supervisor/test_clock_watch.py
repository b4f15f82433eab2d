import pytest

from supervisor.clock_watch import ClockWatch, Jump, in_words


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


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(31, "31 seconds"), (-60, "1 minute"), (3600, "1 hour"), (-7300, "2 hours"), (864_000, "10 days")],
)
def test_a_length_of_time_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words
