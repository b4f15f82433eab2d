"""The tables of Graph's errors, walked whole: each call, each status, each code."""

import pytest

from notifications.backends.base import Fault as Class
from notifications.backends.graph_faults import (
    BY_CODE,
    BY_STATUS,
    CODES,
    OF_THE_MAILBOX,
    REFUSING,
    STAGES,
    STATUSES,
    SUBMITTING,
    SUCCESS,
    Call,
    decide,
    known,
)
from tests.backends.graph_props import IDENTITY, Sender, without_drafts
from tests.graph.faults import HTML, cut_before, failing, saying
from tests.graph.mailbox import Folder
from tests.graph_stand_in import GraphStandIn

ERROR_STATUSES = range(300, 600)
LOOK_UPS = set(Call) - SUBMITTING
UNKNOWN = "ErrorOfTomorrow"
REFUSING_CODES = [code for code in BY_CODE if BY_CODE[code].fault in REFUSING]


class TestEveryCell:
    @pytest.mark.parametrize("call", Call)
    def test_without_a_code_refuses_no_email_but_one_that_is_too_large(self, call: Call) -> None:
        refused = {status for status in ERROR_STATUSES if decide(call, status, ()) in REFUSING}
        assert refused == ({413} if call in SUBMITTING else set())

    @pytest.mark.parametrize("call", Call)
    def test_with_an_unknown_code_refuses_no_email_but_one_that_is_too_large(self, call: Call) -> None:
        refused = {status for status in ERROR_STATUSES if decide(call, status, (UNKNOWN,)) in REFUSING}
        assert refused == ({413} if call in SUBMITTING else set())

    @pytest.mark.parametrize("call", sorted(LOOK_UPS))
    def test_of_a_look_up_never_refuses_an_email(self, call: Call) -> None:
        found = {decide(call, status, (code,)) for status in ERROR_STATUSES for code in (*BY_CODE, UNKNOWN)}
        assert not found & {*REFUSING}

    @pytest.mark.parametrize("call", Call)
    def test_that_holds_is_in_a_table_or_a_mailbox_that_is_not_found(self, call: Call) -> None:
        holding = {status for status in ERROR_STATUSES if decide(call, status, (UNKNOWN,)).holds}
        in_table = {status for status, meaning in BY_STATUS.items() if meaning.fault.holds}
        assert holding == in_table | ({404} if call in OF_THE_MAILBOX else set())

    @pytest.mark.parametrize("call", sorted(SUBMITTING))
    def test_with_a_known_code_has_the_tables_fault(self, call: Call) -> None:
        for code, meaning in BY_CODE.items():
            for status in meaning.only_with or ERROR_STATUSES:
                assert decide(call, status, (code,)) is meaning.fault, (code, status)

    def test_speaks_for_every_email_where_a_server_error_names_a_time(self) -> None:
        assert decide(Call.SEND, 503, (), names_a_time=True) is Class.THROTTLED
        assert decide(Call.SEND, 503, ()) is Class.TRANSIENT
        assert decide(Call.SEND, 409, (), names_a_time=True) is Class.TRANSIENT


class TestTheTables:
    def test_name_a_source_for_every_row(self) -> None:
        assert all(meaning.source for meaning in (*CODES, *STATUSES))

    def test_have_each_code_and_each_status_once(self) -> None:
        codes = [str(name).casefold() for meaning in CODES for name in meaning.names]
        statuses = [name for meaning in STATUSES for name in meaning.names]
        assert (len(codes), len(statuses)) == (len(BY_CODE), len(BY_STATUS))

    def test_have_a_stage_and_a_success_for_every_call(self) -> None:
        assert set(STAGES) == set(SUCCESS) == set(Call)

    @pytest.mark.parametrize("code", ["errorsendasdenied", "ERRORSENDASDENIED", "ErrorSendAsDenied"])
    def test_are_read_without_case(self, code: str) -> None:
        assert decide(Call.SEND, 403, (code,)) is Class.SENDER

    def test_use_the_innermost_code_that_they_have(self) -> None:
        assert decide(Call.SEND, 400, ("BadRequest", "ErrorSendAsDenied", UNKNOWN)) is Class.SENDER

    def test_do_not_take_a_vague_code_for_more_than_its_status_says(self) -> None:
        assert known(404, ("BadRequest",)) is None


class TestOnTheWire:
    @pytest.mark.parametrize("status", [*range(400, 452), 499])
    @pytest.mark.parametrize("said", ["a code", "a page"])
    def test_an_unclear_reply_to_a_look_up_neither_refuses_nor_doubles_an_email(
        self, graph: GraphStandIn, status: int, said: str
    ) -> None:
        sender = Sender(graph)
        graph.fault(cut_before(), "send").fault(cut_before(), "look")
        assert sender.fails().fault is Class.AMBIGUOUS
        reply = failing(status, UNKNOWN) if said == "a code" else saying(status, HTML)
        graph.fault(reply, "look", "find", times=None)
        error = sender.fails()
        assert error.fault is (BY_STATUS[status].fault if status in BY_STATUS and status != 413 else Class.TRANSIENT)
        graph.faults.clear()
        sender.notes.order_was(seconds=31)
        sender.tries()
        assert [mail.message_id for mail in graph.deliveries] == [IDENTITY]

    @pytest.mark.parametrize("call", ["draft", "send"])
    @pytest.mark.parametrize("status", [405, 406, 409, 410, 411, 412, 414, 415, 417, 422, 423, 425, 426, 428, 431, 451])
    def test_an_unclear_rejection_defers_the_email(self, graph: GraphStandIn, call: str, status: int) -> None:
        sender = Sender(graph)
        graph.fault(saying(status, HTML), call)
        assert sender.fails().fault is Class.TRANSIENT
        if call == "send":
            sender.notes.order_was(seconds=31)
        sender.send()
        assert [mail.message_id for mail in graph.deliveries] == [IDENTITY]

    @pytest.mark.parametrize("code", REFUSING_CODES)
    def test_a_code_about_the_email_refuses_it_and_leaves_no_draft(self, graph: GraphStandIn, code: str) -> None:
        graph.fault(failing(400, code, "No."), "send")
        sender = Sender(graph)
        assert sender.fails().fault in REFUSING
        assert (graph.store.folder(Folder.DRAFTS), sender.notes.note) == ([], "")

    @pytest.mark.parametrize(
        ("code", "expected"),
        [
            ("ErrorMailboxStoreUnavailable", Class.TRANSIENT),
            ("ErrorInternalServerTransientError", Class.TRANSIENT),
            ("MailboxInfoStale", Class.TRANSIENT),
            ("ErrorServerBusy", Class.THROTTLED),
            ("ErrorSendAsDenied", Class.SENDER),
            ("ErrorExceededMessageLimit", Class.QUOTA),
            ("ErrorMessageSizeExceeded", Class.PERMANENT),
            ("ErrorTimeoutExpired", Class.AMBIGUOUS),
            ("ErrorInternalServerError", Class.AMBIGUOUS),
            (UNKNOWN, Class.AMBIGUOUS),
        ],
    )
    def test_a_server_error_of_sendmail_leaves_doubt_only_where_no_code_says_what_happened(
        self, graph: GraphStandIn, code: str, expected: Class
    ) -> None:
        graph.fault(failing(503, code), "send_mail")
        error = Sender(without_drafts(graph)).fails()
        assert (error.fault, error.timed_out, error.reply.code) == (expected, False, 503)


def test_a_proxys_403_does_not_end_the_use_of_drafts(graph: GraphStandIn) -> None:
    """Else the next large email would be refused for want of a permission that is there."""
    sender = Sender(graph)
    graph.fault(saying(403, HTML), "draft")
    error = sender.fails()
    assert (error.fault, sender.tokens.may_draft, graph.calls("send_mail")) == (Class.CONFIGURATION, None, [])
