"""Start, restart and stop in order, with small programs."""

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from supervisor.child import Program
from supervisor.supervisor import STOP_SIGNALS, Supervisor


class Recorder(list[str]):
    def __call__(self, who: str, what: str) -> None:
        self.append(f"{who}: {what}")


@pytest.fixture
def said() -> Recorder:
    return Recorder()


@pytest.fixture
def supervisor(said: Recorder) -> Iterator[Supervisor]:
    # Tests may themselves run under nohup, which a supervisor heeds.
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    with Supervisor(said) as supervisor:
        yield supervisor
    signal.signal(signal.SIGHUP, before)


def program(name: str, script: str, stop_limit: float = 20) -> Program:
    return Program(name, ("/bin/sh", "-c", script), env={"PATH": os.environ["PATH"]}, stop_limit=stop_limit)


# Says when it runs, and what it does when asked to stop.
POLITE = "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done"
STUBBORN = "trap '' TERM; echo up; while :; do sleep 0.05; done"


def ask_to_stop(number: int = signal.SIGTERM) -> None:
    os.kill(os.getpid(), number)


def test_stops_in_the_reverse_order_of_the_start(supervisor: Supervisor, said: Recorder) -> None:
    for name in ("first", "second", "third"):
        supervisor.start(program(name, POLITE))
    assert supervisor.wait_for(lambda: len(said) == 3, 20)
    supervisor.stop()
    assert [line for line in said if line.endswith("bye")] == ["third: bye", "second: bye", "first: bye"]


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_runs_until_it_is_asked_to_stop(supervisor: Supervisor, number: signal.Signals) -> None:
    timer = threading.Timer(0.1, ask_to_stop, [number])
    timer.start()
    supervisor.run()
    timer.join()
    assert supervisor.stop_requests == 1


def test_a_program_that_will_not_stop_is_killed_after_its_limit(supervisor: Supervisor, said: Recorder) -> None:
    child = supervisor.start(program("job", STUBBORN, stop_limit=0.2))
    assert supervisor.wait_for(lambda: "job: up" in said, 20)
    supervisor.stop()
    assert "job: is ended by force" in said
    assert not child.is_running


def test_a_second_request_to_stop_does_not_wait(supervisor: Supervisor, said: Recorder) -> None:
    supervisor.start(program("job", STUBBORN, stop_limit=600))
    assert supervisor.wait_for(lambda: "job: up" in said, 20)
    ask_to_stop()
    timer = threading.Timer(0.2, ask_to_stop)
    timer.start()
    supervisor.stop()
    timer.join()
    assert said[-1] == "job: is ended by force"


def test_a_dead_program_is_started_again_while_others_run(supervisor: Supervisor, said: Recorder) -> None:
    supervisor.start(program("steady", POLITE))
    supervisor.start(program("brittle", "echo up; exit 1"))
    assert supervisor.wait_for(lambda: said.count("brittle: up") == 2, 20)
    assert said.count("steady: up") == 1


def test_nothing_is_started_again_once_it_shall_stop(supervisor: Supervisor, said: Recorder) -> None:
    supervisor.start(program("brittle", "echo up; exit 1"))
    assert supervisor.wait_for(lambda: any("starts again" in line for line in said), 20)
    supervisor.stop()
    assert said.count("brittle: up") == 1


def test_waiting_ends_with_a_request_to_stop(supervisor: Supervisor) -> None:
    ask_to_stop()
    assert not supervisor.wait_for(lambda: False, 600)


def test_waiting_ends_with_its_limit(supervisor: Supervisor) -> None:
    assert not supervisor.wait_for(lambda: False, 0.1)


def test_an_error_inside_leaves_no_child(said: Recorder) -> None:
    supervisor = Supervisor(said)
    supervisor.__enter__()
    child = supervisor.start(program("job", STUBBORN))
    supervisor.__exit__(ZeroDivisionError, ZeroDivisionError(), None)
    assert not child.is_running


def test_signals_are_as_before_afterwards(said: Recorder) -> None:
    before = [signal.getsignal(number) for number in (*STOP_SIGNALS, signal.SIGCHLD)]
    with Supervisor(said):
        assert [signal.getsignal(number) for number in (*STOP_SIGNALS, signal.SIGCHLD)] != before
    assert [signal.getsignal(number) for number in (*STOP_SIGNALS, signal.SIGCHLD)] == before


def test_goes_on_after_the_terminal_closed_when_nohup_asked_for_it(said: Recorder) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Supervisor(said) as supervisor:
            ask_to_stop(signal.SIGHUP)
            assert supervisor.wait_for(lambda: True, 0)
            assert supervisor.stop_requests == 0
    finally:
        signal.signal(signal.SIGHUP, before)


def test_heeds_ctrl_c_although_a_script_started_it_in_the_background(said: Recorder) -> None:
    # Where a shell without job control ignores it for whatever it starts with `&`.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Supervisor(said) as supervisor:
            ask_to_stop(signal.SIGINT)
            assert not supervisor.wait_for(lambda: False, 5)
            assert supervisor.stop_requests == 1
    finally:
        signal.signal(signal.SIGINT, before)
