"""The record of the audit: whatever happens to it afterwards is found."""

import json
import os
import subprocess
import sys
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from notifications.models import AuditEvent, AuditHead
from notifications.models.audit_chain import Break, Chain
from tests.base import administrator

EVENTS = 6
NUMBERS = st.integers(1, EVENTS)
COLUMNS = ("at", "action", "actor_name", "origin", "subject", "fields", "hash", "previous_hash")


def record(count: int = EVENTS) -> None:
    for number in range(1, count + 1):
        AuditEvent.record(AuditEvent.Action.PROBE, f"event {number}", fields=["a", "b"])


def rows() -> Any:
    """Past the manager that refuses: as somebody with the database in hand would do it."""
    return AuditEvent._base_manager.all()


def found() -> Break | None:
    return Chain().check()


def verified() -> str:
    told = StringIO()
    call_command("verify_audit", stdout=told)
    return told.getvalue()


def changed(column: str, value: Any) -> Any:
    if column == "at":
        return value.replace(microsecond=(value.microsecond + 1) % 1_000_000)
    if column == "fields":
        return [*value, "c"]
    # No longer than before: a hash fills its column.
    return f"{'y' if value.startswith('x') else 'x'}{value[1:]}"


class TestWhateverIsDoneToIt(TestCase):
    """A property: every event, every column, every pair."""

    @settings(max_examples=40, deadline=None)
    @given(number=NUMBERS, column=st.sampled_from(COLUMNS))
    def test_a_change_is_found_where_it_is(self, number: int, column: str) -> None:
        record()
        event = rows().get(pk=number)
        rows().filter(pk=number).update(**{column: changed(column, getattr(event, column))})
        assert found() == Break(number, "it was changed after it was written")

    @settings(max_examples=20, deadline=None)
    @given(number=NUMBERS)
    def test_a_change_that_is_sealed_anew_is_found(self, number: int) -> None:
        record()
        event = rows().get(pk=number)
        event.subject = "nothing to see here"
        rows().filter(pk=number).update(subject=event.subject, hash=event.seal)
        broken = found()
        assert broken
        assert broken.number == number
        assert "sealed anew" in broken.fault

    @settings(max_examples=30, deadline=None)
    @given(numbers=st.sets(NUMBERS, min_size=1))
    def test_whatever_is_taken_out_is_found_at_its_first(self, numbers: set[int]) -> None:
        record()
        rows().filter(pk__in=numbers)._raw_delete("default")
        broken = found()
        assert broken
        assert broken.number == min(numbers)
        assert "missing" in broken.fault

    @settings(max_examples=30, deadline=None)
    @given(pair=st.tuples(NUMBERS, NUMBERS).filter(lambda pair: pair[0] < pair[1]))
    def test_two_that_changed_places_are_found(self, pair: tuple[int, int]) -> None:
        record()
        first, second = pair
        for old, new in ((first, 99), (second, first), (99, second)):
            rows().filter(pk=old).update(id=new)
        broken = found()
        assert broken
        assert broken.number == first
        assert "out of order" in broken.fault

    @settings(max_examples=30, deadline=None)
    @given(texts=st.lists(st.text(max_size=40), max_size=5))
    def test_whatever_was_said_is_read_back_as_it_was_sealed(self, texts: list[str]) -> None:
        for text in texts:
            AuditEvent.record(AuditEvent.Action.PROBE, text, fields=[text])
        assert found() is None


@pytest.mark.django_db
class TestTheCommand:
    def test_counts_the_events_and_names_the_last_hash(self) -> None:
        record()
        assert verified() == f"6 events are as written. The last one has the hash {AuditHead.load().hash}.\n"

    def test_is_content_with_an_empty_record(self) -> None:
        assert verified().startswith(
            "0 events are as written. Either nothing was ever done here, or somebody deleted all"
        )

    def test_names_the_first_broken_event_and_ends_with_1(self) -> None:
        record()
        rows().filter(pk__in=[3, 5]).update(subject="x")
        with pytest.raises(CommandError, match=r"Event 3 is broken: it was changed.*2 events are as written") as ended:
            verified()
        assert ended.value.returncode == 1

    def test_tells_what_was_cut_off_at_the_end_from_the_head(self) -> None:
        record()
        rows().filter(pk__gt=4)._raw_delete("default")
        with pytest.raises(CommandError, match="Event 5 is broken: it is missing, and so are all up to event 6"):
            verified()

    def test_finds_a_head_that_was_set_back_with_the_events(self) -> None:
        record()
        AuditHead.objects.update(count=4, hash=rows().get(pk=4).hash)
        with pytest.raises(CommandError, match="Event 5 is broken: it was added past the end"):
            verified()

    def test_finds_a_record_whose_head_is_gone(self) -> None:
        record()
        AuditHead.objects.all().delete()
        with pytest.raises(CommandError, match="the head was set back to 0"):
            verified()

    def test_finds_a_last_event_that_was_sealed_anew_together_with_nothing_else(self) -> None:
        record()
        AuditHead.objects.update(hash="0" * 64)
        with pytest.raises(CommandError, match="Event 6 is broken"):
            verified()


@pytest.mark.django_db
class TestAppendOnly:
    def test_no_query_of_ours_changes_or_deletes(self) -> None:
        record()
        for attempt in (
            lambda: AuditEvent.objects.update(subject="x"),
            lambda: AuditEvent.objects.filter(pk=1).delete(),
            lambda: AuditEvent.objects.bulk_create([AuditEvent()]),
            lambda: AuditEvent.objects.bulk_update([], ["subject"]),
        ):
            with pytest.raises(TypeError):
                attempt()
        assert found() is None

    def test_a_deleted_account_leaves_the_chain_whole(self) -> None:
        ada = administrator()
        AuditEvent.record(AuditEvent.Action.PROBE, by=ada)
        ada.delete()
        assert (AuditEvent.objects.get().actor, found()) == (None, None)

    def test_events_that_waited_for_the_end_are_lost_with_what_failed(self) -> None:
        def two_and_a_fault() -> None:
            with AuditEvent.in_the_end():
                record(2)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            two_and_a_fault()
        record(1)
        assert [event.subject for event in AuditEvent.objects.all()] == ["event 1"]

    def test_events_that_waited_for_the_end_keep_their_order(self) -> None:
        with AuditEvent.in_the_end():
            record(3)
            assert not AuditEvent.objects.exists()
        assert [event.pk for event in AuditEvent.objects.all()] == [3, 2, 1]
        assert found() is None


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_sixteen_who_write_at_once_make_one_chain(database: str, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue("postgres_url") if database == "postgres" else ""
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment |= {"DATABASE_URL": url} if url else {}
    run = subprocess.run(
        [sys.executable, "-m", "tests.models.audit_writers", "16", "10"],
        env=environment,
        capture_output=True,
        timeout=180,
    )
    assert run.returncode == 0, run.stderr.decode()
    assert json.loads(run.stdout) == {"count": 160, "broken": None, "errors": []}
