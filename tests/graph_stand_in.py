"""Microsoft Graph's mail and its login host on loopback, over TLS, with a memory and faults on demand.

What it does is in tests/graph: service (the calls), mailbox (what is kept), login (tokens), faults (what goes wrong).
"""

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Self

import requests
import tomli_w

from tests.graph.faults import Dice, Fault, Faults, Moment
from tests.graph.items import Delivery
from tests.graph.login import CLIENT, SECRET, TENANT, Login
from tests.graph.mailbox import Mailboxes
from tests.graph.server import Connection, Gone, Handler, Server
from tests.graph.service import LOGIN, Service
from tests.graph.wire import Answer, GraphError, Kind, Request
from tests.peers.process import LOOPBACK, Scratch
from tests.pki import ca_pem
from tests.waiting import wait_until


@dataclass(frozen=True)
class Call:
    """One request as it was answered; status 0 is a connection that was cut."""

    kind: Kind
    method: str
    path: str
    mailbox: str
    status: int
    request_id: str
    client_request_id: str
    authorized: bool
    prefer: str
    size: int
    at: float


class GraphStandIn:
    """Listens at `base` while the `with` block runs; login host and Graph are one.

    `service.login` has the app's registrations and roles, `service.store` the mailboxes, `faults` what goes wrong.
    """

    tenant, client_id, client_secret = TENANT, CLIENT, SECRET
    service: Service
    faults: Faults

    def __init__(self) -> None:
        self._scratch = Scratch("graph")
        self.ca_file = self._scratch.path / "ca.pem"
        self._server = Server((LOOPBACK, 0), partial(Handler, self.answer))
        self.base = f"https://localhost:{self._server.server_address[1]}"
        self._over = threading.Event()
        self.reset()

    @property
    def login(self) -> Login:
        return self.service.login

    @property
    def store(self) -> Mailboxes:
        return self.service.store

    @property
    def deliveries(self) -> list[Delivery]:
        """One for each mail that really went out, in their order."""
        return list(self.store.deliveries)

    @property
    def log(self) -> list[Call]:
        return list(self._log)

    def calls(self, *kinds: Kind | str) -> list[Call]:
        return [call for call in self._log if not kinds or call.kind in kinds]

    def wait_for(self, count: int, seconds: float = 20) -> list[Delivery]:
        wait_until(lambda: len(self.store.deliveries) >= count, seconds, f"{count} deliveries")
        return self.deliveries

    def fault(self, fault: Fault, *on: Kind | str, times: int | None = 1, skip: int = 0, mailbox: str = "") -> Self:
        """The next `times` requests of these kinds (none named: of all) get `fault`; None is for ever."""
        self.faults.add(fault, *on, times=times, skip=skip, mailbox=mailbox)
        return self

    def at_random(self, probability: float, faults: Iterable[Fault], *on: Kind, seed: int = 0) -> None:
        """From now on, with this probability, one of `faults` for each request of these kinds."""
        self.faults.dice = Dice(probability, faults, on, seed)

    def provider(self, smtp_port: int = 587, smtp_host: str = "localhost") -> dict[str, Any]:
        """A table [microsoft.NAME] of MAILADMIN_PROVIDERS_FILE."""
        return {
            "login_host": self.base,
            "graph_host": self.base,
            "smtp_host": smtp_host,
            "smtp_port": smtp_port,
            "smtp_scope": f"{self.base}/SMTP.Send",
            "ca_file": str(self.ca_file),
        }

    def providers_toml(self, name: str = "lab") -> str:
        """A whole MAILADMIN_PROVIDERS_FILE with [microsoft.NAME]."""
        return tomli_w.dumps({"microsoft": {name: self.provider()}})

    def http(self) -> requests.Session:
        """Trusts the tests' authority alone: REQUESTS_CA_BUNDLE in the environment would win over `verify`."""
        session = requests.Session()
        session.trust_env = False
        session.verify = str(self.ca_file)
        return session

    def token(self) -> str:
        """An access token, by the front door."""
        form = {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": SECRET}
        with self.http() as http:
            reply = http.post(
                f"{self.base}/{TENANT}/oauth2/v2.0/token",
                {**form, "scope": f"{self.base}/.default"},
                timeout=10,
            )
        return str(reply.json()["access_token"])

    def let_go(self) -> None:
        """Whoever waits or is dripped at waits no longer, and nobody will."""
        # Seconds by kind of request, waited before it is done.
        self.latency: dict[Kind, float] = {}
        self._over.set()
        self._over = threading.Event()

    def reset(self) -> None:
        """As new: empty mailboxes, no tokens, no faults, first settings; who waits is let go."""
        self.let_go()
        self.service, self.faults = Service(self.base), Faults()
        self.concurrent_requests = 4
        # By mailbox: the most requests at the same time, and how many there are now.
        self.peak: Counter[str] = Counter()
        # Whole requests and answers, for those who want to look at them; large when many.
        self.keeps_exchanges = False
        self.exchanges: list[tuple[Request, Answer]] = []
        self.at_work: Counter[str] = Counter()
        self._log: list[Call] = []
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self.ca_file.write_text(ca_pem())
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="graph", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        self._server.hang_up()
        self._scratch.remove()
        assert not self._server.mistakes, self._server.mistakes

    # --- the handler's side ---

    def answer(self, request: Request, connection: Connection) -> None:
        """Read the body, do what is asked, say so; or what a fault makes of it. Raises Gone."""
        status = 0
        try:
            with self._counted(request) as busy:
                request, answer = self._take(request, connection, busy)
            status = answer.status
            if self.keeps_exchanges:
                self.exchanges.append((request, answer))
        finally:
            self._note(request, status)
        ids = {"request-id": request.request_id, "client-request-id": request.client_request_id or request.request_id}
        connection.say(replace(answer, headers={**ids, **answer.headers}), self._over)

    def _take(self, request: Request, connection: Connection, busy: int) -> tuple[Request, Answer]:
        size = connection.announced
        if size < 0:
            connection.skip_chunks()
            return request, GraphError(411, "LengthRequired", "A chunked body is not taken.").answer(request)
        if size > self.service.largest_request and request.kind not in LOGIN:
            connection.skip(size)
            return request, too_large().answer(request)
        if busy > self.concurrent_requests:
            connection.skip(size)
            return request, over_concurrency().answer(request)
        fault = self.faults.next(request)
        if fault and fault.moment is Moment.EARLY and (early := fault.answer(request)):
            connection.end()
            return request, early
        if fault and fault.moment is Moment.WITHIN:
            self.service.keep_half(replace(request, body=connection.read(size // 2)))
            raise Gone
        request = replace(request, body=connection.read(size))
        self._over.wait(self.latency.get(request.kind, 0.0))
        return request, self._done(request, fault)

    def _done(self, request: Request, fault: Fault | None) -> Answer:
        if fault is None:
            return self.service.answer(request)
        said = fault.answer(request)
        if fault.moment is Moment.AFTER:
            true_answer = self.service.answer(request)
            if fault.adds:
                return replace(true_answer, headers={**true_answer.headers, **fault.adds})
        elif request.kind is Kind.TOKEN:
            self.login.note(request.form, said.status if said else 0, fault.name)
        if said is None:
            raise Gone
        return said

    @contextlib.contextmanager
    def _counted(self, request: Request) -> Iterator[int]:
        """How many requests of this mailbox are being worked on, this one included; the login host has no limit."""
        if request.kind in LOGIN:
            yield 0
            return
        with self._lock:
            at_work = self.at_work
            at_work[request.mailbox] += 1
            busy = at_work[request.mailbox]
            self.peak[request.mailbox] = max(self.peak[request.mailbox], busy)
        try:
            yield busy
        finally:
            with self._lock:
                at_work[request.mailbox] -= 1

    def _note(self, request: Request, status: int) -> None:
        self._log.append(
            Call(
                kind=request.kind,
                method=request.method,
                path=request.target,
                mailbox=request.mailbox,
                status=status,
                request_id=request.request_id,
                client_request_id=request.client_request_id,
                authorized=bool(request.header("authorization")),
                prefer=request.header("prefer"),
                size=len(request.body),
                at=time.monotonic(),
            )
        )


def too_large() -> GraphError:
    return GraphError(413, "RequestEntityTooLarge", "The maximum request length supported is 4MB.")


def over_concurrency() -> GraphError:
    text = "Application is over its MailboxConcurrency limit."
    return GraphError(429, "ApplicationThrottled", text, inner_code="MailboxConcurrency", retry_after="1")
