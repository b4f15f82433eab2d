"""Graph mode in mailadmin's own words: what it found out without an answer of Microsoft's."""

from notifications.diagnosis.entry import Entry, Explanation, Sign

LARGE = "https://learn.microsoft.com/graph/outlook-large-attachments"


def words(text: str) -> tuple[Sign, ...]:
    return (Sign(text=text, mode="graph", bare=True),)


GRAPH_OWN = (
    Entry(
        Explanation(
            "The mail is too large for an app without Mail.ReadWrite",
            "With Mail.Send alone a mail goes in one request of 4 MB, which encoding makes some 2 MB of attachments.",
            "Add Mail.ReadWrite as Application permission and grant admin consent, then press Send Test Email and"
            " Resend; or let the notification carry less.",
            LARGE,
        ),
        words("without the permission mail.readwrite"),
        (("", "The mail has 5000000 bytes; without the permission Mail.ReadWrite Graph takes 4 MB"),),
        "graph",
    ),
    Entry(
        Explanation(
            "The mail is larger than any that Exchange Online takes",
            "150 MB is the most for one mail, and an organisation may allow less.",
            "Let the notification carry less: a link in place of the attachment.",
            LARGE,
        ),
        words("larger than the 150 mb"),
        (("", "The mail is larger than the 150 MB that Graph takes"),),
        "graph",
    ),
    Entry(
        Explanation(
            "Not known yet whether the last try was sent",
            "Microsoft gave no clear answer, so mailadmin looks into the sender's mailbox before it sends again.",
            "Nothing: it looks again by itself, and sends at most once. If it lasts, look for a rule that moves or"
            " deletes what is in Drafts or Sent Items.",
        ),
        (
            *words("the mail still looks like a draft"),
            *words("neither among the drafts nor among the sent mails"),
            *words("could not find out whether the last try was sent"),
        ),
        (
            ("", "The mail still looks like a draft; so soon after the order to send it that proves nothing"),
            ("", "The mail is neither among the drafts nor among the sent mails yet; looking again later"),
            ("", "Could not find out whether the last try was sent: An internal server error occurred."),
        ),
        "graph",
    ),
    Entry(
        Explanation(
            "A large attachment did not get through",
            "Large attachments go to Exchange in pieces, and the upload broke off too often.",
            "Nothing: the mail is prepared anew. If it lasts, look at the line, and at proxies on the way, or let the"
            " notification carry less.",
            LARGE,
        ),
        words("the attachment could not be uploaded"),
        (("", "The attachment could not be uploaded: Service unavailable."),),
        "graph",
    ),
    Entry(
        Explanation(
            "Microsoft named an address that mailadmin does not trust",
            "Pieces of a large attachment were to go to a host that is not known as one of this cloud's.",
            "Compare the cloud under Azure Cloud Host URL with the organisation's. If it is right, please report the"
            " host that the text names.",
        ),
        words("is not one of this provider's addresses"),
        (("", "Nothing was sent: https://uploads.example is not one of this provider's addresses"),),
        "graph",
    ),
    Entry(
        Explanation(
            "The client secret is missing",
            "An app proves with it who it is.",
            "Make one under Certificates & secrets of the app registration, and enter its Value under Client Secret.",
        ),
        words("client secret is missing"),
        (("", "Client Secret is missing: an app proves with it who it is"),),
        "graph",
    ),
    Entry(
        Explanation(
            "Tenant ID is not that of one organisation",
            "An app without a user has a home; common, organizations and consumers are for people who sign in.",
            "Copy the Directory (tenant) ID from the overview page of the app registration.",
        ),
        words("tenant id is not one organisation's"),
        (("", "Tenant ID is not one organisation's: give the Directory (tenant) ID, or a domain such as contoso.com"),),
        "graph",
    ),
)
