"""Attachments of every size: in the draft, beside it, in pieces, or refused before they cost memory."""

import hashlib
import tracemalloc

import pytest

from notifications.backends.base import Fault
from notifications.backends.graph_upload import MOST_STANDSTILLS, RANGE
from tests.backends.graph_props import MB, Sender, a_content, without_drafts
from tests.graph.faults import cut_after, cut_before, cut_within, failing, saying
from tests.graph_stand_in import GraphStandIn


def with_attachment(graph: GraphStandIn, size: int, **more: bool) -> tuple[Sender, str]:
    """A try of a mail with `size` bytes attached, and their hash."""
    content = (b"0123456789abcdef" * (size // 16 + 1))[:size]
    mail = a_content("ops@peer.test", attached=(("log.csv", content),))
    return Sender(graph, content=mail, **more), hashlib.sha256(content).hexdigest()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("size", "kinds"),
    [
        (0, ["draft", "send"]),
        (10_000, ["draft", "send"]),
        (2_900_000, ["draft", "send"]),
        (2_999_999, ["draft", "attach", "send"]),
        (3_000_000, ["draft", "session", "range", "send"]),
        (3 * MB - 1, ["draft", "session", "range", "send"]),
        (RANGE, ["draft", "session", "range", "send"]),
        (5_000_000, ["draft", "session", "range", "range", "send"]),
        (20_000_000, ["draft", "session", *["range"] * 6, "send"]),
    ],
)
def test_an_attachment_arrives_whole_whatever_its_size(graph: GraphStandIn, size: int, kinds: list[str]) -> None:
    sender, digest = with_attachment(graph, size)
    sender.send()
    assert [call.kind for call in graph.log if call.mailbox] == kinds
    assert [(item.name, item.sha256, item.size) for item in graph.deliveries[0].attachments] == [
        ("log.csv", digest, size)
    ]
    assert all(call.size < 4 * MB for call in graph.log)
    assert not any(call.authorized for call in graph.calls("range", "ranges"))


class TestTooLarge:
    def test_is_a_mail_of_151_mb_before_it_is_read(self, graph: GraphStandIn) -> None:
        line = b"A" * 76 + b"\r\n"
        head = a_content("ops@peer.test").partition(b"\r\n\r\n")[0]
        sender = Sender(graph, content=head + b"\r\n\r\n" + line * (151 * MB // 57))
        tracemalloc.start()
        error = sender.fails()
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert (error.fault, graph.log) == (Fault.PERMANENT, [])
        assert "150 MB" in error.reply.text
        assert most < 5 * MB

    @pytest.mark.parametrize("saving", [True, False])
    def test_for_an_app_without_drafts_is_all_above_4_mb(self, graph: GraphStandIn, saving: bool) -> None:
        sender, _ = with_attachment(without_drafts(graph), 3_000_000, saving=saving)
        error = sender.fails()
        assert error.fault is Fault.PERMANENT
        assert "Mail.ReadWrite" in error.reply.text
        assert graph.calls("send_mail") == []

    def test_for_an_app_without_drafts_is_not_what_fits(self, graph: GraphStandIn) -> None:
        sender, digest = with_attachment(without_drafts(graph), 2_000_000)
        sender.send()
        assert graph.deliveries[0].attachments[0].sha256 == digest

    def test_for_the_organisation_is_what_it_says(self, graph: GraphStandIn) -> None:
        graph.store.largest_message = 4_000_000
        sender, _ = with_attachment(graph, 5_000_000)
        error = sender.fails()
        assert (error.fault, error.reply.codes) == (Fault.PERMANENT, "413 ErrorMessageSizeExceeded")


class TestABrokenUpload:
    @pytest.mark.parametrize("fault", [cut_before, cut_within, lambda: failing(503), lambda: failing(416, "ErrorX")])
    @pytest.mark.parametrize("skip", [0, 1, 2])
    def test_goes_on_where_it_stopped(self, graph: GraphStandIn, fault: object, skip: int) -> None:
        sender, digest = with_attachment(graph, 9_000_000)
        graph.fault(fault(), "range", skip=skip)  # type: ignore[operator]
        sender.send()
        assert (len(graph.calls("session")), graph.deliveries[0].attachments[0].sha256) == (1, digest)

    def test_goes_on_after_an_answer_that_was_lost(self, graph: GraphStandIn) -> None:
        sender, digest = with_attachment(graph, 9_000_000)
        graph.fault(cut_after(), "range", times=2)
        sender.send()
        assert graph.deliveries[0].attachments[0].sha256 == digest

    def test_asks_again_when_the_question_is_lost_too(self, graph: GraphStandIn) -> None:
        sender, digest = with_attachment(graph, 9_000_000)
        graph.fault(cut_before(), "range").fault(cut_before(), "ranges")
        sender.send()
        assert graph.deliveries[0].attachments[0].sha256 == digest

    @pytest.mark.parametrize("at", ["range", "ranges"])
    @pytest.mark.parametrize("status", [401, 403, 404, 410])
    def test_never_holds_the_other_mails(self, graph: GraphStandIn, at: str, status: int) -> None:
        sender, _ = with_attachment(graph, 5_000_000)
        graph.fault(cut_before(), "range", times=1 if at == "ranges" else 0)
        graph.fault(failing(status, "InvalidAuthenticationToken"), at, times=None)
        assert not sender.fails().fault.holds

    def test_of_which_only_the_last_answer_was_lost_begins_anew(self, graph: GraphStandIn) -> None:
        sender, digest = with_attachment(graph, 5_000_000)
        graph.fault(cut_after(), "range", skip=1)
        assert sender.fails().fault is Fault.TRANSIENT
        sender.send()
        assert [item.sha256 for item in graph.deliveries[0].attachments] == [digest]

    @pytest.mark.parametrize(
        "said",
        [
            b'{"nextExpectedRanges": ["0-"]}',
            b'{"nextExpectedRanges": ["-1"]}',
            b'{"nextExpectedRanges": ["x"]}',
            b'{"nextExpectedRanges": {"a": 1}}',
            b'{"nextExpectedRanges": ["99999999999"]}',
            b"nonsense",
        ],
    )
    def test_that_stands_still_or_makes_no_sense_is_given_up(self, graph: GraphStandIn, said: bytes) -> None:
        sender, _ = with_attachment(graph, 5_000_000)
        graph.fault(saying(200, said, "application/json"), "range", "ranges", times=None)
        assert sender.fails(seconds=20).fault is Fault.TRANSIENT
        assert len(graph.calls("range")) <= 2 * MOST_STANDSTILLS
        assert graph.deliveries == []

    @pytest.mark.parametrize("said", [b"{}", b'{"uploadUrl": 5}', b'{"uploadUrl": "http://localhost/"}', b"[]"])
    def test_because_no_address_was_given_sends_nothing(self, graph: GraphStandIn, said: bytes) -> None:
        sender, _ = with_attachment(graph, 5_000_000)
        graph.fault(saying(201, said, "application/json"), "session")
        assert sender.fails().fault is Fault.TRANSIENT
        assert graph.deliveries == []
