"""Microsoft Graph: the error's code decides, never its message."""

from notifications.diagnosis.entry import Entry, Explanation, Sign

SEND_MAIL = "https://learn.microsoft.com/graph/api/user-sendmail"
THROTTLING = "https://learn.microsoft.com/graph/throttling-limits"
LARGE = "https://learn.microsoft.com/graph/outlook-large-attachments"
NO_MAILBOX = "https://learn.microsoft.com/exchange/troubleshoot/user-and-shared-mailboxes/rest-api-is-not-yet-supported-for-this-mailbox-error"

GRAPH = (
    Entry(
        Explanation(
            "The application may not send from this mailbox",
            "Mail.Send is missing, was granted as delegated in place of application permission, or the organisation"
            " limits the application to other mailboxes.",
            "Add Mail.Send under API permissions as Application permission and grant admin consent. If access is"
            " limited (RBAC for Applications, access policy), add the mailbox to its scope; that takes up to two hours"
            " to take effect.",
            SEND_MAIL,
        ),
        (Sign("ErrorAccessDenied"), Sign("Authorization_RequestDenied")),
        (
            ("403 ErrorAccessDenied", "Access is denied. Check credentials and try again."),
            ("", '{"error": {"code": "ErrorAccessDenied", "message": "Access to OData is disabled."}}'),
        ),
        "graph",
    ),
    Entry(
        Explanation(
            "The token carries no permission",
            "Microsoft gave out a token, but the application has no application permission that it could contain.",
            "Add Mail.Send as Application permission and grant admin consent. The next token has it; Send Test Email"
            " fetches a new one.",
            SEND_MAIL,
        ),
        (Sign("NoPermissionsInAccessToken"), Sign(text="does not contain any permissions")),
        (
            (
                "401 NoPermissionsInAccessToken",
                "The token contains no permissions, or permissions can not be understood.",
            ),
        ),
        "graph",
    ),
    Entry(
        Explanation(
            "The sender's mailbox may not send as this address",
            "The address under Sender Email Address is not the mailbox's own but a group or another one's,"
            " without the right to send as it.",
            "Enter the mailbox's primary address, or grant Send As on the other one in the Exchange admin center.",
        ),
        (Sign("ErrorSendAsDenied"),),
        (("403 ErrorSendAsDenied", "The user account which was used to submit this request does not have the right."),),
        "graph",
    ),
    Entry(
        Explanation(
            "The sender has no mailbox in Exchange Online",
            "The user exists, but without an Exchange licence, with a mailbox on-premises, or with a deleted one.",
            "Give the user a licence with Exchange Online, or take the address of a cloud mailbox; a shared one needs"
            " no licence.",
            NO_MAILBOX,
        ),
        (Sign("MailboxNotEnabledForRESTAPI"), Sign("MailboxNotSupportedForRESTAPI"), Sign("ErrorNonExistentMailbox")),
        (
            (
                "404 MailboxNotEnabledForRESTAPI",
                "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
            ),
            ("404 MailboxNotSupportedForRESTAPI", "REST API is not yet supported for this mailbox."),
        ),
        "graph",
    ),
    Entry(
        Explanation(
            "Microsoft does not know the sender",
            "No user or shared mailbox of this organisation has the address under Sender Email Address.",
            "Correct Sender Email Address. If the address is right, compare Tenant ID and cloud.",
        ),
        (
            Sign("ErrorInvalidUser"),
            Sign("Request_ResourceNotFound"),
            Sign("ResourceNotFound"),
            Sign("404", mode="graph"),
        ),
        (
            ("404 ErrorInvalidUser", "The requested user 'deploy@exmaple.test' is invalid."),
            ("404", "Not Found"),
        ),
        "graph",
    ),
    Entry(
        Explanation(
            "The draft of the mail is gone",
            "mailadmin prepares a mail as a draft in the sender's mailbox; somebody, or a rule, removed it before it"
            " was sent.",
            "Nothing: the mail is prepared anew. If it lasts, look for a rule or a program that empties Drafts.",
        ),
        (Sign("ErrorItemNotFound"),),
        (("404 ErrorItemNotFound", "The specified object was not found in the store."),),
        "graph",
    ),
    Entry(
        Explanation(
            "The mail is too large for one request to Graph",
            "A request may have 4 MB, which encoding makes some 3 MB of content.",
            "Let the notification carry less, or add Mail.ReadWrite, so that mailadmin can upload in pieces.",
            LARGE,
        ),
        (Sign("413", mode="graph"), Sign("RequestEntityTooLarge"), Sign("ErrorMessageSizeExceeded")),
        (
            ("413", "The maximum request length supported is 4MB."),
            ("413 RequestEntityTooLarge", "Request Entity Too Large"),
        ),
        "graph",
    ),
    Entry(
        Explanation(
            "Graph asks for a slower pace",
            "This application sent too many requests at once, or in a while: four in parallel, 30 mails a minute,"
            " 10,000 requests in ten minutes.",
            "Nothing: mailadmin waits as long as Graph asks and goes on. Other programs with the same Client ID count"
            " too; give mailadmin its own.",
            THROTTLING,
        ),
        (
            Sign("429", mode="graph"),
            Sign("ApplicationThrottled"),
            Sign("TooManyRequests"),
            Sign("activityLimitReached"),
        ),
        (
            ("429", "Too Many Requests"),
            ("429 ApplicationThrottled", "Application is over its MailboxConcurrency limit."),
        ),
        "graph",
    ),
    Entry(
        Explanation(
            "Graph did not accept the token",
            "It has expired, or is for another service or another of Microsoft's clouds.",
            "mailadmin fetches a new token by itself. If it stays, the cloud under Azure Cloud Host URL is not the"
            " organisation's.",
        ),
        (Sign("InvalidAuthenticationToken"), Sign("CompactToken"), Sign("401", mode="graph")),
        (
            ("401 InvalidAuthenticationToken", "Access token has expired or is not yet valid."),
            ("401", "Unauthorized"),
        ),
        "graph",
    ),
    Entry(
        Explanation(
            "The mailbox has sent all it may for today, or is full",
            "Exchange Online stops a mailbox at its daily limit, and when its own store is full.",
            "At a daily limit: nothing, mail goes on as the day passes. If the mailbox is full, empty Sent Items or"
            " switch off saving to it.",
            THROTTLING,
        ),
        (Sign("ErrorExceededMessageLimit"), Sign("ErrorExceededMaxRecipientLimit"), Sign("ErrorQuotaExceeded")),
        (
            ("403 ErrorExceededMessageLimit", "Cannot send mail. The message limit was exceeded."),
            ("400 ErrorQuotaExceeded", "The mailbox is over its quota."),
        ),
        "graph",
    ),
    Entry(
        Explanation(
            "Graph could not read the mail",
            "It took the request for malformed, most often because of an address in it.",
            "Compare the recipients with the text. If they are right, please report the attempt's transcript.",
        ),
        (
            Sign("ErrorInvalidRecipients"),
            Sign("ErrorMimeContentInvalidBase64String"),
            Sign("RequestBodyRead"),
            Sign("ErrorInvalidParameter"),
            Sign("400", mode="graph"),
        ),
        (("400 ErrorInvalidRecipients", "At least one recipient is not valid."), ("400", "Bad Request")),
        "graph",
    ),
    Entry(
        Explanation(
            "Graph forbids it",
            "A permission or policy of the organisation stands in the way; the error's code in the text names it.",
            "Check the application's permissions and Conditional Access for applications.",
        ),
        (Sign("403", mode="graph"),),
        (("403", "Forbidden"),),
        "graph",
    ),
    Entry(
        Explanation(
            "Microsoft Graph is in trouble",
            "The service failed on its own side, for a moment as a rule.",
            "Nothing: it is tried again. If it lasts, look at the service health in the Microsoft 365 admin center.",
        ),
        (Sign("5xx", mode="graph"), Sign("ErrorInternalServerError"), Sign("serviceNotAvailable")),
        (
            ("503 serviceNotAvailable", "The service is temporarily unavailable."),
            ("500", "Internal Server Error"),
            ("504", "Gateway Timeout"),
        ),
        "graph",
    ),
)
