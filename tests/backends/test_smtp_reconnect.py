"""A 421 or a closed connection concerns that connection: the same email goes over the next one."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from notifications.backends.base import BackendError, Fault, Results, Stage
from notifications.backends.smtp import SmtpBackend
from notifications.backends.trace import Trace
from tests.backends.smtp_props import by_password, envelope, fault_of_sending, limits_of, send, server_at
from tests.smtp_model import CONNECT, DOT, HANG_UP, RESET, ModelServer, Part, polite
from tests.smtp_sink import SmtpSink

LEAVING: list[Part] = [b"421 4.7.0 Maximum message count per session reached\r\n", HANG_UP]
ENDS: dict[str, list[Part]] = {
    "421": LEAVING,
    "421 without closing": [b"421 4.4.2 bye\r\n"],
    "closed": [HANG_UP],
    "reset": [RESET],
    "half a reply": [b"250-", HANG_UP],
}


@contextmanager
def kept(model: ModelServer) -> Iterator[SmtpBackend]:
    backend = SmtpBackend(server_at(model))
    try:
        yield backend
    finally:
        backend.close()


def send_one(backend: SmtpBackend, *recipients: str, trace: Trace | None = None) -> Results:
    return backend.send(envelope(*recipients), limits_of(2), trace or Trace())


def ending(verb: str, end: list[Part], *numbers: int) -> ModelServer:
    """Ends the connection at those occurrences (from 0) of `verb`."""

    def script(said: str, number: int) -> Sequence[Part]:
        return end if said == verb and number in numbers else [polite(said)]

    return ModelServer(script)


FULL = [
    b"421 4.7.0 Too many messages in this session",
    b"450 4.7.1 Too many messages in one connection",
    b"451 4.7.0 Maximum messages per connection exceeded",
    b"452 4.3.2 Too many messages for this session",
    b"452 4.5.3 Session message limit reached",
    b"550 5.7.0 Maximum number of messages per SMTP session reached",
    b"554 5.7.1 Exceeded the limit of emails per-connection",
]


class TestAKeptConnection:
    @pytest.mark.parametrize("end", ENDS)
    @pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
    def test_that_ends_before_the_email_is_sent_is_replaced(self, verb: str, end: str) -> None:
        trace = Trace()
        with ending(verb, ENDS[end], 1) as model, kept(model) as backend:
            send_one(backend)
            results = send_one(backend, trace=trace)
        assert results["one@c.test"].fault is None
        assert (len(model.taken), model.connections) == (2, 2)
        assert "connecting again" in str(trace)

    @pytest.mark.parametrize("end", ENDS)
    def test_that_ends_at_the_reset_after_an_email_leaves_it_accepted(self, end: str) -> None:
        with ending("RSET", ENDS[end], 0) as model, kept(model) as backend:
            assert [send_one(backend)["one@c.test"].fault for _ in range(2)] == [None, None]
        assert (len(model.taken), model.connections) == (2, 2)

    def test_that_ended_while_idle_is_replaced(self) -> None:
        with SmtpSink() as sink:
            backend = SmtpBackend(server_at(sink))
            send_one(backend)
            sink.hang_up_all()
            send_one(backend)
            backend.close()
        assert (len(sink.mails), sink.connections) == (2, 2)

    def test_that_the_server_announced_to_close_is_replaced(self) -> None:
        late: list[Part] = [polite("RSET"), b"421 4.4.2 Error: timeout exceeded\r\n", HANG_UP]
        with ending("RSET", late, 0) as model, kept(model) as backend:
            for _ in range(2):
                assert send_one(backend)["one@c.test"].fault is None
        assert (len(model.taken), model.connections) == (2, 2)

    def test_on_which_the_server_says_everything_twice_is_replaced(self) -> None:
        def twice(verb: str, number: int) -> Sequence[Part]:
            return [polite(verb) * (2 if verb == "." else 1)]

        with ModelServer(twice) as model, kept(model) as backend:
            for _ in range(3):
                assert send_one(backend)["one@c.test"].fault is None
        assert (len(model.taken), model.connections) == (3, 3)

    def test_may_carry_five_emails_each(self) -> None:
        """Bug report: after five emails the server answers 421 and closes; the queue paused for two minutes."""
        with ending("MAIL", LEAVING, *range(5, 100, 6)) as model, kept(model) as backend:
            faults = [send_one(backend)["one@c.test"].fault for _ in range(60)]
        assert faults == [None] * 60
        assert (len(model.taken), model.connections) == (60, 12)

    @pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", DOT])
    @pytest.mark.parametrize("reply", FULL)
    def test_that_carries_no_more_email_is_replaced(self, verb: str, reply: bytes) -> None:
        with ending(verb, [reply + b"\r\n"], 5, 11) as model, kept(model) as backend:
            faults = [send_one(backend)["one@c.test"].fault for _ in range(15)]
        assert faults == [None] * 15
        assert (len(model.taken), model.connections) == (15, 3)

    @pytest.mark.parametrize("verb", ["MAIL", "DATA", DOT])
    def test_that_is_throttled_is_replaced_once(self, verb: str) -> None:
        throttled: list[Part] = [b"450 4.7.1 Error: too much mail from 203.0.113.7\r\n"]
        with ending(verb, throttled, 1, 3, 4) as model, kept(model) as backend:
            faults = [send_one(backend)["one@c.test"].fault for _ in range(2)]
            with pytest.raises(BackendError) as caught:
                send_one(backend)
        assert faults == [None, None]
        assert caught.value.fault is Fault.THROTTLED
        assert model.connections == 3

    def test_is_kept_when_a_reply_is_about_the_email(self) -> None:
        with ending("RCPT", [b"450 4.2.0 Greylisted, try this session again\r\n"], 1) as model, kept(model) as backend:
            faults = [send_one(backend)["one@c.test"].fault for _ in range(3)]
        assert faults == [None, Fault.TRANSIENT, None]
        assert model.connections == 1

    def test_is_replaced_as_often_as_it_carries_a_part_of_the_email(self) -> None:
        everyone = tuple(f"r{number}@c.test" for number in range(30))
        with ending("MAIL", LEAVING, 1, 3, 5, 7) as model:
            server = server_at(model, most_recipients=5)
            results = send(server, envelope(*everyone))
        assert {result.fault for result in results.values()} == {None}
        assert [len(email.recipients) for email in model.taken] == [5] * 6

    def test_survives_what_concerns_a_recipient_alone(self) -> None:
        def script(verb: str, number: int) -> Sequence[Part]:
            return [b"550 5.1.1 unknown\r\n" if verb == "RCPT" and number == 0 else polite(verb)]

        with ModelServer(script) as model, kept(model) as backend:
            assert send_one(backend)["one@c.test"].fault is Fault.RECIPIENT
            assert send_one(backend)["one@c.test"].fault is None
        assert model.connections == 1


class TestAFreshConnection:
    @pytest.mark.parametrize(
        ("verb", "stage"),
        [
            (CONNECT, Stage.GREETING),
            ("EHLO", Stage.EHLO),
            ("AUTH", Stage.AUTH),
            ("MAIL", Stage.MAIL_FROM),
            ("RCPT", Stage.RCPT),
            ("DATA", Stage.DATA),
        ],
    )
    def test_that_ends_with_421_is_throttled_at_its_stage(self, verb: str, stage: Stage) -> None:
        with ending(verb, LEAVING, *range(9)) as model:
            error = fault_of_sending(server_at(model), sign_in=by_password())
        assert (error.fault, error.stage, error.reply.codes) == (Fault.THROTTLED, stage, "421 4.7.0")
        assert model.connections == 1

    @pytest.mark.parametrize("reply", FULL[1:])
    def test_that_takes_no_email_at_all_is_not_replaced(self, reply: bytes) -> None:
        with ending("MAIL", [reply + b"\r\n"], 0, 1) as model:
            fault_of_sending(server_at(model))
        assert model.connections == 1

    @pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
    def test_that_is_lost_is_not_replaced_again_and_again(self, verb: str) -> None:
        with ending(verb, [HANG_UP], *range(9)) as model:
            error = fault_of_sending(server_at(model))
        assert error.fault is Fault.TRANSIENT
        assert model.connections == 1

    def test_after_a_kept_one_gets_one_try(self) -> None:
        with ending("MAIL", LEAVING, 1, 2) as model, kept(model) as backend:
            send_one(backend)
            with pytest.raises(BackendError) as caught:
                send_one(backend)
        assert (caught.value.fault, caught.value.stage) == (Fault.THROTTLED, Stage.MAIL_FROM)
        assert model.connections == 2

    def test_that_is_refused_after_a_kept_one_ended_says_so(self) -> None:
        def script(verb: str, number: int) -> Sequence[Part]:
            busy = verb == CONNECT and number == 1
            return LEAVING if busy or (verb == "MAIL" and number == 1) else [polite(verb)]

        with ModelServer(script) as model, kept(model) as backend:
            send_one(backend)
            with pytest.raises(BackendError) as caught:
                send_one(backend)
        assert (caught.value.fault, caught.value.stage) == (Fault.THROTTLED, Stage.GREETING)

    def test_that_ends_over_many_unknown_recipients_is_replaced(self) -> None:
        """Postfix: 421 4.7.0 Error: too many errors, after twenty."""
        everyone = tuple(f"r{number}@c.test" for number in range(50))

        def script(verb: str, number: int) -> Sequence[Part]:
            if verb == "RCPT" and number % 21 == 20:
                return [b"421 4.7.0 Error: too many errors\r\n", HANG_UP]
            return [b"550 5.1.1 unknown\r\n" if verb == "RCPT" and number < 45 else polite(verb)]

        with ModelServer(script) as model:
            results = send(server_at(model), envelope(*everyone))
        assert set(results) == set(everyone)
        assert {result.fault for result in results.values()} == {None, Fault.RECIPIENT}

    def test_that_ends_over_one_recipient_serves_the_others(self) -> None:
        with SmtpSink().on("RCPT", "421 4.7.0 leaving", address="odd@", hang_up=True) as sink:
            results = send(server_at(sink), envelope("one@c.test", "odd@c.test", "two@c.test"))
        assert results["odd@c.test"].fault is Fault.TRANSIENT
        assert sink.mails[0].recipients == ("one@c.test", "two@c.test")
