"""Every phase of a conversation against every kind of misbehavior: what the email comes to, and what it never does."""

from collections.abc import Sequence

import pytest

from notifications.backends.base import BackendError, Fault, Results, Stage
from notifications.backends.smtp_server import SmtpServer
from tests.backends.smtp_props import by_password, envelope, fault_of_sending, limits_of, send
from tests.pki import ca_pem, server_context
from tests.smtp_model import CONNECT, DOT, HANG_UP, RESET, ModelServer, Part, polite, scripted

PHASES = {
    CONNECT: Stage.GREETING,
    "EHLO": Stage.EHLO,
    "STARTTLS": Stage.STARTTLS,
    "AUTH": Stage.AUTH,
    "MAIL": Stage.MAIL_FROM,
    "RCPT": Stage.RCPT,
    "DATA": Stage.DATA,
    DOT: Stage.END_OF_DATA,
}
OPENING = (CONNECT, "EHLO", "STARTTLS", "AUTH")
# Longer than a busy machine takes for a reply.
LIMITS = limits_of(1.0)
SILENT: list[Part] = [5.0]
GONE = (Fault.UNREACHABLE, Fault.TRANSIENT, Fault.AMBIGUOUS)

# By kind: what the server says instead of its reply, and the fault by phase (opening, transaction, final dot).
KINDS: dict[str, tuple[Sequence[Part] | bytes, tuple[Fault, Fault, Fault]]] = {
    "421 and close": ([b"421 4.3.2 closing\r\n", HANG_UP], (Fault.THROTTLED, Fault.THROTTLED, Fault.THROTTLED)),
    "silence": (SILENT, GONE),
    "drip": ([part for _ in range(100) for part in (b"2", 0.1)], GONE),
    "drip of a line": ([b"250 ", *(part for _ in range(100) for part in (b"x", 0.1))], GONE),
    "endless lines": ([part for _ in range(100) for part in (b"250-x\r\n", 0.05)], GONE),
    "garbage": (b"hello there\r\n", GONE),
    "zeros": (b"\0\0\0\r\n", GONE),
    "mixed codes": (b"250-yes\r\n550 no\r\n", GONE),
    "unknown code": (b"199 what\r\n", GONE),
    "cut": ([HANG_UP], GONE),
    "cut in a line": ([b"250 o", HANG_UP], GONE),
    "cut between lines": ([b"250-more\r\n", HANG_UP], GONE),
    "reset": ([RESET], GONE),
}


def server_at(model: ModelServer) -> SmtpServer:
    return SmtpServer("localhost", model.port, "starttls", ca_certificate=ca_pem())


def outcome(model: ModelServer) -> tuple[Results, BackendError | None]:
    """What one email came to."""
    try:
        return send(server_at(model), limits=LIMITS, sign_in=by_password()), None
    except BackendError as error:
        return error.results, error


def model_of(verb: str, answer: Sequence[Part] | bytes) -> ModelServer:
    return ModelServer(scripted({verb: answer}), tls="starttls", context=server_context())


def check_truth(model: ModelServer, results: Results) -> None:
    """Shown as sent is what was sent, and nothing secret left in clear."""
    accepted = {address for address, result in results.items() if result.fault is None}
    assert accepted <= {address for taken in model.taken for address in taken.recipients}
    assert b"AUTH" not in model.in_clear
    assert b"MAIL" not in model.in_clear


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("verb", PHASES)
def test_a_broken_reply_has_its_fault_and_stage(verb: str, kind: str) -> None:
    answer, (opening, transaction, end) = KINDS[kind]
    with model_of(verb, answer) as model:
        results, error = outcome(model)
        check_truth(model, results)
    assert error
    assert error.fault is (opening if verb in OPENING else end if verb == DOT else transaction)
    # A reset may come before the connection is noticed.
    assert error.stage is PHASES[verb] or (verb, kind, error.stage) == (CONNECT, "reset", Stage.CONNECT)
    assert error.timed_out is (kind in ("silence", "drip", "drip of a line", "endless lines"))


@pytest.mark.parametrize("code", [450, 451, 452, 454])
@pytest.mark.parametrize("verb", PHASES)
def test_a_temporary_refusal_is_never_permanent(verb: str, code: int) -> None:
    with model_of(verb, f"{code} 4.3.0 later\r\n".encode()) as model:
        results, error = outcome(model)
        check_truth(model, results)
    fault = error.fault if error else results["one@c.test"].fault
    stage = error.stage if error else results["one@c.test"].stage
    assert fault in (Fault.TRANSIENT, Fault.THROTTLED)
    assert stage is PHASES[verb]


@pytest.mark.parametrize("code", [500, 501, 502, 503, 504, 521, 550, 554])
@pytest.mark.parametrize("verb", PHASES)
def test_a_permanent_refusal_accepts_nothing(verb: str, code: int) -> None:
    answer = f"{code} 5.0.0 no\r\n".encode()
    with ModelServer(scripted({verb: answer, "HELO": answer}), tls="starttls", context=server_context()) as model:
        results, error = outcome(model)
        check_truth(model, results)
    assert not [address for address, result in results.items() if result.fault is None]
    stage = error.stage if error else results["one@c.test"].stage
    assert stage is PHASES[verb]


WRONG = ["200 ok", "211 ok", "214 ok", "220 ok", "221 bye", "235 ok", "250 ok", "251 ok", "334 ", "354 go on"]
RIGHT = {CONNECT: "220", "EHLO": "250", "STARTTLS": "220", "AUTH": "235", "MAIL": "250", "DATA": "354", DOT: "250"}
MISFITS = [(verb, reply) for verb in PHASES for reply in WRONG if not reply.startswith(RIGHT.get(verb, "25"))]


@pytest.mark.parametrize(("verb", "reply"), MISFITS)
def test_a_positive_reply_that_does_not_fit_accepts_nothing(verb: str, reply: str) -> None:
    with model_of(verb, f"{reply}\r\n".encode()) as model:
        results, error = outcome(model)
        check_truth(model, results)
    assert error
    assert error.fault is (Fault.SIGN_IN if verb == "AUTH" else GONE[0 if verb in OPENING else 2 if verb == DOT else 1])


REFUSED = (Fault.RECIPIENT, Fault.PERMANENT, Fault.UNCLEAR)
SURPLUS = ["250 2.0.0 ok", "354 go on", "550 5.1.1 no", "220 hello", "235 yes"]


@pytest.mark.parametrize("surplus", SURPLUS)
@pytest.mark.parametrize("verb", PHASES)
def test_a_reply_too_many_answers_no_command(verb: str, surplus: str) -> None:
    with model_of(verb, polite(verb) + f"{surplus}\r\n".encode()) as model:
        results, error = outcome(model)
        check_truth(model, results)
    assert not [result for result in results.values() if result.fault in REFUSED]
    if verb != DOT:
        assert error
    elif surplus.startswith("250"):
        assert error is None
    else:
        assert error
        assert error.fault is Fault.AMBIGUOUS


@pytest.mark.parametrize("surplus", SURPLUS)
@pytest.mark.parametrize("verb", PHASES)
def test_a_reply_too_many_that_comes_late_accepts_nothing(verb: str, surplus: str) -> None:
    """It looks like the next command's, and the reply after it gives it away."""
    late = [polite(verb), 0.02, f"{surplus}\r\n".encode()]
    with model_of(verb, late) as model:
        results, _ = outcome(model)
        check_truth(model, results)


def test_a_late_surplus_250_hides_no_refusal_of_the_email() -> None:
    script = scripted({"DATA": [polite("DATA"), 0.05, b"250 2.0.0 ok\r\n"], DOT: b"554 5.7.1 spam\r\n"})
    with ModelServer(script) as model:
        error = fault_of_sending(SmtpServer(model.host, model.port, "none"), limits=LIMITS)
    assert (error.fault, error.stage) == (Fault.AMBIGUOUS, Stage.END_OF_DATA)
    assert model.taken == []


@pytest.mark.parametrize("verb", PHASES)
def test_a_reply_in_single_bytes_counts_as_one(verb: str) -> None:
    dripped: list[Part] = []
    for byte in POLITE_IN_TLS[verb] if verb in POLITE_IN_TLS else polite(verb):
        dripped += [bytes([byte]), 0.001]
    with model_of(verb, dripped) as model:
        results, error = outcome(model)
        check_truth(model, results)
    assert error is None
    assert len(model.taken) == 1


POLITE_IN_TLS = {"EHLO": b"250-model.test\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n"}


@pytest.mark.parametrize("verb", PHASES)
def test_a_reply_before_its_command_never_counts(verb: str) -> None:
    """All the server's replies are one too early from `verb` on."""
    order = [CONNECT, "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", DOT]
    following = order[order.index(verb) + 1 :][:1]
    early = [polite(verb), *(polite(name) for name in following)]
    with model_of(verb, early) as model:
        results, error = outcome(model)
        check_truth(model, results)
    if following:
        assert error
        assert model.taken == []


def test_a_late_reply_is_waited_for_within_its_limit() -> None:
    answers: dict[str, Sequence[Part] | bytes] = {verb: [0.1, polite(verb)] for verb in ("MAIL", "RCPT", "DATA", DOT)}
    with ModelServer(scripted(answers)) as model:
        results = send(SmtpServer(model.host, model.port, "none"), envelope(), limits=LIMITS)
        assert results["one@c.test"].fault is None
    assert len(model.taken) == 1
