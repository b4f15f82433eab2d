"""From an SMTP reply, and the command that it answers, to what helps (RFC 5321 4.2, RFC 3463, RFC 4954 6).

Two questions decide. Does time heal it? A 4yz is never final. And whom does it concern: this recipient, this email, or
every email? Clear words win over codes, because services use one code for different things; codes that are clear come
next; a rejection that says neither is `Fault.UNCLEAR`, and the engine compares it with what other emails meet.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

from notifications.backends import smtp_wording as wording
from notifications.backends.base import Fault, Reply, Stage

# At the front of each line (RFC 3463), or behind the text as qmail writes it: `(#5.7.1)`.
ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})\b")
ENHANCED_BEHIND = re.compile(r"\(#([245]\.\d{1,3}\.\d{1,3})\b")

OPENING = frozenset({Stage.GREETING, Stage.EHLO, Stage.STARTTLS})
CONTENT = frozenset({Stage.DATA, Stage.END_OF_DATA})
RCPT = frozenset({Stage.RCPT})
AUTH = frozenset({Stage.AUTH})
MAIL = frozenset({Stage.MAIL_FROM})
NOT_RCPT = frozenset(Stage) - RCPT


@dataclass(frozen=True)
class Rule:
    """Applies where everything that it names is so; `unless` are words that must be absent."""

    fault: Fault
    words: re.Pattern[str] | None = None
    unless: re.Pattern[str] | None = None
    codes: Collection[int] = ()
    enhanced: Collection[str] = ()
    stages: frozenset[Stage] | None = None

    def applies(self, reply: Reply, stage: Stage) -> bool:
        return (
            (self.stages is None or stage in self.stages)
            and (not self.codes or reply.code in self.codes)
            and (not self.enhanced or reply.enhanced in self.enhanced)
            and (self.words is None or bool(self.words.search(reply.text)))
            and (self.unless is None or not self.unless.search(reply.text))
        )


OTHERS_POLICY = wording.any_of(wording.RECIPIENT_RESTRICTS.pattern, wording.DOMAIN_POLICY.pattern)
ABOUT_RECIPIENT = wording.any_of(wording.RECIPIENT_RESTRICTS.pattern, r"\brecipient address rejected\b")

BANNED = ("5.7.501", "5.7.502", "5.7.503", "5.7.506", "5.7.511", "5.7.705", "5.7.708", "5.7.750")

# 4yz: whatever is not held here is tried again. What the server promises to heal is never held.
TEMPORARY = (
    Rule(Fault.CONFIGURATION, wording.ENCRYPTION_REQUIRED),
    Rule(Fault.SIGN_IN, enhanced=("4.7.12",), stages=AUTH),  # RFC 4954: a password transition is needed
    Rule(Fault.QUOTA, wording.DAYS_LIMIT, stages=AUTH),
    Rule(Fault.SIGN_IN, wording.PASSWORD_WRONG, unless=wording.HEALS, stages=AUTH),
    Rule(Fault.THROTTLED, stages=AUTH),
    Rule(Fault.CONFIGURATION, wording.HELO_REJECTED, unless=wording.HEALS),
    Rule(Fault.SIGN_IN, wording.SIGN_IN_REQUIRED, unless=wording.any_of(OTHERS_POLICY.pattern, wording.HEALS.pattern)),
    Rule(Fault.CONFIGURATION, wording.ACCOUNT, unless=wording.HEALS, stages=NOT_RCPT),
    Rule(Fault.SENDER, wording.SEND_AS, unless=wording.HEALS),
    Rule(Fault.SENDER, wording.SENDER, unless=wording.any_of(ABOUT_RECIPIENT.pattern, wording.HEALS.pattern)),
    Rule(Fault.QUOTA, wording.DAYS_LIMIT, unless=wording.MAILBOX_FULL, stages=NOT_RCPT),
    Rule(Fault.THROTTLED, codes=(421,)),
    Rule(Fault.THROTTLED, stages=OPENING),
    # 432 4.3.2 is Exchange's "too many connections".
    Rule(Fault.THROTTLED, codes=(432,), stages=NOT_RCPT),
    Rule(Fault.THROTTLED, wording.RATE_LIMIT, stages=NOT_RCPT),
    Rule(Fault.TRANSIENT),
)

PERMANENT = (
    # Exchange reports trouble with the sign-in or the sender in codes that elsewhere mean the recipient.
    Rule(Fault.SIGN_IN, enhanced=("5.7.57", "5.7.30", "5.7.139")),
    Rule(Fault.SENDER, enhanced=("5.7.60", "5.2.252")),
    # Exchange Online: this sender, tenant or address is banned or unknown, whatever the email.
    Rule(Fault.CONFIGURATION, enhanced=BANNED),
    Rule(Fault.CONFIGURATION, wording.OWN_MAILBOX_FULL),
    # "552 5.2.2" before any recipient was named can only be the sender's own mailbox.
    Rule(Fault.CONFIGURATION, enhanced=("5.2.2",), stages=MAIL | CONTENT),
    # A limit for each hour or day, which Gmail and Exchange report as 5yz.
    Rule(Fault.QUOTA, enhanced=("5.4.5", "5.1.90", "5.2.121", "5.2.122")),
    Rule(Fault.THROTTLED, wording.TEMPORARY_FAILURE, stages=AUTH),
    Rule(Fault.QUOTA, wording.DAYS_LIMIT, stages=AUTH),
    Rule(Fault.SIGN_IN, stages=AUTH),
    Rule(Fault.CONFIGURATION, wording.ENCRYPTION_REQUIRED),
    Rule(Fault.CONFIGURATION, wording.HELO_REJECTED, unless=wording.HELO_MISSING),
    Rule(Fault.RECIPIENT, wording.MAILBOX_FULL, stages=RCPT | CONTENT),
    Rule(Fault.PERMANENT, wording.TOO_LARGE),
    Rule(Fault.TRANSIENT, wording.RECIPIENTS_RATE, stages=RCPT | CONTENT),
    Rule(Fault.QUOTA, wording.TOO_MANY_RECIPIENTS),
    Rule(Fault.CONFIGURATION, wording.ACCOUNT, unless=wording.RECIPIENT_GONE, stages=NOT_RCPT),
    Rule(Fault.CONFIGURATION, wording.OWN_ACCOUNT, stages=RCPT),
    Rule(Fault.QUOTA, wording.DAYS_LIMIT),
    Rule(Fault.QUOTA, wording.RATE_LIMIT),
    Rule(Fault.QUOTA, codes=(554,), enhanced=("5.2.0",), unless=wording.SEND_AS),
    Rule(Fault.RECIPIENT, wording.RECIPIENT_RESTRICTS, stages=RCPT | CONTENT),
    Rule(Fault.SENDER, wording.SEND_AS),
    Rule(Fault.SIGN_IN, wording.SIGN_IN_REQUIRED, unless=wording.DOMAIN_POLICY),
    Rule(Fault.RELAY, wording.RELAYING, unless=wording.NAMES_SENDER),
    Rule(Fault.SENDER, wording.SENDER, unless=ABOUT_RECIPIENT),
    Rule(Fault.RECIPIENT, enhanced=("5.1.2",), stages=RCPT | CONTENT),  # no such domain
    Rule(Fault.RELAY, wording.RELAY, unless=ABOUT_RECIPIENT),
    Rule(Fault.RELAY, enhanced=("5.7.54", "5.7.64")),
    Rule(Fault.CONFIGURATION, wording.LISTED_CLIENT, stages=frozenset(Stage) - CONTENT),
    Rule(Fault.CONFIGURATION, wording.LISTED_CLIENT, unless=wording.LISTED_CONTENT),
    Rule(Fault.CONFIGURATION, stages=OPENING),
    Rule(Fault.SIGN_IN, codes=(530, 534, 535, 538)),
    Rule(Fault.TRANSIENT, wording.HEALS),
    Rule(Fault.SENDER, stages=MAIL, codes=(550, 551, 553)),
    Rule(Fault.PERMANENT, stages=MAIL, codes=(552,)),
    Rule(Fault.SENDER, stages=MAIL),
    Rule(Fault.RECIPIENT, wording.RECIPIENT),
    Rule(Fault.RECIPIENT, enhanced=("5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.2.2")),
    Rule(Fault.PERMANENT, enhanced=("5.2.3", "5.3.4")),
    Rule(Fault.UNCLEAR, wording.DOMAIN_POLICY),
    # Postfix: "Sender address rejected: not owned by user", whatever language it is written in.
    Rule(Fault.SENDER, codes=(553,), enhanced=("5.7.1",), stages=RCPT),
    Rule(Fault.PERMANENT, wording.CONTENT),
    Rule(Fault.PERMANENT, codes=(552,)),
    Rule(Fault.UNCLEAR),
)


def reply_from(code: int, text: str) -> Reply:
    """Take the enhanced code off the front of each line."""
    match = ENHANCED.match(text)
    if not match:
        behind = ENHANCED_BEHIND.search(text)
        enhanced = behind.group(1) if behind and behind.group(1)[0] == str(code)[:1] else ""
        return Reply(code, enhanced, " ".join(text.split()))
    enhanced = match.group(1)
    plain = re.sub(rf"(?m)^{re.escape(enhanced)}\s*", "", text)
    return Reply(code, enhanced, " ".join(plain.split()))


def fault_of(reply: Reply, stage: Stage) -> Fault:
    """The fault that a reply outside 2yz means at `stage`; the basic code's first digit wins over everything else."""
    rules = {4: TEMPORARY, 5: PERMANENT}.get(reply.code // 100)
    if rules is None:
        # Codes that SMTP does not know: the server is confused, and perhaps not for long.
        return Fault.TRANSIENT
    return next(rule.fault for rule in rules if rule.applies(reply, stage))
