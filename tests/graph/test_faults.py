"""What goes wrong on demand: before, after or within a request, by rules or by the dice."""

import json
import threading

import pytest
import requests

from tests.graph import faults
from tests.graph.client import Client, code, message
from tests.graph.faults import Fault
from tests.graph.mailbox import MEGABYTE
from tests.graph.wire import Kind
from tests.graph_stand_in import GraphStandIn
from tests.waiting import wait_until


@pytest.mark.parametrize(("fault", "accepted"), [(faults.cut_before(), 0), (faults.cut_after(), 1)])
def test_a_cut_leaves_the_client_in_doubt(graph: GraphStandIn, client: Client, fault: Fault, accepted: int) -> None:
    item = client.draft()
    graph.fault(fault, "send")
    with pytest.raises(requests.ConnectionError):
        client.send(item)
    assert len(graph.deliveries) == accepted
    assert client.look(item).json()["isDraft"] is not bool(accepted)
    assert graph.calls("send")[0].status == 0


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("after", [False, True])
def test_an_error_may_come_before_or_after_accepting(
    graph: GraphStandIn, client: Client, status: int, after: bool
) -> None:
    item = client.draft()
    graph.fault(faults.failing(status, after=after), "send")
    assert client.send(item).status_code == status
    assert len(graph.deliveries) == after


def test_an_accepted_mail_may_ask_for_a_pause(graph: GraphStandIn, client: Client) -> None:
    graph.fault(faults.slowed("120"), "send")
    reply = client.send(client.draft())
    assert (reply.status_code, reply.headers["Retry-After"]) == (202, "120")
    assert len(graph.deliveries) == 1


@pytest.mark.parametrize("retry_after", ["1", "Wed, 21 Oct 2026 07:28:00 GMT", "1000000000", "-5", "soon", None])
def test_a_throttle_names_any_time_or_none(graph: GraphStandIn, client: Client, retry_after: str | None) -> None:
    graph.fault(faults.throttled(retry_after))
    reply = client.post("/messages", message())
    assert (reply.status_code, code(reply)) == (429, "ApplicationThrottled")
    assert reply.headers.get("Retry-After") == retry_after


@pytest.mark.parametrize(
    ("fault", "status", "expected"),
    [
        (faults.failing(401), 401, "InvalidAuthenticationToken"),
        (faults.denied(), 403, "ErrorAccessDenied"),
        (faults.denied("ErrorSendAsDenied"), 403, "ErrorSendAsDenied"),
        (faults.failing(404, "MailboxNotEnabledForRESTAPI"), 404, "MailboxNotEnabledForRESTAPI"),
        (faults.failing(413), 413, "RequestEntityTooLarge"),
        (faults.failing(400, "ErrorQuotaExceeded"), 400, "ErrorQuotaExceeded"),
    ],
)
def test_any_error_can_be_asked_for(
    graph: GraphStandIn, client: Client, fault: Fault, status: int, expected: str
) -> None:
    graph.fault(fault, "draft")
    reply = client.post("/messages", message())
    assert (reply.status_code, code(reply)) == (status, expected)


def test_an_error_has_microsofts_shape(graph: GraphStandIn, client: Client) -> None:
    graph.fault(faults.failing(503, "generalException", "Try later.", inner_code="ErrorServerBusy"))
    reply = client.post("/messages", message(), headers={"client-request-id": "ours"})
    error = reply.json()["error"]
    assert (error["code"], error["message"]) == ("generalException", "Try later.")
    inner = error["innerError"]
    assert (inner["code"], inner["client-request-id"]) == ("ErrorServerBusy", "ours")
    assert inner["request-id"] == reply.headers["request-id"]
    assert reply.headers["client-request-id"] == "ours"


def test_every_answer_has_its_ids(graph: GraphStandIn, client: Client) -> None:
    replies = [client.post("/messages", message(), headers={"client-request-id": "ours"}) for _ in range(2)]
    assert [reply.headers["client-request-id"] for reply in replies] == ["ours", "ours"]
    assert replies[0].headers["request-id"] != replies[1].headers["request-id"]
    assert [call.request_id for call in graph.calls("draft")] == [reply.headers["request-id"] for reply in replies]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_leads_to_a_host_that_a_test_names(graph: GraphStandIn, client: Client, status: int) -> None:
    with GraphStandIn() as hostile:
        graph.fault(faults.redirect(status, f"{hostile.base}/v1.0/users/x/sendMail"), "send_mail")
        reply = client.post("/sendMail", {"message": message()})
        assert (reply.status_code, reply.headers["Location"]) == (status, f"{hostile.base}/v1.0/users/x/sendMail")
        assert hostile.log == []
        with hostile.http() as http:
            http.post(reply.headers["Location"], headers=dict(client.http.headers), timeout=10)
        assert [(call.kind, call.authorized) for call in hostile.log] == [(Kind.SEND_MAIL, True)]


def test_an_answer_may_be_html_or_very_long(graph: GraphStandIn, client: Client) -> None:
    graph.fault(faults.saying(504, faults.HTML), "draft")
    graph.fault(faults.saying(200, b"x" * 10 * MEGABYTE, "application/json"), "draft")
    assert client.post("/messages", message()).headers["Content-Type"].startswith("text/html")
    assert len(client.post("/messages", message()).content) == 10 * MEGABYTE


def test_an_answer_that_drips_never_ends(graph: GraphStandIn, client: Client) -> None:
    graph.fault(faults.saying(200, b"{", "application/json", drips=True), "draft")
    with client.http.post(f"{client.user}/messages", json=message(), timeout=10, stream=True) as reply:
        assert reply.raw.read(5) == b"{    "


def test_who_is_dripped_at_is_let_go_by_a_reset(graph: GraphStandIn, client: Client) -> None:
    graph.fault(faults.saying(200, b"{", "application/json", drips=True), "draft")
    errors: list[Exception] = []

    def ask() -> None:
        try:
            client.post("/messages", message())
        except requests.RequestException as error:
            errors.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    wait_until(lambda: graph.calls("draft"))
    graph.reset()
    asking.join(20)
    assert len(errors) == 1


def test_a_rule_counts_and_may_let_some_pass(graph: GraphStandIn, client: Client) -> None:
    graph.fault(faults.failing(503), "draft", times=2, skip=1)
    replies = [client.post("/messages", message()).status_code for _ in range(5)]
    assert replies == [201, 503, 503, 201, 201]
    assert graph.faults.happened == [(Kind.DRAFT, "503 ServiceUnavailable before accepting")] * 2


def test_a_rule_without_an_end_strikes_one_mailbox_for_ever(graph: GraphStandIn, client: Client) -> None:
    graph.fault(faults.failing(401), times=None, mailbox="sender@contoso.test")
    assert {client.post("/messages", message()).status_code for _ in range(5)} == {401}
    with Client(graph, "other@contoso.test") as other:
        assert other.post("/messages", message()).status_code == 201
    graph.faults.clear()
    assert client.post("/messages", message()).status_code == 201


def test_the_same_seed_throws_the_same_dice(graph: GraphStandIn, client: Client) -> None:
    def rows(seed: int) -> list[int]:
        graph.at_random(0.5, [faults.failing(503), faults.throttled()], Kind.LOOK, seed=seed)
        return [client.look("x").status_code for _ in range(40)]

    first = rows(1)
    assert set(first) == {404, 503, 429}
    assert rows(1) == first
    assert rows(2) != first
    assert client.post("/messages", message()).status_code == 201


def test_what_is_no_call_of_graph_is_not_found(graph: GraphStandIn, client: Client) -> None:
    assert client.post("/messages/x/forward").status_code == 404
    assert client.http.patch(f"{client.user}/messages/x", timeout=10).status_code == 404
    assert [call.kind for call in graph.calls()[1:]] == [Kind.UNKNOWN, Kind.UNKNOWN]


def test_exchanges_are_kept_for_who_asks(graph: GraphStandIn, client: Client) -> None:
    client.post("/messages", message())
    graph.keeps_exchanges = True
    client.post("/messages", message())
    ((request, answer),) = graph.exchanges
    assert json.loads(request.body) == message()
    assert json.loads(answer.body)["isDraft"] is True
