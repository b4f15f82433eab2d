"""Replies about size, number, fullness and reputation, from any SMTP server."""

from notifications.diagnosis.entry import Entry, Explanation, Sign
from notifications.diagnosis.network import library

SMTP_LIMITS = (
    Entry(
        Explanation(
            "The recipient's mailbox is full",
            "There is no room left in it. The other recipients are not affected.",
            "The recipient has to make room. A temporary refusal is tried again by itself; after a final one, press"
            " Resend.",
        ),
        (Sign("5.2.2"), Sign("4.2.2"), Sign("552", "quota"), Sign("452", "mailbox full"), Sign("552", "mailbox full")),
        (
            ("452 4.2.2", "<full@x.test>: Mailbox full"),
            ("552 5.2.2", "<full@x.test>: user is over quota"),
            ("552", "Requested mail action aborted: mailbox full"),
        ),
    ),
    Entry(
        Explanation(
            "The server lets newcomers wait",
            "Greylisting: mail from a sender that the server does not know yet is turned away once, to see whether it"
            " comes back. Spam programs do not.",
            "Nothing: the mail is tried again by itself, and passes after a few minutes.",
        ),
        (Sign("4xx", "greylist"), Sign("4xx", "graylist"), Sign("4xx", "greylisting in action")),
        (
            ("450 4.2.0", "<ops@x.test>: Recipient address rejected: Greylisted, see http://postgrey.example/help"),
            ("451 4.7.1", "Greylisting in action, please come back later"),
        ),
    ),
    Entry(
        Explanation(
            "Too many recipients at once",
            "The server takes only so many recipients in one go. The rest are handed over in the next one.",
            "Nothing: it goes on by itself. For long lists a distribution group on the mail server is kinder.",
        ),
        (Sign("4.5.3"), Sign("5.5.3"), Sign("452", "too many recipients")),
        (("452 4.5.3", "Error: too many recipients"), ("452", "Too many recipients received this hour")),
    ),
    Entry(
        Explanation(
            "The mail server's disk is full",
            "It has no room to store the mail before passing it on. Every sender sees this now.",
            "The server's administrator has to make room. The mail is tried again by itself.",
        ),
        (Sign("4.3.1"), Sign("452", "insufficient system storage"), Sign("452", "disk")),
        (("452 4.3.1", "Insufficient system storage"), ("452", "Out of disk space for temp file")),
    ),
    Entry(
        Explanation(
            "The mail is too large for the server",
            "It has more bytes than the server, or the recipient's mailbox, takes in one mail.",
            "Raise the limit on the server, or let the notification carry less.",
        ),
        (Sign("5.3.4"), Sign("5.2.3"), Sign("552"), Sign("5xx", "size exceeds")),
        (
            ("552 5.3.4", "The mail has 12,000,000 bytes, and mail.example.com takes 10,240,000 at most."),
            ("552 5.3.4", "Message size exceeds fixed limit"),
            ("550 5.2.3", "RESOLVER.RST.RecipSizeLimit; message too large for this recipient"),
        ),
    ),
    Entry(
        Explanation(
            "Too many connections, or mails too fast",
            "The server limits how much one machine or user may send in a while.",
            "Nothing at once: it is tried again, more slowly. If it goes on, choose a lower Pace under Options >"
            " Preferences > Mail Server, or have the limit raised.",
        ),
        (
            Sign("4xx", "too many connections"),
            Sign("4xx", "too many messages"),
            Sign("4xx", "rate limit"),
            Sign("4xx", "too much mail"),
            Sign("4xx", "concurrent sessions"),
        ),
        (
            ("421 4.7.0", "mail.example.com Error: too many connections from 192.0.2.7"),
            ("450 4.7.1", "Error: too much mail from 192.0.2.7"),
            ("451", "rate limit exceeded"),
        ),
    ),
    Entry(
        Explanation(
            "The mail server closed for a moment",
            "It is starting, stopping, or too busy to talk, and says so before hanging up.",
            "Nothing: the mail is tried again by itself. If it lasts, the server needs a look.",
        ),
        (Sign("421"), *library("server shutting down")),
        (("421 4.3.0", "mail.example.com Service not available, closing transmission channel"), ("421", "Timeout")),
    ),
    Entry(
        Explanation(
            "This machine's IP address is on a block list",
            "The receiving server asks a list of addresses known for spam, and the one that this mail comes from is on"
            " it. Addresses of homes and clouds are there as a matter of course.",
            "Send through your provider's or company's mail server instead of directly. Otherwise the list named in"
            " the text has a page for getting off it.",
        ),
        tuple(
            Sign(f"{kind}xx", text)
            for kind in "45"
            for text in (
                "spamhaus",
                "blacklist",
                "blocklist",
                "block list",
                "block-list",
                "blocked using",
                "dnsbl",
                "rbl",
            )
        ),
        (
            ("554 5.7.1", "Service unavailable; Client host [192.0.2.7] blocked using zen.spamhaus.org"),
            ("550 5.7.1", "Your IP is on our blocklist"),
            ("550 5.7.606", "Access denied, banned sending IP; see the blacklist portal"),
        ),
    ),
    Entry(
        Explanation(
            "The mail was taken for spam",
            "A filter judged it so, by its content, its sender or its lack of SPF, DKIM and DMARC.",
            "Have the filter trust this sender. Check that the sender's domain names the sending server in SPF, and"
            " that mail is signed with DKIM.",
        ),
        (Sign("5xx", "spam"), Sign("5xx", "unsolicited"), Sign("5xx", "reputation")),
        (
            ("554 5.7.1", "Message rejected as spam by content filter"),
            ("550 5.7.1", "Our system has detected that this message is likely unsolicited mail"),
        ),
    ),
    Entry(
        Explanation(
            "The sender's domain does not allow this server to send for it",
            "SPF, DKIM or DMARC of the domain in Sender Email Address say that mail from it comes from elsewhere.",
            "Send through the domain's own mail server, or add the server that you use to the domain's SPF record and"
            " let it sign with DKIM.",
        ),
        (
            Sign("5.7.26"),
            Sign("5.7.23"),
            Sign("5.7.509"),
            Sign("5xx", "dmarc"),
            Sign("5xx", "spf check failed"),
            Sign("5xx", "spf fail"),
        ),
        (
            ("550 5.7.26", "This mail has been blocked because the sender is unauthenticated"),
            ("550 5.7.509", "Access denied, sending domain x.test does not pass DMARC verification"),
            ("550 5.7.23", "The message was rejected because of Sender Policy Framework violation"),
        ),
    ),
    Entry(
        Explanation(
            "The server dislikes how this machine introduces itself",
            "SMTP begins with the client's own name (EHLO), and this server wants a full one that DNS knows.",
            "Set PUBLIC_URL to mailadmin's real host name and restart.",
        ),
        (Sign("5xx", "helo command rejected"), Sign("5xx", "invalid helo"), Sign("5xx", "invalid ehlo")),
        (("504 5.5.2", "<localhost>: Helo command rejected: need fully-qualified hostname"),),
    ),
)
