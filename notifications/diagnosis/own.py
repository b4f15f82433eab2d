"""Sentences of mailadmin's own."""

from notifications.diagnosis.entry import Entry, Explanation
from notifications.diagnosis.network import library

OWN = (
    Entry(
        Explanation(
            "A saved secret cannot be read",
            "The password or token in the database was encrypted with a key that mailadmin no longer has. A lost or"
            " changed FERNET_KEYS does that, and so does a database that moved without its keys.",
            "Put the old key back, behind the new one, in FERNET_KEYS and restart; or enter the secret again under"
            " Options > Preferences > Mail Server.",
        ),
        library("present fernet_keys"),
        (
            (
                "",
                "SMTP Server Password cannot be read with the present FERNET_KEYS: enter it again, or …",
            ),
        ),
    ),
    Entry(
        Explanation(
            "This mail stopped the worker again and again",
            "Each try of this mail ended with the worker's end. To keep other mail flowing it is not tried any more.",
            "Look into the worker's log at the times of the attempts; memory running out is the usual reason. Then"
            " press Resend.",
        ),
        library("with this mail, so it is not tried again by itself"),
        (
            (
                "",
                "The worker stopped during this try, so nobody knows whether the server took the mail. It was the 3rd"
                " time with this mail, so it is not tried again by itself.",
            ),
        ),
    ),
    Entry(
        Explanation(
            "Nobody knows whether the mail server took the mail",
            "The whole mail was handed over, and the connection ended before the answer. The server may have it.",
            "Nothing: the mail is tried again with the same Message-ID, by which most servers and programs notice a"
            " second copy. If recipients do report doubles, look for what cuts connections to the mail server.",
        ),
        library("did not confirm that it accepted it", "did not say whether it took it", "nobody knows whether"),
        (
            ("", "The whole mail was sent, but mail.example.com did not say whether it took it: no answer in time"),
            ("", "The email was fully transmitted, but mail.example.com did not confirm that it accepted it: reset"),
            ("", "The worker stopped during this try, so nobody knows whether the server took the mail."),
        ),
    ),
    Entry(
        Explanation(
            "mailadmin made a mistake",
            "Something unforeseen happened inside mailadmin before the mail server had its say. The mail is kept.",
            "The worker's log has the details at the time of the attempt; please report them. The mail is tried again.",
        ),
        library("inside mailadmin; the worker's log"),
        (("", "Unexpected KeyError inside mailadmin; the worker's log has the details."),),
    ),
)
