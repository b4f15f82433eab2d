"""Graph mode against a server that replies anything: what it says is accepted went out, and what it has goes out."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from notifications.backends import graph_draft, graph_note, graph_upload
from notifications.backends.base import BackendError, Results
from notifications.backends.base import Fault as Class
from notifications.backends.graph_faults import BY_CODE, MISSING, REFUSING
from tests.backends.graph_props import Sender, a_content
from tests.graph.faults import HTML, Fault, Moment, cut_after, cut_before, cut_within, doubled, early
from tests.graph.login import SEND
from tests.graph.wire import Answer
from tests.graph_stand_in import GraphStandIn

STEPS = ("draft", "attach", "session", "range", "send", "send_mail")
QUESTIONS = ("look", "find", "delete", "ranges")
LOOK_UPS = ("look", "find")
CODES = [name for name in BY_CODE if name not in map(str.casefold, map(str, MISSING.names))]
JSON = "application/json"


def error(code: str, inner: str) -> bytes:
    return json.dumps({"error": {"code": code, "message": "m", "innerError": {"code": inner}}}).encode()


BODIES = st.one_of(
    st.sampled_from([b"", HTML, b"[]", b"{}", b"null", b"\xff", b'{"id": "1"}', b'{"id": "1", "isDraft": true}']),
    st.sampled_from([b'{"nextExpectedRanges": ["3200-"]}', b'{"nextExpectedRanges": []}', b'{"uploadUrl": "x"}']),
    st.builds(error, st.sampled_from([*CODES, "ErrorOfTomorrow"]), st.sampled_from([*CODES, "", "Inner"])),
)
# These hide that something was done. A clear no to what was done is a lie that no client can see through, and so is an
# acceptance of what was not; a redirect is a no, since it asks for the request to be made elsewhere.
UNCLEAR = st.sampled_from([*range(200, 202), *range(203, 300), *range(500, 507), 508, 510, *range(512, 600)])


@st.composite
def replies(draw: st.DrawFn, step: str) -> Fault:
    """Anything that a gateway, a captive portal, a stranger or Graph itself may say to `step`."""
    moment = Moment.AFTER if step not in LOOK_UPS and draw(st.booleans()) else Moment.BEFORE
    if moment is Moment.AFTER:
        status, body = draw(UNCLEAR), draw(st.sampled_from([b"", HTML, b"{}", b"[]", b"x"]))
    else:
        status, body = draw(st.integers(200, 599).filter(lambda status: status != 202)), draw(BODIES)
    if step in ("send", "send_mail") and status < 300 and draw(st.booleans()):
        status, body = 202, body or HTML
    headers = {"Content-Type": JSON, **draw(st.sampled_from([{}, {"client-request-id": ""}, {"Retry-After": "1"}]))}
    if draw(st.integers(0, 4)) == 0:
        status, headers = 202, {**headers, "client-request-id": "of another request"}
    return Fault(f"{status} {body[:20]!r}", moment, Answer(status, body, headers))


# 202 before a small body was read cannot be told from 202 after it: the whole body is on its way by then.
SIMPLE = [cut_before(), cut_after(), cut_within(), doubled(), early(200), early(400)]
TROUBLES = st.sampled_from((*STEPS, *QUESTIONS)).flatmap(
    lambda step: st.tuples(st.just(step), st.one_of(st.sampled_from(SIMPLE), replies(step)))
)
PLANS = st.lists(st.lists(TROUBLES, max_size=5), max_size=4)


@pytest.fixture(scope="module")
def any_graph() -> Iterator[GraphStandIn]:
    with GraphStandIn() as stand_in, pytest.MonkeyPatch.context() as patch:
        patch.setattr(graph_note, "SETTLING_SECONDS", 0.0)
        patch.setattr(graph_upload, "DIRECT", 3_000)
        patch.setattr(graph_upload, "RANGE", 3_200)
        patch.setattr(graph_draft, "LARGEST_REQUEST", 8_000)
        patch.setattr(graph_draft, "ROOM", 1_000)
        yield stand_in


@dataclass
class Model:
    """What the engine would know of the email: who has it, who is refused, and how often it was in doubt."""

    sender: Sender
    accepted: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    doubts: int = 0

    @property
    def waiting(self) -> tuple[str, ...]:
        return tuple(to for to in self.sender.recipients if to not in self.accepted | self.refused)

    def try_once(self) -> None:
        waiting = self.waiting
        try:
            self._note(self.sender.send(*waiting))
        except BackendError as error:
            self._note(error.results)
            self.doubts += error.fault is Class.AMBIGUOUS
            if error.fault in REFUSING:
                self.refused |= set(self.waiting)

    def _note(self, results: Results) -> None:
        for address, result in results.items():
            if result.fault is None:
                self.accepted.add(address)
            elif result.fault in REFUSING:
                self.refused.add(address)


@settings(max_examples=int(os.environ.get("FUZZ", "150")), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    plan=PLANS,
    count=st.integers(1, 4),
    most=st.sampled_from([None, 1, 2]),
    drafts=st.booleans(),
    saving=st.booleans(),
    is_large=st.booleans(),
)
def test_nothing_is_lost_or_accepted_that_never_went_out(
    any_graph: GraphStandIn,
    plan: list[list[tuple[str, Fault]]],
    count: int,
    most: int | None,
    drafts: bool,
    saving: bool,
    is_large: bool,
) -> None:
    note(f"{count=} {most=} {drafts=} {saving=} {is_large=}")
    for troubles in plan:
        note("; ".join(f"{step}: {fault.name} {fault.moment}" for step, fault in troubles))
    any_graph.reset()
    any_graph.service.smallest_upload = 0
    if not drafts:
        any_graph.login.roles = {SEND}
    people = tuple(f"p{number}@peer.test" for number in range(count))
    attached = (("log.csv", b"0123456789" * 900), ("b.csv", b"a,b")) if is_large else ()
    content = a_content(*people, attached=attached)
    changes = {"most_recipients": most}
    model = Model(Sender(any_graph, saving=saving, recipients=people, content=content, server_changes=changes))
    for troubles in plan:
        any_graph.faults.clear()
        for step, fault in troubles:
            any_graph.fault(fault, step)
        if model.waiting:
            model.try_once()
        check(any_graph, model, drafts=drafts)
    any_graph.faults.clear()
    for _ in range(12):
        if model.waiting:
            model.try_once()
    check(any_graph, model, drafts=drafts)
    assert model.waiting == (), model.sender.trace


def check(graph: GraphStandIn, model: Model, *, drafts: bool) -> None:
    got = Counter(to for mail in graph.deliveries for to in mail.recipients)
    assert model.accepted <= set(got), "accepted, and never went out"
    copies = sum(got.values()) - len(got)
    assert copies == 0 or (not drafts and model.doubts), "more than one copy, and no doubt"
    whole = {tuple(sorted(item.size for item in mail.attachments)) for mail in graph.deliveries}
    assert whole <= {(), (3, 9_000)}, "a part of the attachments is missing"
