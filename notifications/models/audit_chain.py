"""Whether the record of the audit is as it was written."""

from dataclasses import dataclass

from django.db import transaction

from notifications.models.audit import AuditEvent, AuditHead

CHUNK = 2000


@dataclass(frozen=True)
class Break:
    """The first event that is not as it was written, and what is wrong with it."""

    number: int
    fault: str


class Chain:
    """Follows the events from the first one on; after `check()`, `count` and `hash` are the last good one's."""

    def __init__(self) -> None:
        self.count = 0
        self.hash = ""

    def check(self) -> Break | None:
        if found := self._follow():
            return found
        # Now what was added meanwhile, while nobody can add more.
        with transaction.atomic():
            head = AuditHead.lock()
            return self._follow() or self._end(head)

    def _follow(self) -> Break | None:
        for event in AuditEvent.objects.filter(pk__gt=self.count).order_by("pk").iterator(CHUNK):
            if found := self._next(event):
                return found
            self.count, self.hash = event.pk, event.hash
        return None

    def _next(self, event: AuditEvent) -> Break | None:
        if event.pk != self.count + 1:
            return Break(self.count + 1, missing(self.count + 1, event.pk - 1))
        is_sealed = event.hash == event.seal
        if event.previous_hash == self.hash:
            return None if is_sealed else Break(event.pk, "it was changed after it was written")
        if before := AuditEvent.objects.filter(hash=event.previous_hash).first():
            return Break(event.pk, f"it is out of order: it was written after what is now event {before.pk}")
        if is_sealed and self.count:
            return Break(self.count, f"it was changed and sealed anew: event {event.pk} does not follow on from it")
        return Break(event.pk, "it was changed after it was written")

    def _end(self, head: AuditHead) -> Break | None:
        if head.count > self.count:
            return Break(self.count + 1, missing(self.count + 1, head.count))
        if head.count < self.count:
            return Break(head.count + 1, f"it was added past the end, or the head was set back to {head.count}")
        if head.hash != self.hash:
            return Break(self.count, "it was changed and sealed anew, or the head was: the two do not agree")
        return None


def missing(first: int, last: int) -> str:
    return "it is missing" if first == last else f"it is missing, and so are all up to event {last}"
