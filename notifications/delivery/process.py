"""This process as the queue knows it: a name that no other process ever has, and its journal."""

import os
import secrets
import socket
from dataclasses import dataclass, field
from functools import cached_property

from django.conf import settings

from notifications.delivery.journal import Journal


@dataclass(frozen=True)
class SenderProcess:
    """`name`: host, process id, and what tells it from an earlier process with the same id."""

    name: str = field(default_factory=lambda: f"{host_name()}:{os.getpid()}-{secrets.token_hex(2)}")

    @cached_property
    def journal(self) -> Journal:
        return Journal(settings.JOURNAL_DIR, self.name)


def host_name() -> str:
    """As it may stand in a file's name."""
    return socket.gethostname()[:80].replace("/", "-")


_processes: dict[int, SenderProcess] = {}


def this_process() -> SenderProcess:
    """One for each process id: a fork is a process of its own."""
    return _processes.setdefault(os.getpid(), SenderProcess())
