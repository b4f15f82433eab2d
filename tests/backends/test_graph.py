"""The Graph backend: which way a mail takes, to whom it goes, and what is done when the app may do less than hoped."""

import pytest

from notifications.backends.base import Fault
from tests.backends.graph_props import IDENTITY, SENDER, Notes, Sender, a_content, without_drafts
from tests.graph.faults import denied, slowed
from tests.graph.login import READ_WRITE, SEND
from tests.graph.mailbox import Folder
from tests.graph_stand_in import GraphStandIn


class TestAMailThatIsTaken:
    def test_goes_by_a_draft_where_the_app_may_make_one(self, graph: GraphStandIn) -> None:
        results = Sender(graph).send()
        assert [(mail.by, mail.recipients, mail.message_id) for mail in graph.deliveries] == [
            ("draft", ("ops@peer.test",), IDENTITY)
        ]
        assert (results["ops@peer.test"].fault, results["ops@peer.test"].reply.code) == (None, 202)
        assert results["ops@peer.test"].reply.text == "Accepted by Microsoft"

    def test_has_immutable_ids_asked_for_in_each_request(self, graph: GraphStandIn) -> None:
        Sender(graph).send()
        assert {call.prefer for call in graph.calls("draft", "send")} == {'IdType="ImmutableId"'}

    def test_goes_as_mime_with_mail_send_alone(self, graph: GraphStandIn) -> None:
        sender = Sender(without_drafts(graph))
        sender.send()
        assert [mail.by for mail in graph.deliveries] == ["mime"]
        assert graph.store.folder(Folder.SENT) != []
        assert "may not make drafts (Mail.ReadWrite)" in str(sender.trace)

    def test_goes_as_json_where_sendmail_is_to_keep_no_copy(self, graph: GraphStandIn) -> None:
        Sender(without_drafts(graph), saving=False).send()
        assert [mail.by for mail in graph.deliveries] == ["json"]
        assert graph.store.folder(Folder.SENT) == []

    def test_leaves_no_copy_of_a_draft_where_none_is_to_be_kept(self, graph: GraphStandIn) -> None:
        Sender(graph, saving=False).send()
        assert [mail.by for mail in graph.deliveries] == ["draft"]
        assert graph.store.folder(Folder.SENT) == graph.store.folder(Folder.DRAFTS) == []

    def test_has_both_sides_request_ids_for_microsofts_support(self, graph: GraphStandIn) -> None:
        reference = Sender(graph).send()["ops@peer.test"].reply.reference
        sent = graph.calls("send")[0]
        assert reference == f"request-id {sent.request_id}, client-request-id {sent.client_request_id}"

    @pytest.mark.parametrize("drafts", [True, False])
    def test_and_slowed_is_a_success_that_says_how_long_to_wait(self, graph: GraphStandIn, drafts: bool) -> None:
        if not drafts:
            without_drafts(graph)
        graph.fault(slowed("120"), "send", "send_mail")
        result = Sender(graph).send()["ops@peer.test"]
        assert result.fault is None
        assert result.reply.retry_after is not None
        assert result.reply.retry_after.total_seconds() == 120


class TestTheAppsPermissions:
    def test_are_tried_once_and_then_known(self, graph: GraphStandIn) -> None:
        sender = Sender(without_drafts(graph))
        for _ in range(3):
            sender.notes = Notes()
            sender.send()
        assert (len(graph.calls("draft")), len(graph.calls("send_mail"))) == (1, 3)
        assert sender.tokens.may_draft is False

    def test_that_exchange_alone_knows_are_enough(self, graph: GraphStandIn) -> None:
        graph.login.roles.clear()
        graph.login.rbac |= {SEND, READ_WRITE}
        Sender(graph).send()
        assert [mail.by for mail in graph.deliveries] == ["draft"]

    @pytest.mark.parametrize("at", ["attach", "session"])
    def test_that_end_while_a_draft_is_filled_lead_to_sendmail(self, graph: GraphStandIn, at: str) -> None:
        size = 2_990_000 if at == "attach" else 3_100_000
        sender = Sender(graph, content=a_content("ops@peer.test", attached=(("log.csv", b"x" * size),)))
        graph.fault(denied(), at)
        error = sender.fails()
        assert error.fault is Fault.PERMANENT
        assert "Mail.ReadWrite" in error.reply.text
        assert (graph.deliveries, sender.tokens.may_draft) == ([], False)

    def test_that_end_between_two_tries_lead_to_sendmail(self, graph: GraphStandIn) -> None:
        sender = Sender(graph)
        graph.fault(denied("ErrorSendAsDenied"), "send")
        sender.fails()
        without_drafts(graph)
        sender.send()
        assert [mail.by for mail in graph.deliveries] == ["mime"]

    @pytest.mark.parametrize("drafts", [True, False])
    def test_without_mail_send_are_a_matter_of_configuration(self, graph: GraphStandIn, drafts: bool) -> None:
        graph.login.roles = {READ_WRITE} if drafts else set()
        error = Sender(graph).fails()
        assert (error.fault, error.reply.codes) == (Fault.CONFIGURATION, "403 ErrorAccessDenied")
        assert graph.deliveries == []

    @pytest.mark.parametrize("code", ["ErrorSendAsDenied", "ErrorQuotaExceeded", "ErrorExceededMessageLimit"])
    def test_are_not_what_another_403_is_about(self, graph: GraphStandIn, code: str) -> None:
        sender = Sender(graph)
        graph.fault(denied(code), "draft")
        assert sender.fails().reply.enhanced == code
        assert (graph.calls("send_mail"), sender.tokens.may_draft) == ([], None)


class TestRecipientsThatGraphRefuses:
    @pytest.mark.parametrize("drafts", [True, False])
    def test_are_refused_and_the_others_get_the_mail_once(self, graph: GraphStandIn, drafts: bool) -> None:
        if not drafts:
            without_drafts(graph)
        sender = Sender(graph, recipients=("one@peer.test", "invalid@peer.test", "two@peer.test"))
        results = sender.send()
        assert {address: result.fault for address, result in results.items()} == {
            "one@peer.test": None,
            "invalid@peer.test": Fault.RECIPIENT,
            "two@peer.test": None,
        }
        assert [mail.recipients for mail in graph.deliveries] == [("one@peer.test", "two@peer.test")]
        assert graph.store.folder(Folder.DRAFTS) == []

    def test_take_nobody_with_them_whose_address_is_part_of_theirs(self, graph: GraphStandIn) -> None:
        innocent = ("valid@peer.test", "not.invalid@peer.test", "d@peer.test")
        results = Sender(graph, recipients=("invalid@peer.test", *innocent)).send()
        assert [address for address, result in results.items() if result.fault] == ["invalid@peer.test"]
        assert graph.deliveries[0].recipients == innocent

    def test_who_are_all_leave_nobody_to_send_to(self, graph: GraphStandIn) -> None:
        results = Sender(graph, recipients=("invalid@peer.test", "Invalid@other.test")).send()
        assert {result.fault for result in results.values()} == {Fault.RECIPIENT}
        assert (graph.deliveries, graph.store.folder(Folder.DRAFTS)) == ([], [])

    def test_but_not_by_name_refuse_the_mail(self, graph: GraphStandIn) -> None:
        graph.fault(denied("ErrorInvalidRecipients", "Some recipients are not valid."), "send")
        assert Sender(graph).fails().fault is Fault.RECIPIENT

    def test_are_settled_though_the_rest_of_the_try_fails(self, graph: GraphStandIn) -> None:
        graph.fault(denied(), "send", times=1, skip=1)
        error = Sender(graph, recipients=("one@peer.test", "invalid@peer.test")).fails()
        assert error.fault is Fault.CONFIGURATION
        assert [*error.results] == ["invalid@peer.test"]


class TestSecrets:
    @pytest.mark.parametrize("size", [0, 5_000_000])
    def test_are_not_in_the_trace(self, graph: GraphStandIn, size: int) -> None:
        sender = Sender(graph, content=a_content("ops@peer.test", attached=(("log.csv", b"x" * size),)))
        graph.keeps_exchanges = True
        sender.send()
        addresses = [request.target for request, _ in graph.exchanges if "authtoken=" in request.target]
        assert bool(addresses) is bool(size)
        for secret in (sender.tokens.handed[0], "authtoken=", graph.client_secret):
            assert secret not in str(sender.trace)

    def test_go_only_to_graph(self, graph: GraphStandIn) -> None:
        with GraphStandIn() as elsewhere:
            graph.service.upload_base = elsewhere.base
            error = Sender(graph, content=a_content("ops@peer.test", attached=(("l.csv", b"x" * 5_000_000),))).fails()
        assert error.fault is Fault.TRANSIENT
        assert "is not one of this provider's addresses" in error.reply.text
        assert elsewhere.log == []


def test_the_senders_address_is_quoted_in_the_path(graph: GraphStandIn) -> None:
    odd = "o'brien/../x?y#z@contoso.test"
    Sender(
        graph, mailbox=odd, content=a_content("ops@peer.test").replace(SENDER.encode(), b"other@contoso.test")
    ).fails()
    assert {call.mailbox for call in graph.log if call.mailbox} == {odd}
