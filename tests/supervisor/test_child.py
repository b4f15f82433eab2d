"""One program kept running, with a clock that the tests turn."""

import os
import sys
from pathlib import Path

import pytest

from supervisor.child import Child, Program
from tests.waiting import wait_until


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class Watched:
    """A child with what it said."""

    def __init__(self, *command: str, env: dict[str, str] | None = None) -> None:
        self.said: list[str] = []
        self.clock = Clock()
        self.child = Child(Program("job", command, env=env or {}), lambda _, what: self.said.append(what), self.clock)

    def live_and_die(self, seconds: float = 0) -> float:
        """Start it, let it end after `seconds` of the clock, and say the pause before the next start."""
        self.child.start()
        self.clock.seconds += seconds
        wait_until(self._noticed)
        assert self.child.restart_at is not None
        pause, self.clock.seconds = self.child.restart_at - self.clock(), self.child.restart_at
        return pause

    def _noticed(self) -> bool:
        self.child.notice_death()
        return not self.child.is_running


def shell(script: str) -> Watched:
    return Watched("/bin/sh", "-c", script)


def test_the_pause_grows_from_death_to_death_up_to_half_a_minute() -> None:
    job = shell("exit 3")
    assert [job.live_and_die() for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]


def test_the_pause_is_short_again_after_a_good_minute() -> None:
    job = shell("exit 3")
    job.live_and_die()
    job.live_and_die()
    assert job.live_and_die(seconds=60) == 1


@pytest.mark.parametrize(
    ("script", "line"), [("exit 3", "ended with exit code 3"), ("kill -TERM $$", "was killed by SIGTERM")]
)
def test_a_death_is_told_with_its_kind(script: str, line: str) -> None:
    job = shell(script)
    job.live_and_die()
    assert job.said == [f"{line}; it starts again in 1 s"]


def test_last_words_come_before_the_death() -> None:
    job = shell("echo out; echo err >&2; printf unfinished; exit 1")
    job.live_and_die()
    job.child.kill()
    assert job.said == ["out", "err", "ended with exit code 1; it starts again in 1 s", "unfinished"]


def test_a_program_that_is_not_there_is_tried_again() -> None:
    job = Watched("/nonexistent/program")
    job.child.start()
    assert job.child.restart_at == job.clock() + 1
    assert job.said == [
        "cannot be started: [Errno 2] No such file or directory: '/nonexistent/program'; it starts again in 1 s"
    ]


def test_what_a_dead_program_left_running_is_ended(tmp_path: Path) -> None:
    job = shell(f"sleep 600 & echo $! > {tmp_path}/pid; exit 1")
    job.live_and_die()
    wait_until((tmp_path / "pid").read_text)
    pid = int((tmp_path / "pid").read_text())
    wait_until(lambda: not Path(f"/proc/{pid}").exists() or "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text())


def test_a_line_without_end_is_passed_on_in_parts() -> None:
    job = Watched(sys.executable, "-c", "print('x' * 200_000, end='')")
    job.child.start()

    def over() -> bool:
        job.child.pump()
        return job.child.output is None

    wait_until(over)
    job.child.kill()
    assert "".join(job.said) == "x" * 200_000
    assert max(map(len, job.said)) < 200_000


def test_output_that_is_no_text_is_shown_as_far_as_it_is() -> None:
    job = shell(r"printf 'caf\351\n'; exit 1")
    job.live_and_die()
    assert job.said[0] == "caf\N{REPLACEMENT CHARACTER}"


def test_a_child_gets_its_own_environment_and_no_other() -> None:
    job = Watched("/usr/bin/env", env={"ONLY": "this"})
    job.live_and_die()
    assert job.said[0] == "ONLY=this"


def test_ctrl_c_in_the_terminal_does_not_reach_a_child() -> None:
    job = shell("echo $$; exec sleep 600")
    job.child.start()

    def told() -> bool:
        job.child.pump()
        return bool(job.said)

    wait_until(told)
    assert os.getpgid(int(job.said[0])) != os.getpgid(0)
    job.child.kill()
