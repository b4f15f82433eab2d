"""Exchange Online over SMTP (smtp.office365.com)."""

from notifications.diagnosis.entry import Entry, Explanation, Sign

SUBMISSION = (
    "https://learn.microsoft.com/exchange/clients-and-mobile-in-exchange-online/authenticated-client-smtp-submission"
)
OAUTH_SMTP = (
    "https://learn.microsoft.com/exchange/client-developer/legacy-protocols/"
    "how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth"
)
LIMITS = "https://learn.microsoft.com/exchange/troubleshoot/send-emails/smtp-submission-improvements"
RETIREMENT = (
    "https://techcommunity.microsoft.com/blog/exchange/"
    "exchange-online-to-retire-basic-auth-for-client-submission-smtp-auth/4114750"
)

MICROSOFT = (
    Entry(
        Explanation(
            "SMTP sign-in is switched off in Microsoft 365",
            "Authenticated SMTP is disabled for the whole organisation or for this mailbox; newer tenants start that"
            " way. User and password may well be right.",
            "In the Exchange admin center, under Settings > Mail flow, allow SMTP AUTH; or for one mailbox run"
            " `Set-CASMailbox name -SmtpClientAuthenticationDisabled $false`. Or use the Microsoft Graph mode, which"
            " needs no SMTP.",
            SUBMISSION,
        ),
        (Sign("5.7.139", "smtpclientauthentication is disabled"), Sign(text="smtpclientauthentication is disabled")),
        (
            (
                "535 5.7.139",
                "Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit"
                " https://aka.ms/smtp_auth_disabled for more information. [FR0P281CA0012.DEUP281.PROD.OUTLOOK.COM]",
            ),
            ("535 5.7.139", "Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox."),
        ),
    ),
    Entry(
        Explanation(
            "Security defaults forbid signing in with a password",
            "Your organisation has Microsoft's security defaults on, and these block every sign-in by password alone,"
            " SMTP included.",
            "Use OAuth2 or Microsoft Graph. Turning the defaults off would open the whole organisation for the sake"
            " of one mailbox.",
            SUBMISSION,
        ),
        (Sign("5.7.139", "security defaults"), Sign(text="organization's security defaults policy")),
        (
            (
                "535 5.7.139",
                "Authentication unsuccessful, user is locked by your organization's security defaults policy. Contact"
                " your administrator. [AM0PR01CA0123.eurprd01.prod.exchangelabs.com]",
            ),
        ),
    ),
    Entry(
        Explanation(
            "Microsoft 365 refused the password sign-in",
            "Basic authentication is off for this mailbox, or a Conditional Access policy blocks old ways of signing"
            " in. Now and then it is simply the wrong password.",
            "Use OAuth2 or Microsoft Graph; or exclude this one mailbox from the policy that blocks legacy"
            " authentication. The sign-in log in Entra names the policy.",
            SUBMISSION,
        ),
        (Sign("5.7.139"), Sign("535", "basic authentication is disabled"), Sign("535", "did not meet the criteria")),
        (
            ("535 5.7.139", "Authentication unsuccessful, basic authentication is disabled. [BN9PR03CA0123]"),
            (
                "535 5.7.139",
                "Authentication unsuccessful, the user credentials were incorrect or the request did not meet the"
                " criteria to be authenticated successfully. Contact your administrator.",
            ),
        ),
    ),
    Entry(
        Explanation(
            "Microsoft has ended password sign-in for sending",
            "Exchange Online no longer takes user and password over SMTP in this organisation. By Microsoft's plan it"
            " is off by default from the end of December 2026, and new organisations never get it.",
            "Move to OAuth2 or Microsoft Graph, or to a relay of your own. Until the final date an administrator can"
            " switch it on again.",
            RETIREMENT,
        ),
        (Sign("5.7.30"), Sign(text="basic authentication is not supported for client submission")),
        (("550 5.7.30", "Basic authentication is not supported for Client Submission."),),
    ),
    Entry(
        Explanation(
            "Exchange refused the sign-in",
            "With a password: user or password is wrong. With a token: it is for another service (a Graph token does"
            " not open SMTP), for another user than the one named, or its application may not use this mailbox.",
            "With a password, enter it again. With OAuth2, sign in as the licensed user whose main sign-in name you"
            " give, and put a shared mailbox only into Sender Email Address. App-only access needs scope"
            " https://outlook.office365.com/.default, New-ServicePrincipal and a mailbox permission in Exchange.",
            OAUTH_SMTP,
        ),
        (Sign("5.7.3"), Sign("535 5.7.3"), Sign("535", "authentication unsuccessful")),
        (
            ("535 5.7.3", "Authentication unsuccessful [AM9P193CA0019.EURP193.PROD.OUTLOOK.COM 2024-11-05T10:00:00Z]"),
            ("", "(535, b'5.7.3 Authentication unsuccessful [LO4P265CA0019.GBRP265.PROD.OUTLOOK.COM]')"),
        ),
    ),
    Entry(
        Explanation(
            "Exchange wants a sign-in, and got none",
            "Mail was offered without signing in first. Either no user is set, or this address and port offer no"
            " sign-in.",
            "Set SMTP Server User and Password, with smtp.office365.com, port 587 and STARTTLS.",
            SUBMISSION,
        ),
        (
            Sign("5.7.57"),
            Sign(text="client not authenticated to send"),
            Sign(text="client was not authenticated to send"),
        ),
        (
            ("530 5.7.57", "Client not authenticated to send mail. [VI1PR08CA0115.eurprd08.prod.outlook.com]"),
            ("530 5.7.57", "SMTP; Client was not authenticated to send anonymous mail during MAIL FROM"),
        ),
    ),
    Entry(
        Explanation(
            "This account may not send as the sender",
            "The sign-in worked, but Sender Email Address is another mailbox, and nobody has granted Send As on it.",
            "Make Sender Email Address the same as the signed-in user, or grant that user Send As on the other mailbox"
            " (Exchange admin center > mailbox > Delegation). It takes up to an hour to take effect.",
        ),
        (
            Sign("5.7.60"),
            Sign("5.2.252"),
            Sign("554 5.2.0", "sendasdenied"),
            Sign("5xx", "sendasdenied"),
            Sign("5xx", "permissions to send as this sender"),
        ),
        (
            ("550 5.7.60", "SMTP; Client does not have permissions to send as this sender"),
            (
                "554 5.2.0",
                "STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied; Failed to process"
                " message due to a permanent exception with message [BeginDiagnosticData]Cannot submit message.",
            ),
            ("554 5.2.252", "SendAsDenied; ops@x.test not allowed to send as deploy@x.test"),
        ),
    ),
    Entry(
        Explanation(
            "The application may not use the mailbox",
            "The token was accepted, and then Exchange could not open the mailbox with it. The reply looks"
            " temporary, but waiting never heals it.",
            "Register the application in Exchange with `New-ServicePrincipal`, giving the object id of the enterprise"
            " application, and grant it `Add-MailboxPermission … -AccessRights FullAccess`.",
            OAUTH_SMTP,
        ),
        (Sign(text="mailbox logon failure"), Sign(text="mapiexceptionlogonfailed"), Sign("430", "storedrv")),
        (
            (
                "430 4.2.0",
                "STOREDRV; mailbox logon failure; STOREDRV.ClientSubmit... MapiExceptionLogonFailed: Unable to open"
                " message store. [Hostname=AM0PR0402MB1234]",
            ),
        ),
    ),
    Entry(
        Explanation(
            "Too many connections to Exchange at once",
            "Exchange Online takes three at a time from one mailbox. Another program may be using it too.",
            "Nothing at once: it is tried again. Choose the Pace Exchange Online, and give mailadmin a mailbox of its"
            " own.",
            LIMITS,
        ),
        (Sign("432"), Sign("4.3.2", "concurrent connections limit"), Sign("432 4.3.2")),
        (
            ("432 4.3.2", "Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending for more."),
            ("432 4.3.2", "STOREDRV.ClientSubmit; sender thread limit exceeded"),
        ),
    ),
    Entry(
        Explanation(
            "The sender's own mailbox is full",
            "Exchange keeps a copy of each mail in Sent Items, and these copies have filled the mailbox that sends."
            " The recipients' mailboxes have nothing to do with it.",
            "Empty Sent Items of the sending mailbox and give it a retention policy. With Microsoft Graph, switch off"
            " saving to Sent Items.",
            LIMITS,
        ),
        (
            Sign("554 5.2.2", "mailbox full"),
            Sign("554 5.2.0", "quotaexceeded"),
            Sign("5xx", "quotaexceededexception"),
            Sign("5.2.2", "quotaexceeded"),
            Sign("554 5.2.2", "storedrv"),
        ),
        (
            (
                "554 5.2.2",
                "mailbox full; STOREDRV.Submission.Exception:QuotaExceededException.MapiExceptionQuotaExceeded",
            ),
            ("554 5.2.0", "STOREDRV.ClientSubmit.Exception:QuotaExceededException.MapiExceptionShutoffQuotaExceeded"),
        ),
    ),
    Entry(
        Explanation(
            "The mailbox has sent all it may for today",
            "Exchange Online counts the recipients of a mailbox over 24 hours and stops at its limit.",
            "Nothing: mail goes on as the day passes. If it happens again, use fewer recipients, a distribution group,"
            " or the High Volume Email service.",
            LIMITS,
        ),
        (Sign("5.1.90"), Sign("554 5.2.0"), Sign("5xx", "submissionquotaexceeded")),
        (
            ("550 5.1.90", "Your message can't be sent because you've reached your daily limit for message recipients"),
            ("554 5.2.0", "STOREDRV.Submission; the sender exceeded its recipient rate limit"),
        ),
    ),
    Entry(
        Explanation(
            "Microsoft has blocked this organisation or server from sending",
            "Exchange Online saw mail that it takes for abuse, or an organisation too new to be trusted.",
            "An administrator sees the block under Security > Restricted entities, and can ask Microsoft's support to"
            " lift it. Look for an account that was broken into first.",
        ),
        tuple(Sign(code) for code in ("5.7.705", "5.7.708", "5.7.750", "5.7.501", "5.7.502", "5.7.503")),
        (
            ("550 5.7.708", "Service unavailable. Access denied, traffic not accepted from this IP."),
            ("550 5.7.750", "Client blocked from sending from unregistered domains."),
        ),
    ),
)
