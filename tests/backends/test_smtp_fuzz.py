"""Emails through servers that reply at random, against what RFC 5321 calls accepted.

SMTP_FUZZ=10000 runs so many vectors; SMTP_FUZZ_SEED repeats the one that a failure names.
"""

import os
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from notifications.backends.base import BackendError, Results
from notifications.backends.smtp import SmtpBackend
from notifications.backends.smtp_server import SignIn, SmtpServer
from notifications.backends.trace import Trace
from tests.backends.smtp_props import PASSWORD, TOKEN, by_password, by_token, envelope, limits_of
from tests.pki import STRANGER, ca_pem, server_context
from tests.smtp_model import CONNECT, DOT, HANG_UP, RESET, ModelServer, Part, decision, polite

VECTORS = int(os.environ.get("SMTP_FUZZ", "150"))
FIRST = int(os.environ.get("SMTP_FUZZ_SEED", "0"))
AT_ONCE = 12
CODES = (211, 214, 220, 221, 235, 250, 250, 250, 251, 252, 334, 354, 354, 421, 432, 450, 451, 452, 454)
CODES += (500, 501, 502, 503, 504, 521, 530, 534, 535, 538, 550, 551, 552, 553, 554, 555)
VERBS = (CONNECT, "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", DOT, "RSET")
LIMITS = limits_of(0.3)


class RandomScript:
    """Mostly polite; `wildness` is the chance of a reply that is not."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.wildness = chance.choice([0.05, 0.15, 0.3])
        self.is_shifted = False

    def __call__(self, verb: str, number: int) -> Sequence[Part]:
        if verb == "DATA":
            self.is_shifted = False
        if self.chance.random() > self.wildness:
            return [polite(verb)]
        answer = self.chance.choice(WAYS)(self, verb)
        # A surplus 250 that is late, and then the end of the connection in place of the reply to the final dot: on the
        # wire this is an accepted email after which the server closes.
        if verb == DOT and self.is_shifted and decision(answer) in (0, 421):
            return [polite(verb)]
        self.is_shifted = self.is_shifted or (verb == "DATA" and len(answer) > 1)
        return answer

    def random_reply(self, verb: str) -> bytes:
        code = self.chance.choice(CODES)
        text = self.chance.choice(["", "ok", "2.0.0 fine", "5.7.1 no", "4.5.3 too many recipients", "\x00\xff"])
        lines = [f"{code}-{text}"] * self.chance.choice([0, 0, 0, 2]) + [f"{code} {text}"]
        return self.chance.choice(["\r\n", "\r\n", "\n"]).join([*lines, ""]).encode("latin-1")

    def pause(self) -> float:
        return self.chance.choice([0.0, 0.001, 0.01, 0.05])

    def another(self, verb: str) -> Sequence[Part]:
        return [self.random_reply(verb)]

    def doubled(self, verb: str) -> Sequence[Part]:
        return [polite(verb), self.pause(), polite(verb)]

    def surplus(self, verb: str) -> Sequence[Part]:
        return [polite(verb), self.pause(), self.random_reply(verb)]

    def shifted(self, verb: str) -> Sequence[Part]:
        return [self.random_reply(verb), self.pause(), polite(verb)]

    def early(self, verb: str) -> Sequence[Part]:
        following = VERBS[(VERBS.index(verb) + 1) % len(VERBS)] if verb in VERBS else "MAIL"
        return [polite(verb), self.pause(), polite(following)]

    def late(self, verb: str) -> Sequence[Part]:
        return [self.chance.choice([0.05, 0.25, 0.4]), polite(verb)]

    def split(self, verb: str) -> Sequence[Part]:
        parts: list[Part] = []
        for byte in self.chance.choice([polite(verb), self.random_reply(verb)]):
            parts += [bytes([byte]), 0.0005]
        return parts

    def silence(self, verb: str) -> Sequence[Part]:
        return [30.0]

    def cut(self, verb: str) -> Sequence[Part]:
        reply = polite(verb)
        return [reply[: self.chance.randrange(len(reply) + 1)], self.chance.choice([HANG_UP, RESET])]

    def garbage(self, verb: str) -> Sequence[Part]:
        return [
            self.chance.randbytes(self.chance.randrange(1, 40)) + self.chance.choice([b"", b"\r\n", b"\n250 ok\r\n"])
        ]


WAYS = (RandomScript.another, RandomScript.doubled, RandomScript.surplus, RandomScript.shifted, RandomScript.early)
WAYS += (RandomScript.late, RandomScript.split, RandomScript.silence, RandomScript.cut, RandomScript.garbage)


class Vector:
    """Three emails, each for up to three recipients, through one server that replies at random."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.chance = random.Random(seed)
        self.security = self.chance.choice(["none", "none", "starttls", "tls"])
        self.trusted = self.chance.random() < 0.8
        self.sign_in: SignIn | None = self.chance.choice([None, by_password(), by_token()])
        self.trace = Trace()

    def run(self) -> None:
        context = server_context(signed_by="mailadmin tests" if self.trusted else STRANGER)
        tls = "" if self.security == "none" else self.security
        with ModelServer(RandomScript(self.chance), tls=tls, context=context) as model:
            # 127.1 is loopback too, but not known as such before the lookup: a password in clear is not for it.
            host = "127.1" if self.security == "none" else "localhost"
            server = SmtpServer(host, model.port, self.security, ca_certificate=ca_pem() if tls else "")
            backend = SmtpBackend(server, self.sign_in)
            for number in range(3):
                self.check(model, number, self.send(backend, number))
            backend.close()
            self.check_secrets(model)

    def send(self, backend: SmtpBackend, number: int) -> Results:
        recipients = [f"r{which}@c.test" for which in range(self.chance.randrange(1, 4))]
        try:
            return backend.send(envelope(*recipients, content=content_of(number)), LIMITS, self.trace)
        except BackendError as error:
            return error.results

    def check(self, model: ModelServer, number: int, results: Results) -> None:
        accepted = {address for address, result in results.items() if result.fault is None}
        taken = {
            address for email in model.taken if email.content == content_of(number) for address in email.recipients
        }
        assert accepted <= taken, f"seed {self.seed}, email {number}: {accepted - taken} not taken\n{self.trace}"

    def check_secrets(self, model: ModelServer) -> None:
        said = bytes(model.in_clear).upper()
        assert b"AUTH" not in said, f"seed {self.seed}: AUTH in clear"
        if self.security != "none" and not self.trusted:
            assert not {"AUTH", "MAIL"} & set(model.verbs()), f"seed {self.seed}: sent to a stranger"
        assert PASSWORD not in str(self.trace)
        assert TOKEN not in str(self.trace)


def content_of(number: int) -> bytes:
    return f"Subject: {number}\r\n\r\n.hello\r\nMAIL FROM:<x@y.test>\r\n".encode()


def test_no_email_is_accepted_that_the_server_did_not_take() -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        failures = [failure for failure in pool.map(failure_of, range(FIRST, FIRST + VECTORS)) if failure]
    assert not failures, f"{len(failures)} of {VECTORS}:\n" + "\n".join(failures[:3])


def failure_of(seed: int) -> str:
    try:
        Vector(seed).run()
    except AssertionError as error:
        return str(error)
    return ""
