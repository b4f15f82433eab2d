"""A Redis of the tests' own."""

from typing import Self

from tests.peers.process import LOOPBACK, Process, Scratch, free_ports


class Redis:
    """In memory only: what a kill loses is lost, which is what brokers do."""

    def __init__(self) -> None:
        self._scratch = Scratch("redis")
        (self.port,) = free_ports(1)
        self.url = f"redis://{LOOPBACK}:{self.port}/0"

    def start(self) -> None:
        arguments = ["redis-server", "--port", str(self.port), "--bind", LOOPBACK, "--dir", self._scratch.path]
        self._process = Process([*arguments, "--save", "", "--appendonly", "no"], self._scratch.path / "log")
        self._process.wait_for(self.port)

    def stop(self) -> None:
        self._process.stop()

    def kill(self) -> None:
        self._process.kill()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._scratch.remove()
