"""Graph's limits: size, parallel requests, messages a minute."""

import concurrent.futures
import socket
import ssl

import pytest
import requests

from tests.graph import faults
from tests.graph.client import SENDER, Client, code, message
from tests.graph.mailbox import MEGABYTE
from tests.graph.wire import Kind
from tests.graph_stand_in import GraphStandIn
from tests.waiting import wait_until


def test_a_request_of_more_than_four_megabytes_is_too_large(graph: GraphStandIn, client: Client) -> None:
    room = 4 * MEGABYTE - len(client.http.prepare_request(prepared(client, "")).body or "")
    assert client.post("/messages", message(subject="x" * room)).status_code == 201
    reply = client.post("/messages", message(subject="x" * (room + 1)))
    assert (reply.status_code, code(reply)) == (413, "RequestEntityTooLarge")
    assert client.look("x").status_code == 404  # the connection is still good


def prepared(client: Client, subject: str) -> requests.Request:
    return requests.Request("POST", f"{client.user}/messages", json=message(subject=subject))


def test_a_body_of_unknown_length_is_refused(graph: GraphStandIn, client: Client) -> None:
    reply = client.http.post(f"{client.user}/sendMail", data=iter([b"x"]), timeout=10)
    assert reply.status_code == 411


def together(graph: GraphStandIn, count: int, mailboxes: int = 1) -> list[int]:
    """The statuses of `count` requests that are under way at the same time, shared out among mailboxes."""
    graph.latency[Kind.DRAFT] = 60.0
    token = graph.token()

    def draft(number: int) -> int:
        with graph.http() as http:
            address = f"{graph.base}/v1.0/users/sender{number % mailboxes}@contoso.test/messages"
            headers = {"Authorization": f"Bearer {token}"}
            return http.post(address, json=message(), headers=headers, timeout=60).status_code

    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        replies = [pool.submit(draft, number) for number in range(count)]
        refused = max(0, count - graph.concurrent_requests * mailboxes)
        wait_until(lambda: sum(graph.at_work.values()) == count - refused and len(graph.calls("draft")) == refused)
        graph.let_go()
        return sorted(reply.result() for reply in replies)


def test_four_requests_of_a_mailbox_are_worked_on_at_once(graph: GraphStandIn) -> None:
    assert together(graph, 4) == [201] * 4
    assert graph.peak == {"sender0@contoso.test": 4}


def test_a_fifth_is_one_too_many(graph: GraphStandIn) -> None:
    assert together(graph, 7) == [201] * 4 + [429] * 3
    assert graph.peak["sender0@contoso.test"] >= 5


def test_forty_requests_of_ten_mailboxes_are_not(graph: GraphStandIn) -> None:
    assert together(graph, 40, mailboxes=10) == [201] * 40
    assert set(graph.peak.values()) == {4}


def test_one_too_many_is_told_how_long_to_wait(graph: GraphStandIn, client: Client) -> None:
    graph.concurrent_requests = 0
    reply = client.post("/messages", message())
    assert (reply.status_code, code(reply), reply.headers["Retry-After"]) == (429, "ApplicationThrottled", "1")
    assert reply.json()["error"]["innerError"]["code"] == "MailboxConcurrency"


def test_messages_a_minute_have_a_limit(graph: GraphStandIn, client: Client) -> None:
    graph.store.messages_per_minute = 3
    replies = [client.post("/sendMail", {"message": message()}) for _ in range(4)]
    assert [reply.status_code for reply in replies] == [202, 202, 202, 429]
    assert 1 <= int(replies[3].headers["Retry-After"]) <= 61
    assert len(graph.deliveries) == 3


def test_who_goes_in_the_middle_of_a_request_frees_its_place(graph: GraphStandIn) -> None:
    context = ssl.create_default_context(cafile=str(graph.ca_file))
    port = int(graph.base.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as plain:
        connection = context.wrap_socket(plain, server_hostname="localhost")
        connection.sendall(
            f"POST /v1.0/users/{SENDER}/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx".encode()
        )
        wait_until(lambda: graph.at_work[SENDER] == 1)
        connection.close()
    wait_until(lambda: graph.at_work[SENDER] == 0)
    assert graph.calls("draft")[0].status == 0
    assert graph.store.folder("drafts") == []


def test_a_cut_frees_its_place(graph: GraphStandIn, client: Client) -> None:
    graph.fault(faults.cut_before(), "draft", times=5)
    for _ in range(5):
        with pytest.raises(requests.ConnectionError):
            client.post("/messages", message())
    assert client.post("/messages", message()).status_code == 201
    assert graph.peak[SENDER] == 1
