"""A mail that goes by a draft, cut off anywhere: whatever happened, the next tries make it exactly one delivery."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notifications.backends import graph_draft, graph_note
from notifications.backends.base import BackendError
from notifications.backends.base import Fault as Class
from tests.backends.graph_props import IDENTITY, SENDER, Notes, Sender, a_content
from tests.graph.faults import (
    HTML,
    Fault,
    cut_after,
    cut_before,
    cut_within,
    denied,
    failing,
    redirect,
    saying,
    throttled,
)
from tests.graph.mailbox import Folder
from tests.graph_stand_in import GraphStandIn

LARGE = a_content("ops@peer.test", attached=(("log.csv", b"0123456789" * 450_000), ("small.csv", b"a,b\r\n")))
STEPS = ("draft", "attach", "session", "range", "send")
QUESTIONS = ("look", "find", "delete", "ranges")


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in's mails are sent when it says so; what waiting is good for is tested below."""
    monkeypatch.setattr(graph_note, "SETTLING_SECONDS", 0.0)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_note, "SETTLING_SECONDS", 30.0)


def is_delivered_once(stand_in: GraphStandIn, recipients: tuple[str, ...] = ("ops@peer.test",)) -> bool:
    return [(mail.message_id, mail.recipients) for mail in stand_in.deliveries] == [(IDENTITY, recipients)]


FAULTS: dict[str, Callable[[], Fault]] = {
    "cut before": cut_before,
    "cut after": cut_after,
    "cut within": cut_within,
    "504 after": lambda: failing(504, after=True),
    "503 before": lambda: failing(503, retry_after="1"),
    "503 after": lambda: failing(503, after=True, retry_after="1"),
    "429": throttled,
    "200 of HTML after": lambda: saying(200, HTML, after=True),
    "list after": lambda: saying(200, b"[]", "application/json", after=True),
    "redirect": lambda: redirect(307, "https://localhost:1/"),
    "409": lambda: failing(409, "ErrorIrresolvableConflict", "The change key does not match."),
}


class TestCutOffOnce:
    @pytest.mark.parametrize("saving", [True, False])
    @pytest.mark.parametrize("fault", FAULTS)
    @pytest.mark.parametrize("step", STEPS)
    def test_at_any_step_is_delivered_once(self, graph: GraphStandIn, step: str, fault: str, saving: bool) -> None:
        is_large = step in ("attach", "session", "range")
        sizes = [5, 4_500_000] if is_large else []
        sender = Sender(graph, saving=saving, content=LARGE if is_large else b"")
        graph.fault(FAULTS[fault](), step)
        sender.tries()
        assert graph.faults.happened
        assert is_delivered_once(graph)
        assert sorted(attachment.size for attachment in graph.deliveries[0].attachments) == sizes
        assert graph.store.folder(Folder.DRAFTS) == []

    @pytest.mark.parametrize("saving", [True, False])
    @pytest.mark.parametrize("fault", ["cut before", "cut after", "504 after", "503 before", "429", "redirect"])
    @pytest.mark.parametrize("question", QUESTIONS)
    @pytest.mark.parametrize("first", ["cut after", "cut before"])
    def test_and_again_when_asking_what_became_of_it(
        self, graph: GraphStandIn, first: str, question: str, fault: str, saving: bool
    ) -> None:
        sender = Sender(graph, saving=saving)
        graph.fault(FAULTS[first](), "send").fault(FAULTS[fault](), question, times=2)
        sender.tries()
        assert is_delivered_once(graph)


class TestAnOrderWithoutAnAnswer:
    def test_is_found_among_the_sent_mails_at_once(self, graph: GraphStandIn) -> None:
        graph.fault(cut_after(), "send")
        reply = Sender(graph).send()["ops@peer.test"].reply
        assert reply.text == "Accepted by Microsoft: it did not answer, but the mail is sent"
        assert is_delivered_once(graph)

    def test_is_found_by_message_id_where_ids_change(self, graph: GraphStandIn) -> None:
        graph.store.ids_change_at_send = True
        graph.fault(cut_after(), "send")
        Sender(graph).send()
        assert len(graph.calls("find")) == 1
        assert is_delivered_once(graph)

    def test_is_ambiguous_when_graph_is_gone_then(self, graph: GraphStandIn) -> None:
        sender = Sender(graph)
        graph.fault(cut_after(), "send").fault(cut_before(), "look")
        assert sender.fails().fault is Class.AMBIGUOUS
        assert sender.send()["ops@peer.test"].reply.text == "Accepted by Microsoft: found among the sent mails"
        assert is_delivered_once(graph)

    def test_that_left_a_draft_sends_this_very_draft(self, graph: GraphStandIn) -> None:
        sender = Sender(graph)
        graph.fault(failing(503), "send")
        assert sender.fails().fault is Class.TRANSIENT
        sender.send()
        assert len(graph.calls("draft")) == 1

    def test_counts_as_sent_where_exchange_keeps_no_copy(self, graph: GraphStandIn) -> None:
        graph.fault(failing(504, after=True), "send")
        Sender(graph, saving=False).send()
        assert is_delivered_once(graph)

    def test_is_not_mistaken_for_an_older_draft_in_deleted_items(self, graph: GraphStandIn) -> None:
        sender = Sender(graph, saving=False, content=LARGE)
        graph.fault(cut_before(), "attach", times=1).fault(failing(504, after=True), "send")
        graph.fault(cut_before(), "look", times=1, skip=1)
        sender.tries()
        assert is_delivered_once(graph)

    @pytest.mark.usefixtures("patient")
    def test_is_not_repeated_while_the_mail_may_only_look_like_a_draft(self, graph: GraphStandIn) -> None:
        graph.store.settling_seconds = 1000
        sender = Sender(graph)
        graph.fault(failing(503, after=True, retry_after="1"), "send")
        first, second = sender.fails(), sender.fails()
        assert (first.fault, second.fault) == (Class.THROTTLED, Class.TRANSIENT)
        # The server's second is a pause for everybody; that this mail has to settle concerns nobody else.
        assert first.reply.retry_after == timedelta(seconds=1)
        assert second.reply.retry_after is not None
        assert 20 < second.reply.retry_after.total_seconds() <= 30
        assert is_delivered_once(graph)

    @pytest.mark.usefixtures("patient")
    def test_is_repeated_once_it_must_have_settled(self, graph: GraphStandIn) -> None:
        sender = Sender(graph)
        graph.fault(failing(503), "send")
        sender.fails()
        sender.notes.order_was(seconds=31)
        sender.send()
        assert is_delivered_once(graph)

    @pytest.mark.usefixtures("patient")
    def test_is_repeated_at_once_after_a_clear_no(self, graph: GraphStandIn) -> None:
        sender = Sender(graph)
        graph.fault(throttled("1"), "send")
        assert sender.fails().fault is Class.THROTTLED
        sender.send()
        assert (len(graph.calls("draft")), is_delivered_once(graph)) == (1, True)


class TestADraftThatIsGone:
    def test_before_it_was_ordered_is_made_anew(self, graph: GraphStandIn) -> None:
        sender = Sender(graph, saving=False)
        graph.fault(failing(404, "ErrorItemNotFound", "The specified object was not found in the store."), "send")
        assert sender.fails().fault is Class.TRANSIENT
        sender.send()
        assert is_delivered_once(graph)

    def test_afterwards_is_looked_for_and_then_made_anew(self, graph: GraphStandIn) -> None:
        sender = Sender(graph)
        graph.store.keeps_deleted = False
        graph.fault(cut_before(), "send").fault(cut_before(), "look")
        assert sender.fails().fault is Class.AMBIGUOUS
        for draft in graph.store.folder(Folder.DRAFTS):
            graph.store.delete(SENDER, draft.immutable_id)
        assert [sender.fails().fault for _ in range(graph_draft.MOST_LOOKS)] == [Class.TRANSIENT] * 3
        sender.send()
        assert is_delivered_once(graph)

    def test_with_its_whole_mailbox_is_not_taken_for_sent(self, graph: GraphStandIn) -> None:
        sender = Sender(graph, saving=False)
        graph.fault(cut_before(), "send").fault(cut_before(), "look")
        sender.fails()
        graph.fault(failing(404, "ErrorInvalidUser", "The requested user is invalid."), "look")
        assert sender.fails().fault is Class.SENDER
        sender.send()
        assert is_delivered_once(graph)


class TestWhatAnEarlierTryLeft:
    def test_and_noted_nothing_of_is_removed(self, graph: GraphStandIn) -> None:
        sender = Sender(graph)
        for _ in range(3):
            sender.notes.forgetful = True
            sender.fails()
        assert len(graph.store.folder(Folder.DRAFTS)) == 1
        sender.send()
        assert (graph.store.folder(Folder.DRAFTS), is_delivered_once(graph)) == ([], True)

    def test_in_another_mailbox_is_no_business_of_this_one(self, graph: GraphStandIn) -> None:
        sender = Sender(graph)
        graph.fault(denied(), "send")
        sender.fails()
        moved = Sender(graph, mailbox="other@contoso.test", notes=sender.notes)
        graph.store.send_as.add(SENDER)
        moved.send()
        assert [mail.mailbox for mail in graph.deliveries] == ["other@contoso.test"]

    def test_for_more_recipients_is_not_sent_to_those_who_have_the_mail(self, graph: GraphStandIn) -> None:
        sender = Sender(graph, recipients=("one@peer.test", "two@peer.test"))
        graph.fault(throttled(), "send")
        sender.fails()
        sender.send("two@peer.test")
        assert is_delivered_once(graph, ("two@peer.test",))
        assert graph.store.folder(Folder.DRAFTS) == []

    def test_and_sent_by_another_way_does_not_count_for_the_rest(self, graph: GraphStandIn) -> None:
        """As when SMTP reached some, kept its copy among the sent mails, and the mode was changed then."""
        Sender(graph, recipients=("one@peer.test",)).send()
        later = Sender(graph, recipients=("two@peer.test",), notes=Notes(tries=1))
        later.send()
        assert [mail.recipients for mail in graph.deliveries] == [("one@peer.test",), ("two@peer.test",)]

    def test_counts_for_those_alone_to_whom_it_went(self, graph: GraphStandIn) -> None:
        """The worker died after some were refused by name and the others had the mail."""
        sender = Sender(graph, recipients=("one@peer.test", "invalid@peer.test"))
        sender.send()
        assert [address for address, result in sender.send().items() if result.fault] == ["invalid@peer.test"]
        assert is_delivered_once(graph, ("one@peer.test",))

    def test_and_was_refused_for_good_by_now_leaves_nothing(self, graph: GraphStandIn) -> None:
        sender = Sender(graph, content=a_content("large@peer.test"), recipients=("large@peer.test",))
        graph.fault(failing(503), "send")
        assert sender.fails().fault is Class.TRANSIENT
        assert sender.fails().reply.codes == "413 ErrorMessageSizeExceeded"
        assert (graph.store.folder(Folder.DRAFTS), sender.notes.note) == ([], "")


class TestADraftWithoutAnId:
    @pytest.mark.parametrize(
        "body", [b"{}", b'{"id": null}', b'{"id": ""}', b'{"id": 5}', b"[]", b'"x"', b"\xff", HTML]
    )
    def test_is_none(self, graph: GraphStandIn, body: bytes) -> None:
        graph.fault(saying(201, body, "application/json"), "draft")
        sender = Sender(graph)
        assert sender.fails().fault is Class.TRANSIENT
        assert sender.notes.note == ""
        sender.send()
        assert is_delivered_once(graph)


# A plan is the faults of one try after the other, each for the next request of its kind.
CRASH = ("draft", "the worker dies before its note is on disk")
TROUBLES = st.just(CRASH) | st.tuples(st.sampled_from((*STEPS, *QUESTIONS)), st.sampled_from(sorted(FAULTS)))
PLANS = st.lists(st.lists(TROUBLES, max_size=4), max_size=5)


@pytest.fixture(scope="module")
def any_graph() -> Iterator[GraphStandIn]:
    with GraphStandIn() as stand_in:
        yield stand_in


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    plan=PLANS,
    saving=st.booleans(),
    changing=st.booleans(),
    keeping=st.booleans(),
    is_large=st.integers(0, 5).map(lambda n: n == 5),
)
def test_whatever_happens_a_mail_goes_out_once(
    any_graph: GraphStandIn,
    plan: list[list[tuple[str, str]]],
    saving: bool,
    changing: bool,
    keeping: bool,
    is_large: bool,
) -> None:
    any_graph.reset()
    any_graph.store.ids_change_at_send, any_graph.store.keeps_deleted = changing, keeping
    sender = Sender(any_graph, saving=saving, content=LARGE if is_large else b"")
    sent = False
    for troubles in plan:
        any_graph.faults.clear()
        sender.notes.forgetful = CRASH in troubles
        for step, fault in troubles:
            if fault in FAULTS:
                any_graph.fault(FAULTS[fault](), step)
        try:
            sent = sent or bool(sender.send())
        except BackendError as error:
            if error.fault not in (Class.TRANSIENT, Class.AMBIGUOUS, Class.THROTTLED):
                raise
        assert len(any_graph.deliveries) <= 1
    any_graph.faults.clear()
    sender.notes.forgetful = False
    if not sent:
        sender.tries()
    assert is_delivered_once(any_graph)


class TestAnotherSender:
    def test_draft_from_before_the_sender_was_changed_is_made_again(self, graph: GraphStandIn) -> None:
        sender = Sender(graph)
        graph.fault(throttled(), "send")
        sender.fails()
        sender.content = sender.content.replace(b"From: Deployments", b"From: Operations")
        sender.send()
        assert is_delivered_once(graph)
        (item,) = graph.store.folder(Folder.SENT)
        assert item.mail.source["from"]["emailAddress"]["name"] == "Operations"
        assert graph.store.folder(Folder.DRAFTS) == []

    def test_draft_of_the_same_sender_is_sent(self, graph: GraphStandIn) -> None:
        sender = Sender(graph)
        graph.fault(throttled(), "send")
        sender.fails()
        (draft,) = graph.store.folder(Folder.DRAFTS)
        sender.send()
        (item,) = graph.store.folder(Folder.SENT)
        assert item.id == draft.id
