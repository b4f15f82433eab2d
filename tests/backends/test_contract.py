"""What backends and the engine rely on: time limits by phase, and a lease that is checked before the email goes."""

import pytest

from notifications.backends.base import BackendError, Envelope, Fault, NoLease, Reply, TimeLimits
from notifications.backends.smtp import SmtpBackend
from notifications.backends.smtp_server import SmtpServer
from notifications.backends.trace import Trace
from tests.backends.graph_props import Sender, without_drafts
from tests.graph_stand_in import GraphStandIn
from tests.smtp_sink import SmtpSink


class LostLease(NoLease):
    """The email was given to another try in the meantime."""

    def check(self) -> None:
        raise BackendError(Fault.TRANSIENT, Reply(text="another try has it"))


class TestTimeLimits:
    def test_default_to_those_of_the_rfc(self) -> None:
        assert TimeLimits() == TimeLimits(command=300, data=120, block=180, end_of_data=600)

    @pytest.mark.parametrize(
        ("seconds", "limits"),
        [
            (45, TimeLimits(command=45, data=45, block=45, end_of_data=600)),
            (150, TimeLimits(command=150, data=120, block=150, end_of_data=600)),
            (900, TimeLimits(command=900, data=120, block=180, end_of_data=900)),
        ],
    )
    def test_never_wait_less_than_ten_minutes_for_the_final_dot(self, seconds: float, limits: TimeLimits) -> None:
        assert TimeLimits.without_progress(seconds) == limits


def test_smtp_ends_no_email_that_another_try_has_taken_over() -> None:
    with SmtpSink() as sink:
        backend = SmtpBackend(SmtpServer(sink.host, sink.port, "none"))
        with pytest.raises(BackendError) as caught:
            backend.send(Envelope("a@b.test", ("c@d.test",), b"x\r\n", LostLease()), TimeLimits(), Trace())
    assert caught.value.fault is Fault.TRANSIENT
    assert sink.mails == []


def test_graph_sends_no_email_that_another_try_has_taken_over(graph: GraphStandIn) -> None:
    sender = Sender(without_drafts(graph))
    sender.tokens.may_draft = False
    sender.notes.forgetful = True
    assert sender.fails().fault is Fault.TRANSIENT
    assert graph.log == []
