"""What the class of a reply alone says (RFC 5321 4.2.1, RFC 3463), for everything that has no entry of its own."""

from notifications.diagnosis.entry import Entry, Explanation, Sign

ASK = "The server's own words tell more; its administrator finds the attempt in the log by its time."

FALLBACK = (
    Entry(
        Explanation(
            "The mail server cannot take the mail just now",
            "It answered with a temporary refusal: busy, restarting, or waiting for something of its own.",
            f"Nothing yet: the mail is tried again by itself. If it lasts for hours: {ASK[0].lower()}{ASK[1:]}",
        ),
        (Sign("4xx"),),
        (("451 4.3.0", "Temporary lookup failure"), ("450", "come back later"), ("", "451 Local error in processing")),
    ),
    Entry(
        Explanation(
            "The mail server refused",
            "It answered with a final refusal, so the same mail under the same settings would be refused again.",
            f"{ASK} When the reason is gone, press Resend.",
        ),
        (Sign("5xx"),),
        (("554", "Transaction failed"), ("500 5.5.1", "Command unrecognized"), ("", "(550, b'no')")),
    ),
    Entry(
        Explanation(
            "An address was refused",
            "The server says that something is wrong with an address, of the sender or of a recipient.",
            "Compare Sender Email Address and the recipient with what the text names.",
        ),
        (Sign("5.1.x"),),
        (("553 5.1.0", "Address rejected"),),
    ),
    Entry(
        Explanation(
            "The recipient's mailbox cannot take mail",
            "The mailbox exists, but is disabled, closed to this sender, or in some other trouble.",
            "Ask the recipient, or drop the address from the notification.",
        ),
        (Sign("5.2.x"),),
        (("550 5.2.1", "Mailbox disabled, not accepting messages"),),
    ),
    Entry(
        Explanation(
            "The mail could not be routed",
            "The server took part of the way upon itself and found no road to the recipient's domain, or a loop.",
            "Check the recipient's domain for a typing error. If it is right, the mail server's routing (connectors,"
            " transport map) needs a look.",
        ),
        (Sign("5.4.x"), Sign("4.4.x")),
        (("550 5.4.1", "All recipient hops failed"), ("451 4.4.0", "Primary target IP address responded with error")),
    ),
    Entry(
        Explanation(
            "The mail's content was refused",
            "Something in the mail itself displeased the server: a virus scanner, a content rule, or its form.",
            "Open the mail under Reports > Deliveries and compare it with what the text names. Package names and error"
            " texts come from the deployment tool, and a filter may take them for something else.",
        ),
        (Sign("5.6.x"), Sign(text="virus")),
        (("554 5.6.0", "Message contains invalid header"), ("550", "Virus found in message")),
    ),
    Entry(
        Explanation(
            "The mail server's rules forbid it",
            "A security or policy rule on the server stopped the mail. Which one is in its words, if it tells.",
            "Show the text to the server's administrator: rules about senders, this machine's IP address, or the"
            " content are theirs to change.",
        ),
        (Sign("5.7.x"),),
        (("554 5.7.1", "Message rejected due to local policy"), ("550 5.7.0", "Blocked by organization rule")),
    ),
    Entry(
        Explanation(
            "The sign-in service refused",
            "Microsoft's or Google's sign-in did not give out a token. Its reason is in the text.",
            "Check Client ID, Tenant ID and Client Secret, then sign in again. The correlation id in the text lets"
            " the provider's administrator find the attempt in the sign-in log.",
        ),
        (Sign("invalid_grant"), Sign("invalid_client"), Sign("invalid_request"), Sign("unauthorized_client")),
        (("", "invalid_client: something new"), ("", "invalid_grant"), ("400", "invalid_request: parameter missing")),
    ),
    Entry(
        Explanation(
            "It did not work, and the reason is a new one",
            "There was no reply code, and the text is none of those that mailadmin knows.",
            "The text and the attempt's transcript are all there is to go by. Send Test Email shows each step"
            " as it happens.",
        ),
        (Sign(),),
        (("", ""), ("", "something went wrong"), ("250", "2.0.0 Ok")),
    ),
)
