"""The SMTP backend against servers that behave, refuse and drop; further tests are named after their subject."""

import pytest

from notifications.backends.base import Fault, Stage
from notifications.backends.smtp import SmtpBackend
from notifications.backends.smtp_server import SmtpServer
from notifications.backends.trace import Trace
from tests.backends.smtp_props import CONTENT, by_password, envelope, fault_of_sending, limits_of, send, server_at
from tests.smtp_model import ModelServer, scripted
from tests.smtp_sink import CONNECT, DOT, RawServer, SmtpSink
from tests.smtp_sink import CONTENT as MID_CONTENT


class TestAGoodServer:
    def test_takes_the_email_byte_for_byte(self) -> None:
        with SmtpSink() as sink:
            results = send(server_at(sink))
        assert results["one@c.test"].fault is None
        assert (results["one@c.test"].reply.code, results["one@c.test"].stage) == (250, Stage.END_OF_DATA)
        assert sink.mails[0].content == CONTENT
        assert sink.mails[0].sender == "sender@b.test"

    def test_is_greeted_with_a_literal_when_there_is_no_name(self) -> None:
        with SmtpSink() as sink:
            send(server_at(sink))
        assert sink.commands[0] == "EHLO [127.0.0.1]"

    def test_is_greeted_with_the_name_that_was_given(self) -> None:
        with SmtpSink() as sink:
            send(server_at(sink, ehlo_name="panel.test"))
        assert sink.commands[0] == "EHLO panel.test"

    def test_keeps_the_connection_for_the_next_email(self) -> None:
        with SmtpSink() as sink:
            backend = SmtpBackend(server_at(sink))
            for _ in range(3):
                backend.send(envelope(), limits_of(10), Trace())
            backend.close()
        assert (len(sink.mails), sink.connections) == (3, 1)
        assert sink.commands[-1] == "QUIT"


class TestAServerWithoutEhlo:
    """Bug report: an old device rejects EHLO, and HELO is never tried."""

    @pytest.mark.parametrize("code", [500, 501, 502, 504, 550])
    def test_is_greeted_with_helo(self, code: int) -> None:
        with ModelServer(scripted({"EHLO": f"{code} 5.5.1 Command unrecognized\r\n".encode()})) as model:
            results = send(server_at(model))
        assert results["one@c.test"].fault is None
        assert model.commands[:3] == ["EHLO [127.0.0.1]", "HELO [127.0.0.1]", "MAIL FROM:<sender@b.test>"]

    @pytest.mark.parametrize("reply", [b"421 4.3.2 closing\r\n", b"450 4.3.2 later\r\n"])
    def test_is_not_one_that_is_busy(self, reply: bytes) -> None:
        with ModelServer(scripted({"EHLO": reply})) as model:
            error = fault_of_sending(server_at(model))
        assert (error.fault, error.stage) == (Fault.THROTTLED, Stage.EHLO)
        assert "HELO" not in model.verbs()

    def test_has_no_extensions(self) -> None:
        answers = {"EHLO": b"500 what?\r\n", "HELO": b"250-model.test\r\n250-AUTH PLAIN\r\n250 SIZE 10\r\n"}
        with ModelServer(scripted({**answers})) as model:
            error = fault_of_sending(server_at(model), sign_in=by_password())
            assert send(server_at(model))["one@c.test"].fault is None
        assert error.fault is Fault.SIGN_IN
        assert "EHLO was rejected: 500 what?" in error.reply.text

    def test_that_rejects_helo_too_is_refused_with_its_codes(self) -> None:
        refusal = b"550-5.7.1 go\r\n550 5.7.1 away\r\n"
        with ModelServer(scripted({"EHLO": refusal, "HELO": refusal})) as model:
            error = fault_of_sending(server_at(model))
        assert (error.stage, error.reply.codes, error.reply.text) == (Stage.EHLO, "550 5.7.1", "go away")


class TestRecipients:
    def test_each_get_their_own_outcome(self) -> None:
        replies = {
            "gone": "550 5.1.1 unknown",
            "full": "452 4.2.2 over quota",
            "busy": "451 4.7.500 busy",
            "day": "550 5.4.5 daily limit",
        }
        with SmtpSink() as sink:
            for name, reply in replies.items():
                sink.on("RCPT", reply, address=f"{name}@")
            results = send(
                server_at(sink), envelope("gone@c.test", "good@c.test", "full@c.test", "busy@c.test", "day@c.test")
            )
        assert {address: (result.fault, result.stage) for address, result in results.items()} == {
            "gone@c.test": (Fault.RECIPIENT, Stage.RCPT),
            "good@c.test": (None, Stage.END_OF_DATA),
            "full@c.test": (Fault.TRANSIENT, Stage.RCPT),
            "busy@c.test": (Fault.TRANSIENT, Stage.RCPT),
            "day@c.test": (Fault.QUOTA, Stage.RCPT),
        }
        assert [mail.recipients for mail in sink.mails] == [("good@c.test",)]

    def test_who_are_all_refused_for_relaying_are_reported_as_such(self) -> None:
        with SmtpSink().on("RCPT", "554 5.7.1 <x>: Relay access denied") as sink:
            results = send(server_at(sink), envelope("one@c.test", "two@c.test"))
        assert [(result.fault, result.stage) for result in results.values()] == [(Fault.RELAY, Stage.RCPT)] * 2

    def test_keep_what_was_settled_before_the_connection_broke(self) -> None:
        with SmtpSink().on("RCPT", hang_up=True, address="two@") as sink:
            sink.on("RCPT", "452 4.5.3 too many recipients", address="two@", times=1)
            error = fault_of_sending(server_at(sink), envelope("one@c.test", "two@c.test"))
        assert error.fault is Fault.TRANSIENT
        assert error.results["one@c.test"].fault is None
        assert "two@c.test" not in error.results
        assert len(sink.mails) == 1


class TestRefusals:
    @pytest.mark.parametrize(
        ("verb", "reply", "fault"),
        [
            (CONNECT, "421 4.3.2 too many connections", Fault.THROTTLED),
            (CONNECT, "554 5.7.1 your address is blocked", Fault.CONFIGURATION),
            ("EHLO", "421 4.3.0 closing", Fault.THROTTLED),
            ("MAIL", "550 5.7.60 Client does not have permissions to send as this sender", Fault.SENDER),
            ("MAIL", "530 5.7.57 Client not authenticated to send mail", Fault.SIGN_IN),
            ("MAIL", "432 4.3.2 Concurrent connections limit exceeded", Fault.THROTTLED),
            ("MAIL", "451 4.3.0 later", Fault.TRANSIENT),
            ("MAIL", "552 5.3.4 too large", Fault.PERMANENT),
            ("DATA", "421 4.3.0 closing", Fault.THROTTLED),
            (DOT, "554 5.2.0 STOREDRV; SendAsDenied; a not allowed to send as b", Fault.SENDER),
            (DOT, "554 5.2.2 mailbox full; QuotaExceededException", Fault.CONFIGURATION),
            (DOT, "550 5.7.30 Basic authentication is not supported for Client Submission", Fault.SIGN_IN),
        ],
    )
    def test_are_distinguished(self, verb: str, reply: str, fault: Fault) -> None:
        with SmtpSink().on(verb, reply) as sink:
            assert fault_of_sending(server_at(sink)).fault is fault
        assert sink.mails == []

    @pytest.mark.parametrize(
        ("reply", "fault"),
        [
            ("451 4.7.1 greylisted", Fault.TRANSIENT),
            ("552 5.2.3 too large for the mailbox", Fault.PERMANENT),
            ("554 5.7.1 spam", Fault.PERMANENT),
            ("554 5.2.0 STOREDRV.Submission; daily limit", Fault.QUOTA),
        ],
    )
    @pytest.mark.parametrize(("verb", "stage"), [("DATA", Stage.DATA), (DOT, Stage.END_OF_DATA)])
    def test_after_rcpt_are_every_recipients(self, verb: str, stage: Stage, reply: str, fault: Fault) -> None:
        with SmtpSink().on(verb, reply) as sink:
            results = send(server_at(sink), envelope("one@c.test", "two@c.test"))
        assert [(result.fault, result.stage) for result in results.values()] == [(fault, stage)] * 2

    def test_of_an_email_too_large_come_before_it_is_sent(self) -> None:
        with SmtpSink(data_size_limit=1000) as sink:
            error = fault_of_sending(server_at(sink), envelope(content=b"x" * 2000))
        assert (error.fault, error.stage) == (Fault.PERMANENT, Stage.MAIL_FROM)
        assert "1,000" in error.reply.text
        assert not [line for line in sink.commands if line.startswith("MAIL")]


class TestNoConnection:
    def test_in_the_middle_of_the_email_means_try_again(self) -> None:
        with SmtpSink().on(MID_CONTENT) as sink:
            error = fault_of_sending(server_at(sink), envelope(content=b"x" * 5_000_000))
        assert (error.fault, error.stage) == (Fault.TRANSIENT, Stage.DATA)
        assert sink.mails == []

    def test_to_a_closed_port_is_unreachable(self) -> None:
        with SmtpSink() as sink:
            port = sink.port
        error = fault_of_sending(SmtpServer("127.0.0.1", port, "none"))
        assert (error.fault, error.stage) == (Fault.UNREACHABLE, Stage.CONNECT)
        assert str(port) in error.reply.text

    def test_for_want_of_a_name_is_unreachable(self) -> None:
        error = fault_of_sending(SmtpServer("no-such-host.invalid", 25, "none"))
        assert (error.fault, error.stage) == (Fault.UNREACHABLE, Stage.DNS)
        assert "no-such-host.invalid" in error.reply.text

    def test_to_a_web_server_is_named(self) -> None:
        with RawServer({CONNECT: b"HTTP/1.1 400 Bad Request\r\n\r\n"}) as raw:
            error = fault_of_sending(server_at(raw))
        assert (error.fault, error.stage) == (Fault.UNREACHABLE, Stage.GREETING)
        assert "not an SMTP reply: 'HTTP/1.1 400 Bad Request'" in error.reply.text


@pytest.mark.parametrize("reply", [b"\xff\xfe250 ok\r\n", b"25\r\n", b"\x00\x00\x00\r\n", b"999 what\r\n"])
@pytest.mark.parametrize("verb", ["MAIL", "RCPT", DOT])
def test_what_is_no_smtp_is_shown_without_control_characters(verb: str, reply: bytes) -> None:
    with RawServer({verb: reply}) as raw:
        error = fault_of_sending(server_at(raw), seconds=3)
    assert error.fault is (Fault.AMBIGUOUS if verb == DOT else Fault.TRANSIENT)
    assert error.reply.text.isprintable()
