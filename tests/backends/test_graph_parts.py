"""An email to more recipients than one message may have: parts that are the same ones in every try."""

import base64
import json
from collections import Counter
from typing import Any

import pytest

from notifications.backends.base import Envelope, NoLease
from notifications.backends.base import Fault as Class
from notifications.backends.graph_mail import GraphMail
from notifications.backends.graph_note import Note, Notes
from notifications.backends.graph_parts import identity_of
from tests.backends.graph_props import IDENTITY, SENDER, Sender, a_content, without_drafts
from tests.graph.faults import cut_after, cut_before, denied, failing, throttled
from tests.graph.mailbox import Folder
from tests.graph_stand_in import GraphStandIn


def people(count: int) -> tuple[str, ...]:
    return tuple(f"p{number}@peer.test" for number in range(count))


def a_sender(graph: GraphStandIn, count: int = 5, most: int | None = 2, **more: Any) -> Sender:
    """An email to so many people, in messages to `most` of them."""
    return Sender(graph, recipients=people(count), server_changes={"most_recipients": most}, **more)


def recipients_of(graph: GraphStandIn) -> list[tuple[str, ...]]:
    return [mail.recipients for mail in graph.deliveries]


def is_delivered_once(graph: GraphStandIn, count: int) -> bool:
    return Counter(to for mail in graph.deliveries for to in mail.recipients) == Counter(people(count))


@pytest.mark.parametrize("drafts", [True, False])
class TestTheParts:
    def test_follow_the_order_of_the_recipients(self, graph: GraphStandIn, drafts: bool) -> None:
        results = a_sender(graph if drafts else without_drafts(graph)).send()
        one, two, three, four, five = people(5)
        assert recipients_of(graph) == [(one, two), (three, four), (five,)]
        assert {address: result.fault for address, result in results.items()} == dict.fromkeys(people(5))

    def test_have_a_message_id_each(self, graph: GraphStandIn, drafts: bool) -> None:
        a_sender(graph if drafts else without_drafts(graph)).send()
        found = [mail.message_id for mail in graph.deliveries]
        assert found == [identity_of(IDENTITY, mail.recipients) for mail in graph.deliveries]
        assert len(set(found)) == 3

    def test_name_their_own_recipients_where_the_email_names_them(self, graph: GraphStandIn, drafts: bool) -> None:
        one, two, three, four = people(4)
        content = a_content(one, two, cc=(three,))
        sender = Sender(
            graph if drafts else without_drafts(graph),
            recipients=(one, two, three, four),
            content=content,
            server_changes={"most_recipients": 2},
        )
        sender.send()
        assert recipients_of(graph) == [(one, two), (three, four)]
        assert "p2@peer.test" not in json.dumps(graph.store.folder(Folder.SENT)[0].mail.to)
        second = graph.store.folder(Folder.SENT)[1].mail
        assert (second.to, second.cc, second.bcc) == ((), (three,), (four,))

    def test_are_one_with_the_emails_own_message_id_where_it_fits(self, graph: GraphStandIn, drafts: bool) -> None:
        a_sender(graph if drafts else without_drafts(graph), count=2).send()
        a_sender(graph, count=5, most=None).send()
        assert [mail.message_id for mail in graph.deliveries] == [IDENTITY, IDENTITY]

    def test_of_which_one_is_rejected_do_not_take_the_others_along(self, graph: GraphStandIn, drafts: bool) -> None:
        graph.fault(failing(400, "ErrorInvalidRecipients", "Some recipients are not valid."), "send", "send_mail")
        results = a_sender(graph if drafts else without_drafts(graph)).send()
        assert [result.fault for result in results.values()] == [Class.RECIPIENT] * 2 + [None] * 3
        assert recipients_of(graph) == [("p2@peer.test", "p3@peer.test"), ("p4@peer.test",)]

    def test_are_halved_when_graph_accepts_fewer(self, graph: GraphStandIn, drafts: bool) -> None:
        graph.store.most_recipients = 3
        sender = a_sender(graph if drafts else without_drafts(graph), count=20, most=20)
        sender.send()
        assert is_delivered_once(graph, 20)
        assert {len(mail.recipients) for mail in graph.deliveries} == {2}
        assert graph.store.folder(Folder.DRAFTS) == []

    def test_of_one_recipient_that_are_too_many_wait_for_the_next_day(self, graph: GraphStandIn, drafts: bool) -> None:
        graph.store.most_recipients = 0
        error = a_sender(graph if drafts else without_drafts(graph), count=3).fails()
        assert (error.fault, error.reply.enhanced) == (Class.QUOTA, "ErrorExceededMaxRecipientLimit")
        assert (graph.deliveries, graph.store.folder(Folder.DRAFTS)) == ([], [])

    def test_that_went_out_are_accepted_though_a_later_one_fails(self, graph: GraphStandIn, drafts: bool) -> None:
        sender = a_sender(graph if drafts else without_drafts(graph))
        graph.fault(throttled(), "send", "send_mail", skip=1)
        error = sender.fails()
        assert (error.fault, tuple(error.results)) == (Class.THROTTLED, people(2))
        sender.send(*people(5)[2:])
        assert is_delivered_once(graph, 5)

    def test_that_went_out_are_known_after_a_crash_without_a_record(self, graph: GraphStandIn, drafts: bool) -> None:
        sender = a_sender(graph if drafts else without_drafts(graph))
        graph.fault(throttled(), "send", "send_mail", skip=1)
        sender.fails()
        results = sender.send()
        assert results["p0@peer.test"].reply.text == "Accepted by Microsoft in a try that was cut off"
        assert is_delivered_once(graph, 5)

    def test_are_never_accepted_where_exchange_would_return_them(self, graph: GraphStandIn, drafts: bool) -> None:
        graph.store.most_recipients, graph.store.returns_too_many = 500, True
        sender = a_sender(graph if drafts else without_drafts(graph), count=1201, most=500)
        sender.send()
        assert [len(mail.recipients) for mail in graph.deliveries] == [500, 500, 201]
        assert (graph.store.returned, is_delivered_once(graph, 1201)) == ([], True)


class TestAPartInDoubt:
    def test_by_draft_is_found_and_not_sent_again(self, graph: GraphStandIn) -> None:
        sender = a_sender(graph)
        graph.fault(cut_after(), "send", skip=1).fault(cut_before(), "look")
        error = sender.fails()
        assert (error.fault, tuple(error.results)) == (
            Class.AMBIGUOUS,
            ("p0@peer.test", "p1@peer.test", "p4@peer.test"),
        )
        sender.send("p2@peer.test", "p3@peer.test")
        assert is_delivered_once(graph, 5)

    def test_by_sendmail_is_the_same_part_in_the_next_try(self, graph: GraphStandIn) -> None:
        sender = a_sender(without_drafts(graph))
        graph.fault(cut_after(), "send_mail", skip=1)
        error = sender.fails()
        assert (error.fault, "p4@peer.test" in error.results) == (Class.AMBIGUOUS, True)
        sender.server_changes = {"most_recipients": 1}
        sender.send("p2@peer.test", "p3@peer.test")
        assert [mail.message_id for mail in graph.deliveries].count(
            identity_of(IDENTITY, ("p2@peer.test", "p3@peer.test"))
        ) == 2

    def test_does_not_keep_the_email_from_the_recipients_of_the_others(self, graph: GraphStandIn) -> None:
        graph.fault(failing(502), "send_mail")
        error = a_sender(without_drafts(graph)).fails()
        assert (error.fault, tuple(error.results)) == (Class.AMBIGUOUS, people(5)[2:])

    def test_stays_in_doubt_whatever_happens_to_a_later_one(self, graph: GraphStandIn) -> None:
        graph.fault(failing(502), "send_mail").fault(throttled(), "send_mail")
        assert a_sender(without_drafts(graph)).fails().fault is Class.AMBIGUOUS


class TestTheNotes:
    def test_of_an_earlier_release_are_read(self) -> None:
        lease = NoLease()
        old = {"home": "m", "id": "1", "recipients": ["a@b.test"], "sending": True, "ordered_at": 5.0, "looks": 0}
        lease.recall = lambda: json.dumps(old)  # type: ignore[method-assign]
        assert list(Notes(lease, "m")) == [Note("m", "1", ("a@b.test",), sending=True, ordered_at=5.0)]

    def test_of_an_earlier_release_keep_the_emails_own_message_id(self, graph: GraphStandIn) -> None:
        sender = a_sender(graph, count=2)
        graph.fault(cut_after(), "send").fault(cut_before(), "look")
        sender.fails()
        (note,) = json.loads(sender.notes.note)
        sender.notes.note = json.dumps({name: note[name] for name in note if name not in ("message_id", "accepted")})
        sender.server_changes = {"most_recipients": 1}
        sender.send()
        assert recipients_of(graph) == [people(2)]

    def test_of_another_mailbox_are_not_used(self, graph: GraphStandIn) -> None:
        sender = a_sender(graph)
        graph.fault(denied("ErrorSendAsDenied"), "send", skip=1)
        sender.fails()
        graph.store.send_as.add(SENDER)
        moved = a_sender(graph, mailbox="other@contoso.test", notes=sender.notes)
        moved.send(*people(5)[2:])
        assert is_delivered_once(graph, 5)


class TestTheMessageIdOfAPart:
    def test_depends_on_its_recipients_alone(self) -> None:
        assert identity_of(IDENTITY, ("a@b.test",)) == identity_of(IDENTITY, ("a@b.test",))
        assert identity_of(IDENTITY, ("a@b.test",)) != identity_of(IDENTITY, ("c@b.test",))

    def test_is_one_line_whatever_its_length(self) -> None:
        long = f"<{'x' * 120}@{'host.' * 20}test>"
        content = a_content("a@b.test").replace(IDENTITY.encode(), long.encode())
        found = identity_of(long, ("a@b.test",))
        mail = GraphMail(Envelope(SENDER, ("a@b.test",), content), found)
        assert f"Message-ID: {found}\r\n".encode() in base64.b64decode(mail.as_mime())
