"""Time limits by phase, progress within a phase, and limits of recipients."""

from collections.abc import Sequence

import pytest

from notifications.backends.base import Fault, Stage, TimeLimits
from notifications.backends.smtp import SmtpBackend
from notifications.backends.trace import Trace
from tests.backends.smtp_props import envelope, fault_of_sending, limits_of, send, server_at
from tests.smtp_model import CONNECT, DOT, ModelServer, Part, polite, scripted
from tests.smtp_sink import SmtpSink

EVERYONE = tuple(f"user{number}@c.test" for number in range(100))


def slow(verb: str, seconds: float) -> ModelServer:
    return ModelServer(scripted({verb: [seconds, polite(verb)]}))


class TestEachPhase:
    @pytest.mark.parametrize(
        ("verb", "phase", "stage"),
        [
            (CONNECT, "command", Stage.GREETING),
            ("EHLO", "command", Stage.EHLO),
            ("MAIL", "command", Stage.MAIL_FROM),
            ("RCPT", "command", Stage.RCPT),
            ("DATA", "data", Stage.DATA),
            (DOT, "end_of_data", Stage.END_OF_DATA),
        ],
    )
    def test_is_waited_for_up_to_its_own_limit(self, verb: str, phase: str, stage: Stage) -> None:
        with slow(verb, 0.3) as model:
            assert send(server_at(model), limits=limits_of(0.1, **{phase: 5}))["one@c.test"].fault is None
        with slow(verb, 5) as model:
            error = fault_of_sending(server_at(model), limits=limits_of(5, **{phase: 0.2}))
        assert (error.stage, error.timed_out) == (stage, True)

    def test_has_nothing_to_do_with_the_time_to_connect(self) -> None:
        """Bug report: a greeting of three lines that comes after 13 seconds."""
        greeting: list[Part] = [b"220-model.test\r\n", 0.4, b"220-please wait\r\n", 0.4, b"220 ESMTP\r\n"]
        with ModelServer(scripted({CONNECT: [0.4, *greeting]})) as model:
            results = send(server_at(model, connect_timeout=0.2), limits=limits_of(5))
        assert results["one@c.test"].fault is None

    def test_of_the_final_dot_says_whether_time_ran_out_or_the_connection(self) -> None:
        with slow(DOT, 5) as model:
            late = fault_of_sending(server_at(model), limits=limits_of(5, end_of_data=0.2))
        with SmtpSink().on(DOT, hang_up=True) as sink:
            lost = fault_of_sending(server_at(sink))
        assert [(error.fault, error.stage, error.timed_out) for error in (late, lost)] == [
            (Fault.AMBIGUOUS, Stage.END_OF_DATA, True),
            (Fault.AMBIGUOUS, Stage.END_OF_DATA, False),
        ]
        assert len(sink.mails) == 1

    def test_of_a_form_s_seconds_waits_ten_minutes_for_the_final_dot(self) -> None:
        """Bug report: a filter answers the final dot after 50 seconds, and every retry made a copy."""
        limits = TimeLimits.without_progress(0.2)
        with slow(DOT, 0.6) as model:
            assert send(server_at(model), limits=limits)["one@c.test"].fault is None
        assert len(model.taken) == 1


class TestProgress:
    @pytest.mark.parametrize("verb", [CONNECT, "EHLO", "MAIL", "RCPT", "DATA", DOT])
    def test_is_asked_of_each_line_from_its_first_byte(self, verb: str) -> None:
        drip: list[Part] = [part for _ in range(200) for part in (b"2", 0.05)]
        with ModelServer(scripted({verb: drip})) as model:
            error = fault_of_sending(server_at(model), limits=limits_of(60, line=0.3))
        assert error.timed_out

    def test_of_a_reply_that_begins_late_counts_from_its_first_byte(self) -> None:
        late: list[Part] = [0.4, b"250-one\r\n", 0.2, b"250-two\r\n", 0.2, b"250 three\r\n"]
        with ModelServer(scripted({"MAIL": late})) as model:
            assert send(server_at(model), limits=limits_of(5, line=0.3))["one@c.test"].fault is None

    def test_of_lines_without_an_end_stops_at_the_phase_s_limit(self) -> None:
        lines: list[Part] = [part for _ in range(200) for part in (b"250-more\r\n", 0.05)]
        with ModelServer(scripted({"MAIL": lines})) as model:
            error = fault_of_sending(server_at(model), limits=limits_of(0.4, line=5))
        assert error.timed_out

    def test_is_asked_of_every_block_of_content(self) -> None:
        with ModelServer() as model:
            model.reads_content = False
            big = envelope(content=b"x" * 78 + b"\r\n" + b"y" * 20_000_000)
            error = fault_of_sending(server_at(model), big, limits=limits_of(30, block=0.3))
        assert (error.fault, error.stage, error.timed_out) == (Fault.TRANSIENT, Stage.DATA, True)

    @pytest.mark.parametrize("reply", [b"250-more\r\n" * 20_000, b"250 " + b"x" * 200_000, b"2" * 200_000])
    def test_is_not_made_by_talking_without_an_end(self, reply: bytes) -> None:
        with ModelServer(scripted({"MAIL": reply})) as model:
            error = fault_of_sending(server_at(model))
        assert (error.fault, error.timed_out) == (Fault.TRANSIENT, False)
        assert len(error.reply.text) < 1000


class TestManyRecipients:
    def test_of_a_slow_server_arrive_in_parts(self) -> None:
        with slow("RCPT", 0.02) as model:
            results = send(server_at(model), envelope(*EVERYONE), limits=limits_of(0.5, recipients=0.5))
        assert {result.fault for result in results.values()} == {None}
        assert len(model.taken) > 1
        assert sorted(address for email in model.taken for address in email.recipients) == sorted(EVERYONE)

    def test_go_in_parts_as_large_as_the_server_takes(self) -> None:
        with ModelServer() as model:
            results = send(server_at(model, most_recipients=30), envelope(*EVERYONE))
        assert [len(email.recipients) for email in model.taken] == [30, 30, 30, 10]
        assert set(results) == set(EVERYONE)

    @pytest.mark.parametrize(
        "refusal",
        [
            "452 4.5.3 Error: too many recipients",
            "452 Too many recipients",
            "552 5.5.3 Too many recipients",
            "552 too many recipients",
            "550 5.5.3 Too many recipients",
            "451 4.5.3 Too many recipients for this message",
        ],
    )
    def test_that_the_server_limits_are_counted_once_per_connection(self, refusal: str) -> None:
        everyone = EVERYONE[:50]
        with _Limited(refusal, 20) as model:
            results = send(server_at(model), envelope(*everyone))
        assert {result.fault for result in results.values()} == {None}
        assert [len(email.recipients) for email in model.taken] == [20, 20, 10]
        assert model.refusals == 1

    def test_that_the_server_limits_are_remembered_for_the_next_email(self) -> None:
        with _Limited("452 4.5.3 too many", 20) as model:
            backend = SmtpBackend(server_at(model))
            for _ in range(3):
                backend.send(envelope(*EVERYONE[:30]), limits_of(5), Trace())
            backend.close()
        assert (len(model.taken), model.refusals, model.connections) == (6, 1, 1)

    def test_beyond_the_limit_of_a_real_server_all_arrive(self) -> None:
        everyone = tuple(f"user{number}@c.test" for number in range(1000))
        with SmtpSink(recipient_limit=100) as sink:
            results = send(server_at(sink), envelope(*everyone), seconds=60)
        assert {result.fault for result in results.values()} == {None}
        assert len(sink.mails) == 10
        assert sorted(address for mail in sink.mails for address in mail.recipients) == sorted(everyone)


class _Limited(ModelServer):
    """Refuses recipients beyond `limit` in a transaction."""

    def __init__(self, refusal: str, limit: int) -> None:
        super().__init__(self._answer)
        self.refusals = self._named = 0
        self._refusal, self._limit = f"{refusal}\r\n".encode(), limit

    def _answer(self, verb: str, number: int) -> Sequence[Part]:
        if verb == "MAIL":
            self._named = 0
        if verb == "RCPT":
            self._named += 1
            if self._named > self._limit:
                self.refusals += 1
                return [self._refusal]
        return [polite(verb)]
