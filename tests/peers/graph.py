"""Microsoft Graph's contract, served by programs that nobody in this project wrote: prism, behind nginx."""

import itertools
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any, Self

import requests

from tests.peers.process import Process, Scratch, free_ports
from tests.peers.uploads import Uploads
from tests.pki import write_server
from tests.waiting import wait_until

HERE = Path(__file__).parent
PRISM = HERE / "node_modules" / ".bin" / "prism"
NGINX = "/usr/sbin/nginx"
# Microsoft's document is not ours to keep a copy of: it lies in a folder beside the project.
BESIDE = "*/peers/graph/graph-mail.openapi.json"
ERRORS = {"throttled": 429, "denied": 403, "nouser": 404, "expired": 401, "busy": 503, "timeout": 504}


def contract() -> Path:
    """The OpenAPI document: MAILADMIN_GRAPH_CONTRACT, or where it lies beside the project; perhaps not there."""
    named = os.environ.get("MAILADMIN_GRAPH_CONTRACT")
    return Path(named) if named else next(HERE.parents[2].glob(BESIDE), HERE / Path(BESIDE).name)


@dataclass(frozen=True)
class Captured:
    """A request as nginx saw it. `path` has no /v1.0; a range's `body` is its Content-Range."""

    method: str
    path: str
    type: str
    authorized: bool
    prefer: str
    status: int
    body: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class GraphPeer:
    """Listens at `base`; checks each request against Microsoft's contract and keeps nothing.

    A wrong or missing field is answered 422 with its name, more than 4 MB 413. The sender's local part chooses an
    error: see ERRORS; 429 and 503 have a Retry-After. Any bearer token will do; none is 401. `uploads` takes ranges.
    """

    base: str
    uploads: Uploads

    def __init__(self) -> None:
        self._scratch = Scratch("graph-peer")
        self.folder = self._scratch.path
        self.ca_file = self.folder / "ca.pem"
        self._record = self.folder / "requests.jsonl"
        self._markers = itertools.count(1)

    def http(self) -> requests.Session:
        """Trusts this peer alone: REQUESTS_CA_BUNDLE in the environment would win over `verify`."""
        session = requests.Session()
        session.trust_env = False
        session.verify = str(self.ca_file)
        return session

    def captured(self) -> list[Captured]:
        """What was asked and answered since the last `clear`, in the order of the answers."""
        # nginx writes a request down after it was answered, and one after the other: then this one comes last.
        marker = f"/marker/{next(self._markers)}"
        with self.http() as http:
            http.get(self.base + marker, timeout=10)
        wait_until(lambda: f'"{marker}"' in self._record.read_text(), what="nginx's record")
        lines = map(json.loads, self._record.read_text().splitlines())
        return [captured(line) for line in lines if not line["uri"].startswith("/marker/")]

    def check(self) -> list[Captured]:
        """The captured requests; fails when one of them was against the contract (422), and says why."""
        found = self.captured()
        against = [request for request in found if request.status == 422]
        assert not against, "\n\n".join(f"{request}\n{self._complaint(request)}" for request in against)
        return found

    def clear(self) -> None:
        """Nothing was asked yet."""
        self.captured()
        # nginx appends, so the file stays the same one.
        self._record.write_text("")
        self.uploads.clear()

    def __enter__(self) -> Self:
        write_server(self.folder)
        port, prism = free_ports(2)
        self.base = f"https://localhost:{port}"
        self.uploads = Uploads()
        values = {"port": port, "prism": prism, "uploads": self.uploads.port}
        template = (HERE / "templates" / "nginx-graph.conf").read_text()
        (self.folder / "nginx.conf").write_text(Template(template).substitute(values))
        mock = [PRISM, "mock", "--errors", "--host", "127.0.0.1", "--port", str(prism), contract()]
        self._prism = Process(mock, self.folder / "prism.log", env={"NODE_NO_WARNINGS": "1"})
        self._nginx = Process([NGINX, "-p", self.folder, "-c", "nginx.conf"], self.folder / "nginx.log")
        self._prism.wait_for(prism, seconds=40)
        self._nginx.wait_for(port)
        self.uploads.__enter__()
        self.clear()
        return self

    def __exit__(self, *_: object) -> None:
        for process in (self._nginx, self._prism):
            process.stop()
        self.uploads.__exit__()
        self._scratch.remove()

    def _complaint(self, request: Captured) -> str:
        """prism's words, by asking once more: nginx does not keep answers."""
        with self.http() as http:
            reply = http.request(
                request.method,
                f"{self.base}/v1.0{request.path}",
                data=request.body.encode(),
                headers={"Content-Type": request.type, "Authorization": "Bearer any"},
                timeout=20,
            )
        return reply.text


def captured(line: Mapping[str, Any]) -> Captured:
    return Captured(
        method=line["method"],
        path=line["uri"].removeprefix("/v1.0"),
        type=line["type"],
        authorized=bool(line["authorized"]),
        prefer=line["prefer"],
        status=line["status"],
        body=line["body"],
    )
