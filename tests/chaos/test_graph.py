"""Graph mode under fire, and modes that are switched while mails flow; `make chaos` alone runs this.

CHAOS_GRAPH_MAILS sets the size, CHAOS_SEED another course of events.
"""

import os
import re
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from notifications.models import Attempt, MailServerSettings, Message, Mode
from tests import base, under_fire
from tests.chaos.figures import Figures, Table
from tests.crew import Crew
from tests.graph.lab import use_stand_in
from tests.graph.mailbox import Folder
from tests.graph.wire import Kind
from tests.graph_stand_in import GraphStandIn
from tests.smtp_sink import DOT, SmtpSink

MAILS = int(os.environ.get("CHAOS_GRAPH_MAILS", "200"))
SEED = int(os.environ.get("CHAOS_SEED", "4"))
KILLS = MAILS // 40
SHARE = 0.05
SWITCHES = 100
PATIENCE = 1200
# So that a switch finds mails on the wire.
SECONDS_A_MAIL = 0.02
PERMISSIONS = {"Mail.Send, Mail.ReadWrite": {"Mail.Send", "Mail.ReadWrite"}, "Mail.Send alone": {"Mail.Send"}}

# The name behind a status says no more than the status.
CODE = re.compile(r"(?<=\d{3}) \w+(?= before| after)")

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("permissions", PERMISSIONS)
def test_no_mail_is_lost_and_no_copy_unexplained(
    permissions: str, graph: GraphStandIn, redis_url: str, tmp_path: Path, settings: Any, figures: Figures
) -> None:
    use_stand_in(graph, tmp_path, settings, total_timeout=5)
    graph.login.roles = PERMISSIONS[permissions]
    may_draft = "Mail.ReadWrite" in graph.login.roles
    under_fire.queue(MAILS, large=MAILS // 100 if may_draft else 0)
    with Crew(redis_url) as crew:
        toll = under_fire.burn(
            graph, crew, kills=KILLS, seed=SEED + may_draft, share=SHARE, patience=PATIENCE, faults=under_fire.FAULTS
        )
    unexplained = under_fire.unexplained_copies(graph)
    figures.add(Table.FIRE, permissions, *cells(toll))
    assert toll.lost == 0
    assert under_fire.states() == {Message.State.SENT: MAILS}
    assert unexplained == {}
    assert not may_draft or (toll.copies, toll.deliveries) == (0, MAILS)


def cells(toll: under_fire.Toll) -> tuple[object, ...]:
    counts = (toll.mails, toll.deliveries, toll.lost, toll.copies, toll.attempts[Attempt.Outcome.AMBIGUOUS])
    return (*counts, toll.kills, toll.drafts, listed(toll.attempts), listed(toll.faults), round(toll.seconds))


def listed(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {CODE.sub('', name)}" for name, count in sorted(counts.items()))


@dataclass(frozen=True)
class Sent:
    """How a mail went out, by the record of whoever took it: the settings' version stands in the sender's name."""

    mode: str
    version: int


def test_each_of_a_hundred_switches_leaves_every_mail_sent_once(
    graph: GraphStandIn, redis_url: str, tmp_path: Path, settings: Any, figures: Figures
) -> None:
    graph.latency[Kind.SEND] = SECONDS_A_MAIL
    with SmtpSink().on(DOT, delay=SECONDS_A_MAIL) as sink:
        use_stand_in(graph, tmp_path, settings)
        base.use_smtp(sink)
        began = time.monotonic()
        with Crew(redis_url, workers=3) as crew:
            switch_under_load(graph, sink, crew)
        seconds = time.monotonic() - began
    by_smtp, by_graph = records_of_smtp(sink), records_of_graph(graph)
    arrived = Counter(identity for identity, _ in by_smtp + by_graph)
    wanted = set(Message.objects.values_list("internet_message_id", flat=True))
    copies = arrived.total() - len(arrived)
    versions = {sent.version for _, sent in by_smtp + by_graph}
    lost = len(wanted - set(arrived))
    figures.add(
        Table.SWITCHES, SWITCHES, len(wanted), len(by_smtp), len(by_graph), len(versions), lost, copies, round(seconds)
    )
    assert (lost, copies) == (0, 0)
    assert dict(by_smtp + by_graph) == records_of_attempts()
    assert len(versions) > SWITCHES // 2


def switch_under_load(graph: GraphStandIn, sink: SmtpSink, crew: Crew) -> None:
    """A switch after each hundredth of the mails; twice as many as that are always waiting."""
    step = MAILS // SWITCHES
    under_fire.queue(2 * step)
    for number in range(SWITCHES):
        switch(number)
        under_fire.queue(step if number < SWITCHES - 2 else 0)
        crew.hint()
        wait_for_mails(graph, sink, (number + 1) * step)
    base.wait_until(lambda: not under_fire.hurry(crew), 60, "the last mail", every=0.5)


def wait_for_mails(graph: GraphStandIn, sink: SmtpSink, count: int) -> None:
    base.wait_until(lambda: len(graph.store.deliveries) + len(sink.mails) >= count, 60, f"{count} mails")


def switch(number: int) -> None:
    saved = MailServerSettings.load()
    sender = f"Settings {saved.version + 1} <sender@contoso.test>"
    mode = Mode.GRAPH if number % 2 else Mode.BASIC
    saved.save_version({"active_mode": mode, "basic_sender": sender, "graph_sender": sender}, seen=saved.version)


def records_of_smtp(sink: SmtpSink) -> list[tuple[str, Sent]]:
    parsed = [mail.parsed for mail in sink.mails]
    return [
        (mail["Message-ID"], Sent(Mode.BASIC, version_in(mail["From"].addresses[0].display_name))) for mail in parsed
    ]


def records_of_graph(graph: GraphStandIn) -> list[tuple[str, Sent]]:
    mails = [item.mail for item in graph.store.folder(Folder.SENT)]
    assert len(mails) == len(graph.deliveries)
    return [
        (mail.message_id, Sent(Mode.GRAPH, version_in(mail.source["from"]["emailAddress"]["name"]))) for mail in mails
    ]


def version_in(name: str) -> int:
    return int(name.removeprefix("Settings "))


def records_of_attempts() -> dict[str, Sent]:
    accepted = Attempt.objects.filter(outcome=Attempt.Outcome.ACCEPTED)
    rows = accepted.values_list("message__internet_message_id", "mode", "settings_version")
    found = {identity: Sent(mode, version) for identity, mode, version in rows}
    assert len(found) == len(rows)
    return found
