"""A plain client of Graph for the stand-in's own tests; it retries nothing and hides nothing."""

from typing import Any, Self

import requests

from tests.graph_stand_in import GraphStandIn

IMMUTABLE = {"Prefer": 'IdType="ImmutableId"'}
SENDER = "sender@contoso.test"


def message(*to: str, **more: Any) -> dict[str, Any]:
    return {
        "subject": "hello",
        "body": {"contentType": "html", "content": "<p>body</p>"},
        "toRecipients": [{"emailAddress": {"address": address}} for address in to or ("ops@peer.test",)],
        **more,
    }


def file(name: str, content: str) -> dict[str, Any]:
    """`content` is base64."""
    return {"@odata.type": "#microsoft.graph.fileAttachment", "name": name, "contentBytes": content}


class Client:
    """Speaks for `mailbox`, with a token from the front door; ids are immutable unless told otherwise."""

    def __init__(self, stand_in: GraphStandIn, mailbox: str = SENDER, *, immutable: bool = True) -> None:
        self.base = stand_in.base
        self.user = f"{stand_in.base}/v1.0/users/{mailbox}"
        self.http = stand_in.http()
        self.http.headers["Authorization"] = f"Bearer {stand_in.token()}"
        if immutable:
            self.http.headers.update(IMMUTABLE)

    def get(self, path: str, **params: str) -> requests.Response:
        return self.http.get(self.user + path, params=params, timeout=10, allow_redirects=False)

    def post(self, path: str, json: Any = None, **options: Any) -> requests.Response:
        return self.http.post(self.user + path, json=json, timeout=10, allow_redirects=False, **options)

    def delete(self, path: str) -> requests.Response:
        return self.http.delete(self.user + path, timeout=10)

    def draft(self, *to: str, **more: Any) -> str:
        """The new draft's id."""
        reply = self.post("/messages", message(*to, **more))
        assert reply.status_code == 201, reply.text
        return str(reply.json()["id"])

    def send(self, item: str) -> requests.Response:
        return self.post(f"/messages/{item}/send")

    def look(self, item: str) -> requests.Response:
        return self.get(f"/messages/{item}", **{"$select": "id,isDraft"})

    def find(self, message_id: str) -> list[dict[str, Any]]:
        wanted = message_id.replace("'", "''")
        reply = self.get("/messages", **{"$filter": f"internetMessageId eq '{wanted}'", "$select": "id,isDraft"})
        assert reply.status_code == 200, reply.text
        return list(reply.json()["value"])

    def mime(self, content: bytes) -> requests.Response:
        """`content` is base64."""
        return self.http.post(f"{self.user}/sendMail", data=content, headers={"Content-Type": "text/plain"}, timeout=10)

    def session(self, item: str, size: int, name: str = "large.bin") -> requests.Response:
        wanted = {"AttachmentItem": {"attachmentType": "file", "name": name, "size": size}}
        return self.post(f"/messages/{item}/attachments/createUploadSession", wanted)

    def put(self, address: str, content: bytes, first: int, size: int, **headers: str) -> requests.Response:
        """A range, without the token."""
        place = f"bytes {first}-{first + len(content) - 1}/{size}"
        with requests.Session() as bare:
            bare.trust_env, bare.verify = False, self.http.verify
            return bare.put(address, content, headers={"Content-Range": place, **headers}, timeout=10)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()


def code(reply: requests.Response) -> str:
    """Graph's error code."""
    return str(reply.json()["error"]["code"])
