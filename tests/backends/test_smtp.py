"""The SMTP backend against servers that behave, refuse, limit, drop and drip."""

import base64

import pytest

from notifications.backends.base import BackendError, Envelope, Fault, Results, Stage, TimeLimits
from notifications.backends.smtp import SmtpBackend, SmtpServer
from notifications.backends.smtp_auth import PasswordSignIn
from notifications.backends.trace import Trace
from tests.pki import STRANGER, ca_pem, server_context
from tests.smtp_sink import CONNECT, CONTENT, DOT, HANG_UP, Drip, RawServer, SmtpSink

CONTENT_BYTES = b"From: a@b.test\r\nSubject: hello\r\n\r\n.dot first\r\nlast line\r\n"
USER, PASSWORD = "ops", "pässwörd-1"


def envelope(*recipients: str, content: bytes = CONTENT_BYTES) -> Envelope:
    return Envelope("sender@b.test", recipients or ("one@c.test",), content)


def server_at(host_port: SmtpSink | RawServer, security: str = "none", **more: object) -> SmtpServer:
    return SmtpServer("localhost" if security != "none" else host_port.host, host_port.port, security, **more)  # type: ignore[arg-type]


def limits_of(seconds: float) -> TimeLimits:
    """The same limit for every phase, the final dot's too."""
    return TimeLimits(seconds, seconds, seconds, seconds)


def send(
    server: SmtpServer, mail: Envelope | None = None, *, seconds: float = 10, trace: Trace | None = None, **sign_in: str
) -> Results:
    backend = SmtpBackend(server, PasswordSignIn(**sign_in) if sign_in else None)
    try:
        return backend.send(mail or envelope(), limits_of(seconds), trace or Trace())
    finally:
        backend.close()


def fault_of_sending(server: SmtpServer, mail: Envelope | None = None, **more: object) -> BackendError:
    with pytest.raises(BackendError) as caught:
        send(server, mail, **more)  # type: ignore[arg-type]
    return caught.value


class TestAGoodServer:
    def test_takes_the_mail_byte_for_byte(self) -> None:
        with SmtpSink() as sink:
            results = send(server_at(sink))
        assert results["one@c.test"].fault is None
        assert results["one@c.test"].reply.code == 250
        assert sink.mails[0].content == CONTENT_BYTES
        assert sink.mails[0].sender == "sender@b.test"

    def test_is_greeted_with_a_literal_when_there_is_no_name(self) -> None:
        with SmtpSink() as sink:
            send(server_at(sink))
        assert sink.commands[0] == "EHLO [127.0.0.1]"

    def test_keeps_the_connection_for_the_next_mail(self) -> None:
        with SmtpSink() as sink:
            backend = SmtpBackend(server_at(sink))
            for _ in range(3):
                backend.send(envelope(), limits_of(10), Trace())
            backend.close()
        assert (len(sink.mails), sink.connections) == (3, 1)
        assert sink.commands[-1] == "QUIT"

    def test_that_dropped_the_kept_connection_gets_a_new_one(self) -> None:
        with SmtpSink() as sink:
            backend = SmtpBackend(server_at(sink))
            backend.send(envelope(), limits_of(10), Trace())
            sink.hang_up_all()
            backend.send(envelope(), limits_of(10), Trace())
            backend.close()
        assert (len(sink.mails), sink.connections) == (2, 2)


class TestEncryption:
    @pytest.mark.parametrize("security", ["starttls", "tls"])
    def test_carries_mail_and_password_when_the_certificate_is_good(self, security: str) -> None:
        with SmtpSink(tls=security, users={USER: PASSWORD}) as sink:
            send(server_at(sink, security, ca_certificate=ca_pem()), user=USER, password=PASSWORD)
        assert sink.mails[0].secure
        assert sink.mails[0].user == USER

    @pytest.mark.parametrize("security", ["starttls", "tls"])
    @pytest.mark.parametrize(
        ("context", "word"),
        [
            (server_context(signed_by=STRANGER), "self-signed|unable to get"),
            (server_context(expired=True), "expired"),
            (server_context("elsewhere.test"), "mismatch"),
        ],
    )
    def test_is_refused_before_anything_is_sent_when_it_is_not(self, security: str, context: object, word: str) -> None:
        with SmtpSink(tls=security, users={USER: PASSWORD}, context=context) as sink:  # type: ignore[arg-type]
            error = fault_of_sending(server_at(sink, security, ca_certificate=ca_pem()), user=USER, password=PASSWORD)
        assert error.fault is Fault.TLS
        assert any(part in error.reply.text for part in word.split("|"))
        assert not [line for line in sink.commands if line.startswith(("AUTH", "MAIL"))]

    def test_is_never_given_up_when_starttls_is_not_offered(self) -> None:
        with SmtpSink(users={USER: PASSWORD}) as sink:
            error = fault_of_sending(server_at(sink, "starttls"), user=USER, password=PASSWORD)
        assert error.fault is Fault.TLS
        assert not [line for line in sink.commands if line.startswith(("AUTH", "MAIL"))]

    def test_is_refused_when_replies_come_before_the_handshake(self) -> None:
        injected = b"220 go ahead\r\n250-evil.test\r\n250 AUTH PLAIN\r\n"
        with RawServer({"EHLO": b"250-raw.test\r\n250 STARTTLS\r\n", "STARTTLS": injected}) as raw:
            error = fault_of_sending(server_at(raw, "starttls", ca_certificate=ca_pem()))
        assert error.fault is Fault.TLS
        assert "in clear" in error.reply.text

    def test_to_a_port_that_speaks_in_clear_names_the_version(self) -> None:
        with SmtpSink() as sink:
            error = fault_of_sending(server_at(sink, "tls", ca_certificate=ca_pem()))
        assert error.fault is Fault.TLS
        assert "WRONG_VERSION_NUMBER" in error.reply.text or "wrong version" in error.reply.text.lower()


class TestSigningIn:
    @pytest.mark.parametrize("excluded", [[], ["PLAIN"]], ids=["PLAIN", "LOGIN"])
    def test_works_with_a_password_beyond_ascii(self, excluded: list[str]) -> None:
        with SmtpSink(users={USER: PASSWORD}, auth_exclude_mechanism=excluded) as sink:
            send(server_at(sink), user=USER, password=PASSWORD)
        assert sink.mails[0].user == USER

    def test_with_a_wrong_password_is_tried_once(self) -> None:
        with SmtpSink(users={USER: PASSWORD}) as sink:
            error = fault_of_sending(server_at(sink), user=USER, password="wrong")
        assert (error.fault, error.reply.codes) == (Fault.SIGN_IN, "535 5.7.8")
        assert len([line for line in sink.commands if line.startswith("AUTH")]) == 1

    def test_that_is_refused_for_now_is_not_held_against_the_password(self) -> None:
        with SmtpSink(users={USER: PASSWORD}).on("AUTH", "454 4.7.0 Temporary authentication failure") as sink:
            assert fault_of_sending(server_at(sink), user=USER, password=PASSWORD).fault is Fault.THROTTLED

    @pytest.mark.parametrize("reply", [b"250 2.0.0 fine\r\n", b"220 yes\r\n"])
    def test_that_is_answered_by_anything_but_235_is_no_sign_in(self, reply: bytes) -> None:
        with RawServer({"EHLO": b"250-raw.test\r\n250 AUTH PLAIN\r\n", "AUTH": reply}) as raw:
            error = fault_of_sending(server_at(raw), user=USER, password=PASSWORD)
        assert error.fault is Fault.SIGN_IN
        assert not [line for line in raw.commands if line.startswith("MAIL")]

    def test_where_none_is_offered_says_so(self) -> None:
        with SmtpSink() as sink:
            error = fault_of_sending(server_at(sink), user=USER, password=PASSWORD)
        assert error.fault is Fault.SIGN_IN
        assert "offers no sign-in" in error.reply.text

    def test_leaves_no_password_in_the_trace_even_if_the_server_repeats_it(self) -> None:
        secret = "correct horse/battery"
        echo = base64.b64encode(secret.encode()).decode()
        trace = Trace((secret,))
        with SmtpSink(users={USER: secret}).on("AUTH", f"535 5.7.8 {secret} {echo} is wrong") as sink:
            error = fault_of_sending(server_at(sink), user=USER, password=secret, trace=trace)
        for text in (str(trace), error.reply.text):
            assert secret not in text
            assert echo not in text
        assert "535" in str(trace)


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
        assert {address: result.fault for address, result in results.items()} == {
            "gone@c.test": Fault.PERMANENT,
            "good@c.test": None,
            "full@c.test": Fault.TRANSIENT,
            "busy@c.test": Fault.TRANSIENT,
            "day@c.test": Fault.QUOTA,
        }
        assert [mail.recipients for mail in sink.mails] == [("good@c.test",)]

    def test_beyond_the_servers_limit_go_in_further_transactions(self) -> None:
        everyone = tuple(f"user{number}@c.test" for number in range(1000))
        with SmtpSink(recipient_limit=100) as sink:
            results = send(server_at(sink), envelope(*everyone), seconds=60)
        assert {result.fault for result in results.values()} == {None}
        assert len(sink.mails) == 10
        assert sorted(address for mail in sink.mails for address in mail.recipients) == sorted(everyone)

    def test_after_one_that_makes_the_server_leave_are_still_served(self) -> None:
        with SmtpSink().on("RCPT", "421 4.7.0 leaving", address="odd@", hang_up=True) as sink:
            results = send(server_at(sink), envelope("one@c.test", "odd@c.test", "two@c.test"))
        assert results["odd@c.test"].fault is Fault.TRANSIENT
        assert sink.mails[0].recipients == ("one@c.test", "two@c.test")

    def test_who_are_all_refused_for_relaying_mean_the_settings(self) -> None:
        with SmtpSink().on("RCPT", "554 5.7.1 <x>: Relay access denied") as sink:
            error = fault_of_sending(server_at(sink), envelope("one@c.test", "two@c.test"))
        assert error.fault is Fault.CONFIGURATION
        assert error.results == {}

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
            ("RCPT", "553 5.7.1 <s>: Sender address rejected: not owned by user", Fault.SENDER),
            ("DATA", "421 4.3.0 closing", Fault.THROTTLED),
            (DOT, "554 5.2.0 STOREDRV; SendAsDenied; a not allowed to send as b", Fault.SENDER),
            (DOT, "554 5.2.2 mailbox full; QuotaExceededException", Fault.CONFIGURATION),
            (DOT, "550 5.7.30 Basic authentication is not supported for Client Submission", Fault.SIGN_IN),
        ],
    )
    def test_are_told_apart(self, verb: str, reply: str, fault: Fault) -> None:
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
    def test_after_the_final_dot_are_every_recipients(self, reply: str, fault: Fault) -> None:
        with SmtpSink().on(DOT, reply) as sink:
            results = send(server_at(sink), envelope("one@c.test", "two@c.test"))
        assert [result.fault for result in results.values()] == [fault, fault]

    def test_of_a_mail_too_large_come_before_it_is_sent(self) -> None:
        with SmtpSink(data_size_limit=1000) as sink:
            error = fault_of_sending(server_at(sink), envelope(content=b"x" * 2000))
        assert error.fault is Fault.PERMANENT
        assert "1,000" in error.reply.text
        assert not [line for line in sink.commands if line.startswith("MAIL")]


class TestBrokenConnections:
    def test_in_the_middle_of_the_mail_mean_try_again(self) -> None:
        with SmtpSink().on(CONTENT) as sink:
            error = fault_of_sending(server_at(sink), envelope(content=b"x" * 5_000_000))
        assert error.fault in (Fault.TRANSIENT, Fault.AMBIGUOUS)
        assert sink.mails == []

    def test_after_the_final_dot_leave_it_open_whether_it_was_taken(self) -> None:
        with SmtpSink().on(DOT, hang_up=True) as sink:
            assert fault_of_sending(server_at(sink)).fault is Fault.AMBIGUOUS
        assert len(sink.mails) == 1

    def test_silence_after_the_final_dot_does_too(self) -> None:
        with SmtpSink().on(DOT, delay=5) as sink:
            assert fault_of_sending(server_at(sink), seconds=0.5).fault is Fault.AMBIGUOUS

    def test_to_nobody_are_unreachable(self) -> None:
        with SmtpSink() as sink:
            port = sink.port
        error = fault_of_sending(SmtpServer("127.0.0.1", port, "none"))
        assert error.fault is Fault.UNREACHABLE
        assert str(port) in error.reply.text

    def test_for_want_of_a_greeting_are_unreachable(self) -> None:
        with RawServer({CONNECT: Drip(b"", 10)}) as raw:
            error = fault_of_sending(server_at(raw), seconds=0.3)
        assert (error.fault, error.stage, error.timed_out) == (Fault.UNREACHABLE, Stage.GREETING, True)

    def test_for_want_of_a_name_are_unreachable(self) -> None:
        error = fault_of_sending(SmtpServer("no-such-host.invalid", 25, "none"))
        assert error.fault is Fault.UNREACHABLE
        assert "no-such-host.invalid" in error.reply.text


class TestHostileServers:
    @pytest.mark.parametrize(
        "reply",
        [
            b"hello\r\n",
            b"25\r\n",
            b"\x00\x00\x00\r\n",
            b"199 what\r\n",
            b"999 what\r\n",
            b"\xff\xfe250 ok\r\n",
            HANG_UP,
        ],
    )
    @pytest.mark.parametrize("verb", ["MAIL", "RCPT", DOT])
    def test_that_do_not_speak_smtp_do_no_harm(self, verb: str, reply: bytes) -> None:
        with RawServer({verb: reply}) as raw:
            error = fault_of_sending(server_at(raw), seconds=3)
        assert error.fault is (Fault.AMBIGUOUS if verb == DOT else Fault.TRANSIENT)
        assert error.reply.text.isprintable()

    def test_that_drip_are_left_at_the_time_limit(self) -> None:
        with RawServer({"MAIL": Drip(b"250 " + b"x" * 1000, 0.05)}) as raw:
            error = fault_of_sending(server_at(raw), seconds=1)
        assert error.fault is Fault.TRANSIENT

    @pytest.mark.parametrize("reply", [b"250-more\r\n" * 20_000, b"250 " + b"x" * 200_000])
    def test_that_never_stop_talking_are_cut_off(self, reply: bytes) -> None:
        with RawServer({"MAIL": reply}) as raw:
            error = fault_of_sending(server_at(raw), seconds=5)
        assert error.fault is Fault.TRANSIENT
        assert len(error.reply.text) < 1000

    @pytest.mark.parametrize(
        "host", ["169.254.169.254", "0.0.0.0", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "fd00:ec2::254"]
    )
    def test_at_addresses_where_no_mail_server_lives_are_not_called(self, host: str) -> None:
        assert fault_of_sending(SmtpServer(host, 25, "none")).fault is Fault.CONFIGURATION
