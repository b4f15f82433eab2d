"""Replies that any SMTP server may give (RFC 5321, RFC 4954, RFC 5248; words of Postfix, Exim and Sendmail)."""

from notifications.diagnosis.entry import Entry, Explanation, Sign
from notifications.diagnosis.network import library

SMTP = (
    Entry(
        Explanation(
            "The mail server refused the access token",
            "The provider gave out a new token, so the consent is good; but the mail server does not let this account"
            " sign in with it. Authenticating again changes that only if another account signs in.",
            "Compare the account under Connection with “Sign in as”: they have to be the same mailbox. Then ask the"
            " provider's administrator whether that mailbox may use SMTP AUTH and whether the app may send mail over"
            " SMTP. Press Try again now when it is mended.",
        ),
        (
            Sign("535", mode="oauth2"),
            Sign("5.7.8", mode="oauth2"),
            Sign("535 5.7.8", "the server's reason: status", mode="oauth2"),
        ),
        (
            ("535 5.7.8", "Error: authentication failed: (the server's reason: status 401, scope mail)"),
            ("535", "Incorrect authentication data"),
            (
                "535 5.7.8",
                "Username and Password not accepted. For more information, go to"
                " https://support.google.com/mail/?p=BadCredentials (the server's reason: status 400, schemes Bearer,"
                " scope https://mail.google.com/)",
            ),
        ),
        mode="oauth2",
    ),
    Entry(
        Explanation(
            "User or password is wrong",
            "The mail server refused the sign-in. A typing error, a changed or expired password and a locked account"
            " all look like this.",
            "Enter SMTP Server User and Password again. Some servers want the whole address as the user. If this"
            " account uses a second factor, it needs an app password.",
        ),
        (Sign("535"), Sign("5.7.8"), Sign(text="authentication credentials invalid")),
        (
            ("535 5.7.8", "Error: authentication failed: (reason unavailable)"),
            ("535", "Incorrect authentication data"),
            ("", "(535, b'5.7.8 Error: authentication failed: UGFzc3dvcmQ6')"),
        ),
    ),
    Entry(
        Explanation(
            "The mail server wants a sign-in",
            "It does not take mail from this machine without user and password, and none are set.",
            "Fill in SMTP Server User and Password. If this machine should be allowed without, it has to be on the"
            " server's list of trusted addresses.",
        ),
        (Sign("530"), Sign("530 5.7.0"), Sign(text="authentication required"), Sign(text="authentication is required")),
        (
            ("530 5.7.0", "Authentication Required. For more information, go to the help center"),
            ("530", "authentication required for relay (#5.7.1)"),
            ("550 5.7.1", "Client authentication required"),
        ),
    ),
    Entry(
        Explanation(
            "The mail server offers no sign-in on this connection",
            "A user is set, but the server does not offer AUTH. Most offer it only once the connection is encrypted;"
            " a relay inside the network often needs none at all.",
            "Choose STARTTLS with port 587, or SSL/TLS with 465. If the server needs no sign-in, clear SMTP Server"
            " User.",
        ),
        (
            *library("it offers no sign-in"),
            Sign(text="auth extension not supported"),
            Sign(text="auth not available"),
            Sign(text="auth not enabled"),
            Sign(text="authentication not enabled"),
            Sign("503", "auth command used when not advertised"),
        ),
        (
            ("", "SMTP AUTH extension not supported by server."),
            ("", "SMTP AUTH with a password is not supported by server: it offers no sign-in on this connection"),
            ("503 5.5.1", "Error: authentication not enabled"),
            ("503", "AUTH command used when not advertised"),
        ),
    ),
    Entry(
        Explanation(
            "The mail server takes no passwords",
            "It offers a sign-in, but only by tokens (XOAUTH2) or by the machine's own account. Big providers have"
            " ended password sign-in.",
            "Use the OAuth2 or the Microsoft Graph mode, or a relay that takes passwords.",
        ),
        (*library("by server: it offers only"), Sign(text="no suitable authentication method found")),
        (
            ("", "SMTP AUTH with a password is not supported by server: it offers only XOAUTH2 on this connection"),
            ("", "No suitable authentication method found."),
        ),
    ),
    Entry(
        Explanation(
            "This way of signing in is not good enough for the server",
            "The server knows the user, but wants a stronger mechanism than a plain password, or another one.",
            "Ask which mechanism the server wants. With Google or Microsoft, use OAuth2.",
        ),
        (Sign("534"), Sign("5.7.9"), Sign("504", "authentication")),
        (
            ("534 5.7.9", "Authentication mechanism is too weak"),
            ("504 5.7.4", "Unrecognized authentication type"),
        ),
    ),
    Entry(
        Explanation(
            "The mail server cannot check passwords just now",
            "The sign-in failed for a reason of the server's own, such as a directory that does not answer. User and"
            " password may be right.",
            "Nothing yet: it is tried again by itself. If it lasts, the server's directory (LDAP, SASL, RADIUS) needs"
            " a look.",
        ),
        (Sign("454 4.7.0"), Sign(text="temporary authentication failure")),
        (("454 4.7.0", "Temporary authentication failure: Connection lost to authentication server"),),
    ),
    Entry(
        Explanation(
            "There is no such recipient",
            "The mail server knows the domain, but nobody under this address. People leave, and addresses get typing"
            " errors.",
            "Correct the address in the notification, or take it out. The other recipients are not affected.",
        ),
        (
            Sign("5.1.1"),
            Sign("5.1.10"),
            *(
                Sign("5xx", text)
                for text in (
                    "user unknown",
                    "no such user",
                    "unknown user",
                    "recipient not found",
                    "mailbox unavailable",
                )
            ),
        ),
        (
            ("550 5.1.1", "<nouser@x.test>: Recipient address rejected: User unknown in local recipient table"),
            ("550 5.1.10", "RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup"),
            ("550", "No such user here"),
        ),
    ),
    Entry(
        Explanation(
            "The recipient's address is malformed",
            "The server cannot read the address at all.",
            "Correct the address in the notification.",
        ),
        (Sign("5.1.3"), Sign("501", "bad recipient address syntax")),
        (("553 5.1.3", "The recipient address <a..b@x.test> is not a valid RFC 5321 address"),),
    ),
    Entry(
        Explanation(
            "The recipient's domain does not take mail",
            "The domain after the @ does not exist, or says that no mail server serves it.",
            "Look for a typing error after the @ in the notification's recipients.",
        ),
        (
            Sign("5.1.2"),
            Sign("4.1.2"),
            Sign("5.4.4"),
            Sign("5xx", "recipient address rejected: domain not found"),
            Sign("556 5.1.10"),
            Sign("556"),
        ),
        (
            ("550 5.1.2", "<ops@exmaple.test>: Recipient address rejected: Domain not found"),
            ("556 5.1.10", "Recipient address has null MX"),
            ("550 5.4.4", "Invalid domain"),
        ),
    ),
    Entry(
        Explanation(
            "The server does not pass on mail for this sender",
            "It takes mail for its own domains only. For others (relaying) it wants to know this machine, or a"
            " sign-in.",
            "Sign in with user and password, or have this machine's address added to those that may relay (in Exchange"
            " a receive connector, in Postfix mynetworks).",
        ),
        (
            Sign("5.7.54"),
            *(
                Sign("5xx", text)
                for text in (
                    "relay access denied",
                    "unable to relay",
                    "relaying denied",
                    "relay not permitted",
                    "relay denied",
                    "relaying not allowed",
                    "relay not allowed",
                )
            ),
        ),
        (
            ("554 5.7.1", "<ops@other.test>: Relay access denied"),
            ("550 5.7.54", "SMTP; Unable to relay recipient in non-accepted domain"),
            ("550 5.7.1", "Unable to relay"),
            ("550", "relay not permitted"),
        ),
    ),
    Entry(
        Explanation(
            "The server does not accept this sender",
            "The address under Sender Email Address is not one that the signed-in user may use here, or is no valid"
            " address for the server.",
            "Use the address that belongs to SMTP Server User, or have the server allow the other one.",
        ),
        (
            Sign("5.1.7"),
            Sign("5.1.8"),
            Sign(text="not owned by user"),
            Sign(text="sender address rejected"),
            Sign("5xx", "sender verify failed"),
        ),
        (
            ("553 5.7.1", "<a@x.test>: Sender address rejected: not owned by user ops"),
            ("550 5.1.8", "<a@nowhere.test>: Sender address rejected: Domain not found"),
            ("501 5.1.7", "Invalid address"),
        ),
    ),
)
