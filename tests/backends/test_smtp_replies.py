"""What a reply means: whether time heals it, and whom it concerns."""

import pytest

from notifications.backends.base import Fault, Reply, Stage
from notifications.backends.smtp_replies import fault_of, reply_from
from tests.backends.replies import Recorded, class_of, recorded


@pytest.mark.parametrize("row", recorded(), ids=str)
def test_reply_of_a_real_server(row: Recorded) -> None:
    fault = fault_of(row.reply, row.stage)
    assert class_of(fault) in row.allowed, fault


@pytest.mark.parametrize("stage", [Stage.MAIL_FROM, Stage.RCPT, Stage.DATA, Stage.END_OF_DATA])
@pytest.mark.parametrize("row", [row for row in recorded() if row.wire.startswith("5")], ids=str)
def test_a_temporary_code_is_never_final(row: Recorded, stage: Stage) -> None:
    reply = row.reply
    fault = fault_of(Reply(450, reply.enhanced.replace("5.", "4.", 1), reply.text), stage)
    assert class_of(fault) in ("retry", "quota", "hold")


@pytest.mark.parametrize("code", [200, 250, 299, 300, 354, 199, 600, 999])
def test_an_unexpected_code_is_retried(code: int) -> None:
    assert fault_of(Reply(code, "", "?"), Stage.RCPT) is Fault.TRANSIENT


@pytest.mark.parametrize(
    ("text", "enhanced", "plain"),
    [
        ("5.1.1 no such user", "5.1.1", "no such user"),
        ("5.7.1 one\n5.7.1 two", "5.7.1", "one two"),
        ("sorry, no mailbox here by that name. (#5.1.1)", "5.1.1", "sorry, no mailbox here by that name. (#5.1.1)"),
        ("see (#4.3.0) for more", "", "see (#4.3.0) for more"),
        ("nothing", "", "nothing"),
    ],
)
def test_finds_the_enhanced_code(text: str, enhanced: str, plain: str) -> None:
    reply = reply_from(550, text)
    assert (reply.enhanced, reply.text) == (enhanced, plain)
