"""Signing in to an SMTP server with a password: which mechanism, what goes where, and when it ends."""

import base64
from collections.abc import Sequence

import pytest

from notifications.backends.base import Fault, Stage
from notifications.backends.smtp_server import SmtpServer
from notifications.backends.trace import Trace
from tests.backends.smtp_props import PASSWORD, USER, by_password, fault_of_sending, send, server_at
from tests.smtp_model import ANSWER, ModelServer, Part, scripted
from tests.smtp_sink import SmtpSink

CODED_USER, CODED_PASSWORD = (base64.b64encode(text.encode()).decode() for text in (USER, PASSWORD))
CODED_PLAIN = base64.b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode()
OK = b"235 2.7.0 ok\r\n"


def asking(*prompts: bytes | str) -> list[bytes]:
    """334 with each of the prompts in base64; a prompt in bytes goes as it is."""
    coded = [prompt if isinstance(prompt, bytes) else base64.b64encode(prompt.encode()) for prompt in prompts]
    return [b"334 " + prompt + b"\r\n" for prompt in coded]


def model_offering(mechanisms: str, *answers: bytes) -> ModelServer:
    """`answers`: to AUTH and to each line after it, one after the other."""
    said = list(answers)
    ehlo = f"250-model.test\r\n250 AUTH {mechanisms}\r\n".encode()

    def script(verb: str, number: int) -> Sequence[Part]:
        if verb in ("AUTH", ANSWER):
            return [said.pop(0)]
        return scripted({"EHLO": ehlo})(verb, number)

    return ModelServer(script)


def auth_lines(model: ModelServer) -> list[str]:
    start = next((i for i, line in enumerate(model.commands) if line.startswith("AUTH")), 0)
    return [line for line in model.commands[start:] if not line.startswith(("MAIL", "RCPT", "DATA", "RSET", "QUIT"))]


def signed_in(model: ModelServer) -> list[str]:
    """What the client sent to sign in, successfully."""
    with model:
        send(server_at(model), sign_in=by_password())
    assert len(model.taken) == 1
    return auth_lines(model)


class TestLogin:
    def test_sends_no_initial_response(self) -> None:
        model = model_offering("LOGIN", *asking("Username:", "Password:"), OK)
        assert signed_in(model) == ["AUTH LOGIN", CODED_USER, CODED_PASSWORD]

    @pytest.mark.parametrize(
        ("first", "second"),
        [
            ("Username:", "Password:"),
            ("USERNAME:", "PASSWORD:"),
            ("User Name\0", "Password\0"),
            ("username", "password"),
            ("Enter your login", "Enter your password"),
            ("Account", "User password:"),
            ("Benutzername:", "Kennwort:"),
            ("Nom d'utilisateur", "Mot de passe"),
            (b"Username:", b"Password:"),
            (b"VXNlcm5hbWU6Cg==", b"UGFzc3dvcmQ6Cg=="),
            ("What?", "And?"),
            (b"", b""),
        ],
    )
    def test_answers_what_is_asked(self, first: str | bytes, second: str | bytes) -> None:
        assert signed_in(model_offering("LOGIN", *asking(first, second), OK))[1:] == [CODED_USER, CODED_PASSWORD]

    def test_gives_the_password_first_where_it_is_asked_for_first(self) -> None:
        model = model_offering("LOGIN", *asking("Password:", "Username:"), OK)
        assert signed_in(model)[1:] == [CODED_PASSWORD, CODED_USER]

    @pytest.mark.parametrize("prompts", [("Username:", "Username:"), ("User", "Login name:"), ("x", "Username:")])
    def test_never_gives_the_password_where_the_user_is_asked_for(self, prompts: tuple[str, str]) -> None:
        with model_offering("LOGIN", *asking(*prompts), b"501 5.7.0 cancelled\r\n") as model:
            error = fault_of_sending(server_at(model), sign_in=by_password())
        assert auth_lines(model) == ["AUTH LOGIN", CODED_USER, "*"]
        assert (error.fault, error.stage) == (Fault.SIGN_IN, Stage.AUTH)
        assert prompts[1] in error.reply.text

    def test_ends_after_both_were_given(self) -> None:
        with model_offering("LOGIN", *asking("Username:", "Password:", "Password:"), b"501 no\r\n") as model:
            assert fault_of_sending(server_at(model), sign_in=by_password()).fault is Fault.SIGN_IN
        assert auth_lines(model)[1:] == [CODED_USER, CODED_PASSWORD, "*"]


class TestPlain:
    def test_goes_in_one_line(self) -> None:
        assert signed_in(model_offering("PLAIN", OK)) == [f"AUTH PLAIN {CODED_PLAIN}"]

    def test_is_repeated_to_a_server_that_did_not_read_it_with_the_command(self) -> None:
        assert signed_in(model_offering("PLAIN", b"334 \r\n", OK))[1:] == [CODED_PLAIN]

    def test_does_not_answer_a_question_of_another_mechanism(self) -> None:
        with model_offering("PLAIN", *asking("Username:"), b"501 cancelled\r\n") as model:
            assert fault_of_sending(server_at(model), sign_in=by_password()).fault is Fault.SIGN_IN
        assert auth_lines(model)[1:] == ["*"]


class TestTheMechanism:
    @pytest.mark.parametrize(
        "refusal",
        [
            "504 5.7.4 Unrecognized authentication type",
            "504 5.5.4 Unrecognized authentication type",
            "502 5.5.1 not implemented",
            "500 5.5.1 unrecognized command",
            "534 5.7.9 Authentication mechanism is too weak",
            "503 5.5.1 AUTH mechanism not supported",
            "554 5.7.1 Unrecognised authentication type",
            "550 5.7.4 Authentication method not available",
        ],
    )
    def test_that_the_server_turns_down_is_followed_by_the_next(self, refusal: str) -> None:
        refused = f"{refusal}\r\n".encode()
        model = model_offering("PLAIN LOGIN", refused, *asking("Username:", "Password:"), OK)
        assert signed_in(model) == [f"AUTH PLAIN {CODED_PLAIN}", "AUTH LOGIN", CODED_USER, CODED_PASSWORD]

    @pytest.mark.parametrize(
        "refusal",
        [
            "535 5.7.8 Authentication credentials invalid",
            "535 5.7.3 Authentication mechanism failed",
            "534 5.7.9 Application-specific password required",
            "538 5.7.11 Encryption required for requested authentication mechanism",
            "550 5.7.30 Basic authentication is not supported for Client Submission.",
            "530 5.7.0 Must issue a STARTTLS command first",
            "454 4.7.0 Temporary authentication failure",
            "421 4.7.0 Too many login attempts",
        ],
    )
    def test_is_the_only_one_when_the_server_refuses_the_password(self, refusal: str) -> None:
        with model_offering("PLAIN LOGIN CRAM-MD5", f"{refusal}\r\n".encode()) as model:
            error = fault_of_sending(server_at(model), sign_in=by_password())
        assert [line.split(" ")[0] for line in auth_lines(model)] == ["AUTH"]
        assert error.stage is Stage.AUTH

    def test_is_named_when_the_server_turns_down_every_one(self) -> None:
        with model_offering("PLAIN LOGIN", b"504 5.7.4 no\r\n", b"504 5.7.4 no either\r\n") as model:
            error = fault_of_sending(server_at(model), sign_in=by_password())
        assert (error.fault, error.reply.codes, error.reply.text) == (Fault.SIGN_IN, "504 5.7.4", "no either")

    def test_is_found_in_the_way_of_writing_before_the_rfc(self) -> None:
        ehlo = b"250-model.test\r\n250 AUTH=LOGIN PLAIN\r\n"
        with ModelServer(scripted({"EHLO": ehlo})) as model:
            send(server_at(model), sign_in=by_password())
        assert auth_lines(model) == [f"AUTH PLAIN {CODED_PLAIN}"]

    @pytest.mark.parametrize("excluded", [[], ["PLAIN"]], ids=["PLAIN", "LOGIN"])
    def test_carries_a_password_beyond_ascii(self, excluded: list[str]) -> None:
        with SmtpSink(users={USER: PASSWORD}, auth_exclude_mechanism=excluded) as sink:
            send(server_at(sink), user=USER, password=PASSWORD)
        assert sink.mails[0].user == USER


class TestASignIn:
    def test_with_a_wrong_password_is_tried_once(self) -> None:
        with SmtpSink(users={USER: PASSWORD}) as sink:
            error = fault_of_sending(server_at(sink), user=USER, password="wrong")
        assert (error.fault, error.reply.codes) == (Fault.SIGN_IN, "535 5.7.8")
        assert len([line for line in sink.commands if line.startswith("AUTH")]) == 1

    def test_that_is_refused_for_now_is_not_held_against_the_password(self) -> None:
        with SmtpSink(users={USER: PASSWORD}).on("AUTH", "454 4.7.0 Temporary authentication failure") as sink:
            assert fault_of_sending(server_at(sink), user=USER, password=PASSWORD).fault is Fault.THROTTLED

    @pytest.mark.parametrize("reply", [b"250 2.0.0 fine\r\n", b"220 yes\r\n", b"354 go on\r\n"])
    def test_is_confirmed_by_235_only(self, reply: bytes) -> None:
        with model_offering("PLAIN", reply) as model:
            assert fault_of_sending(server_at(model), sign_in=by_password()).fault is Fault.SIGN_IN
        assert "MAIL" not in model.verbs()

    def test_that_the_server_does_not_offer_says_so(self) -> None:
        with SmtpSink() as sink:
            error = fault_of_sending(server_at(sink), user=USER, password=PASSWORD)
        assert (error.fault, error.stage) == (Fault.SIGN_IN, Stage.AUTH)
        assert "offers no sign-in" in error.reply.text

    def test_does_not_go_in_clear_to_another_machine(self) -> None:
        with model_offering("PLAIN LOGIN", OK) as model:
            # Loopback as well, but nothing says so before the name is looked up.
            error = fault_of_sending(SmtpServer("127.1", model.port, "none"), sign_in=by_password())
        assert (error.fault, error.stage) == (Fault.CONFIGURATION, Stage.AUTH)
        assert b"AUTH" not in model.in_clear

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
