"""From an SMTP reply, and the command that it answers, to what helps (RFC 5321 4.2, RFC 3463, RFC 4954 6).

Codes decide first; texts only where the services give different things one code.
"""

import re

from notifications.backends.base import Fault, Reply, Stage

ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})\b")
# "Client host rejected" is what a Postfix submission port tells those who did not sign in.
RELAY_DENIED = re.compile(
    r"relay(ing)? (access )?(denied|not permitted|not allowed|prohibited)|unable to relay|client host rejected", re.I
)

# Exchange reports its sender's troubles at RCPT or after the final dot, with codes that elsewhere mean the recipient.
SENDER_CODES = {"5.7.60", "5.2.252"}
SIGN_IN_CODES = {"5.7.57", "5.7.30", "5.7.139"}


BEFORE_SIGN_IN = (Stage.GREETING, Stage.EHLO)


def reply_from(code: int, text: str) -> Reply:
    """Take the enhanced code off the front of each line."""
    match = ENHANCED.match(text)
    if not match:
        return Reply(code, "", " ".join(text.split()))
    enhanced = match.group(1)
    plain = re.sub(rf"(?m)^{re.escape(enhanced)}\s*", "", text)
    return Reply(code, enhanced, " ".join(plain.split()))


def fault_of(reply: Reply, stage: Stage) -> Fault:
    """The fault that a reply outside 2yz means at `stage`; the basic code wins over the enhanced one."""
    if reply.code // 100 == 4:
        return temporary_fault(reply, stage)
    if reply.code // 100 == 5:
        return permanent_fault(reply, stage)
    # Codes that SMTP does not know: the server is confused, and perhaps not for long.
    return Fault.TRANSIENT


def temporary_fault(reply: Reply, stage: Stage) -> Fault:
    # 421 closes the channel, 432 4.3.2 is Exchange's "too many connections": both are meant for everybody.
    if reply.code == 421 or stage in (*BEFORE_SIGN_IN, Stage.AUTH):
        return Fault.THROTTLED
    if reply.code == 432 and stage is not Stage.RCPT:
        return Fault.THROTTLED
    return Fault.TRANSIENT


def permanent_fault(reply: Reply, stage: Stage) -> Fault:
    if stage is Stage.AUTH or reply.code in (530, 534, 535, 538) or reply.enhanced in SIGN_IN_CODES:
        return Fault.SIGN_IN
    if reply.enhanced in SENDER_CODES or "SendAsDenied" in reply.text:
        return Fault.SENDER
    if is_quota(reply):
        return Fault.QUOTA
    if stage in BEFORE_SIGN_IN:
        return Fault.CONFIGURATION
    if stage is Stage.MAIL_FROM:
        return Fault.PERMANENT if reply.code == 552 else Fault.SENDER
    if stage is Stage.RCPT and reply.code == 553 and reply.enhanced == "5.7.1":
        return Fault.SENDER  # Postfix: sender address rejected: not owned by user
    if stage in (Stage.DATA, Stage.END_OF_DATA) and reply.enhanced == "5.2.2":
        return Fault.CONFIGURATION  # Exchange: the sender's own mailbox is full of sent mail
    return Fault.PERMANENT


def is_quota(reply: Reply) -> bool:
    """Gmail's and Exchange's daily limits come as 5yz, and yet the next day heals them."""
    return reply.enhanced in ("5.4.5", "5.1.90") or (reply.code == 554 and reply.enhanced == "5.2.0")


def is_relay_denied(reply: Reply) -> bool:
    return reply.enhanced == "5.7.54" or bool(RELAY_DENIED.search(reply.text))
