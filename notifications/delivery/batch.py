"""The emails that one sender claimed together, on their way over its connection one after the other."""

import logging
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import DatabaseError, InterfaceError, connection

from notifications.delivery.claim import Claim
from notifications.delivery.leases import AttemptLease, lease_keeper
from notifications.delivery.result import SendResult
from notifications.models import Attempt, Message, Recipient

logger = logging.getLogger(__name__)

# A pause, a hold, a change of Safety and of the settings take effect with the next batch.
BATCH_SECONDS = 0.5
LARGEST_BATCH = 200
# So long into an email that hangs, the others are given back to whoever is free.
HANGING_SECONDS = 1.0


@dataclass(frozen=True)
class Sent:
    """An attempt and how it ended; nothing of it is in the database yet."""

    claimed: Claim
    lease: AttemptLease
    result: SendResult

    @property
    def attempt(self) -> Attempt:
        return self.claimed.attempt

    @property
    def is_plain(self) -> bool:
        """Whether the server accepted the email for everybody it was still owed to, and said nothing else."""
        if self.result.failure is not None or self.attempt.settings_version == Attempt.UNSAVED:
            return False
        results = self.result.results
        return all(
            recipient.outcome == Recipient.Outcome.ACCEPTED
            if recipient.outcome not in Recipient.OPEN
            else recipient.address in results
            for recipient in self.claimed.message.recipients.all()
        ) and all(each.fault is None and each.reply.code and not each.reply.retry_after for each in results.values())


class BatchSize:
    """How many emails the next claim takes: as many as go out in BATCH_SECONDS, at most twice as many as before."""

    def __init__(self) -> None:
        self.most = 1

    def learn(self, sent: int, seconds: float) -> None:
        in_time = int(sent * BATCH_SECONDS / max(seconds, 0.001))
        self.most = max(1, min(self.most * 2, in_time, LARGEST_BATCH))


class Batch:
    """Claims in the order in which they are sent. Another thread may give back those that are not begun."""

    def __init__(self, claims: list[Claim], leases: list[AttemptLease]) -> None:
        self._lock = threading.Lock()
        self._waiting = deque(zip(claims, leases, strict=True))
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def take(self) -> tuple[Claim, AttemptLease] | None:
        """The next one, from now on begun; None when none is left."""
        with self._lock:
            return self._waiting.popleft() if self._waiting else None

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Give back what is not begun when the block takes longer than HANGING_SECONDS."""
        if len(self._waiting) < 2:
            yield
            return
        timer = threading.Timer(HANGING_SECONDS, self._give_back_elsewhere)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def give_back(self) -> None:
        """Queue the emails again that are not begun, as if they had not been claimed."""
        with self._lock:
            ids = [claim.attempt.pk for claim, _ in self._waiting]
            if ids:
                Message.take_back_unbegun(ids)
                self._waiting.clear()
                lease_keeper().drop(ids)

    def _give_back_elsewhere(self) -> None:
        try:
            self.give_back()
        except (DatabaseError, InterfaceError) as error:
            logger.warning("emails that wait behind a slow one could not be given back yet: %s", error)
        finally:
            connection.close()
