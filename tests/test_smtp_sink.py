"""The sink must do what it is told: other tests believe it."""

import smtplib
import ssl

import pytest

from tests.pki import TRUSTED, authority, server_context
from tests.smtp_sink import CONNECT, CONTENT, DOT, HANG_UP, Drip, RawServer, SmtpSink

GONE = (smtplib.SMTPServerDisconnected, ConnectionError)
MAIL = b"Subject: hello\r\n\r\nbody\r\n"


def client_context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority(TRUSTED).configure_trust(context)
    return context


def dial(sink: SmtpSink | RawServer) -> smtplib.SMTP:
    return smtplib.SMTP(sink.host, sink.port, timeout=5)


def dial_safely(sink: SmtpSink, tls: str) -> smtplib.SMTP:
    if tls == "tls":
        return smtplib.SMTP_SSL("localhost", sink.port, timeout=5, context=client_context())
    client = smtplib.SMTP("localhost", sink.port, timeout=5)
    client.starttls(context=client_context())
    return client


def test_a_mail_is_kept_with_its_envelope() -> None:
    with SmtpSink() as sink, dial(sink) as client:
        client.sendmail("from@peer.test", ["a@peer.test", "b@peer.test"], MAIL)
    assert (sink.mails[0].sender, sink.mails[0].recipients) == ("from@peer.test", ("a@peer.test", "b@peer.test"))
    assert sink.mails[0].parsed["Subject"] == "hello"


def test_a_recipient_gets_its_own_scripted_answer() -> None:
    with SmtpSink().on("RCPT", "550 5.1.1 unknown", address="nobody@") as sink, dial(sink) as client:
        refused = client.sendmail("from@peer.test", ["a@peer.test", "nobody@peer.test"], MAIL)
    assert refused == {"nobody@peer.test": (550, b"5.1.1 unknown")}


def test_a_step_with_times_wears_out() -> None:
    with SmtpSink().on("MAIL", "451 4.3.0 later", times=1) as sink, dial(sink) as client:
        client.ehlo()
        assert [client.mail("from@peer.test")[0], client.mail("from@peer.test")[0]] == [451, 250]


def test_a_greeting_may_refuse() -> None:
    sink = SmtpSink().on(CONNECT, "421 4.3.2 closing", hang_up=True)
    with sink, pytest.raises(smtplib.SMTPConnectError, match="421"):
        dial(sink)


def test_the_connection_breaks_amid_the_content() -> None:
    with SmtpSink().on(CONTENT, hang_up=True) as sink, dial(sink) as client, pytest.raises(GONE):
        client.sendmail("from@peer.test", ["a@peer.test"], MAIL * 50_000)
    assert sink.mails == []


def test_a_mail_whose_answer_is_lost_was_taken() -> None:
    with SmtpSink().on(DOT, hang_up=True) as sink, dial(sink) as client:
        with pytest.raises(GONE):
            client.sendmail("from@peer.test", ["a@peer.test"], MAIL)
        sink.wait_for(1)


def test_a_refused_mail_is_not_kept() -> None:
    with SmtpSink().on(DOT, "554 5.7.1 spam") as sink, dial(sink) as client, pytest.raises(smtplib.SMTPDataError):
        client.sendmail("from@peer.test", ["a@peer.test"], MAIL)
    assert sink.mails == []


def test_recipients_beyond_the_limit_are_deferred() -> None:
    with SmtpSink(recipient_limit=2) as sink, dial(sink) as client:
        refused = client.sendmail("from@peer.test", [f"{n}@peer.test" for n in range(3)], MAIL)
    assert refused["2@peer.test"][0] == 452


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_a_signed_in_mail_comes_over_tls(tls: str) -> None:
    with SmtpSink(tls=tls, users={"ops": "secret"}) as sink, dial_safely(sink, tls) as client:
        client.login("ops", "secret")
        client.sendmail("from@peer.test", ["a@peer.test"], MAIL)
    assert (sink.mails[0].secure, sink.mails[0].user) == (True, "ops")


def test_a_wrong_password_is_refused() -> None:
    with SmtpSink(tls="tls", users={"ops": "secret"}) as sink, dial_safely(sink, "tls") as client:
        with pytest.raises(smtplib.SMTPAuthenticationError, match="5.7.8"):
            client.login("ops", "wrong")
        assert client.mail("from@peer.test")[0] == 530


def test_an_expired_certificate_is_expired() -> None:
    sink = SmtpSink(tls="tls", context=server_context(expired=True))
    with sink, pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        dial_safely(sink, "tls")


def test_connections_are_counted_and_dropped() -> None:
    with SmtpSink() as sink, dial(sink), dial(sink) as client:
        assert (sink.connections, sink.most_at_once) == (2, 2)
        sink.hang_up_all()
        with pytest.raises(GONE):
            client.docmd("NOOP")


def test_the_raw_server_says_any_bytes() -> None:
    with RawServer({"MAIL": b"\xff\xfe no code\r\n"}) as server, dial(server) as client:
        client.ehlo()
        assert client.docmd("MAIL", "FROM:<a@peer.test>")[0] == -1


def test_the_raw_server_drips() -> None:
    with RawServer({"EHLO": Drip(b"250 slow\r\n", every=0.01)}) as server, dial(server) as client:
        assert client.ehlo()[0] == 250


def test_the_raw_server_hangs_up() -> None:
    with RawServer({"MAIL": HANG_UP}) as server, dial(server) as client:
        client.ehlo()
        with pytest.raises(smtplib.SMTPServerDisconnected):
            client.docmd("MAIL", "FROM:<a@peer.test>")


def test_the_raw_server_tells_content_from_commands() -> None:
    with (
        RawServer({DOT: b"451 4.3.0 later\r\n"}) as server,
        dial(server) as client,
        pytest.raises(smtplib.SMTPDataError),
    ):
        client.sendmail("from@peer.test", ["a@peer.test"], MAIL)
    assert "Subject: hello" not in server.commands
