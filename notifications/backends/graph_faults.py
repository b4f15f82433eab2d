"""What each error of Microsoft Graph means for an email, as data: one table by error code, one by HTTP status.

Microsoft: "loop through all the error codes available and use the most detailed one that they understand"; messages
change without notice and decide nothing. A code or status that neither table has proves nothing about the email: it is
deferred, never refused. Sources are named with the rows:

ERRORS      learn.microsoft.com/graph/errors
EXCHANGE    learn.microsoft.com/exchange/client-developer/web-service-reference/responsecode
SUBMISSION  github.com/OfficeDev/ews-managed-api, ServiceError: the codes of Exchange's submission limits
THROTTLING  learn.microsoft.com/graph/throttling and learn.microsoft.com/graph/throttling-limits
REST        learn.microsoft.com/graph/api/user-sendmail, its samples, and the errors of its users
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from notifications.backends.base import Fault, Stage

ERRORS, EXCHANGE, SUBMISSION, THROTTLING, REST = "errors", "exchange", "submission", "throttling", "rest"


class Call(StrEnum):
    """The requests of Graph mode, by what they ask for."""

    FIND = "find"  # messages by Message-ID
    LOOK = "look"  # one message by its id
    DRAFT = "draft"
    ATTACH = "attach"
    SESSION = "session"  # createUploadSession
    RANGE = "range"  # a piece of an attachment
    RANGES = "ranges"  # which piece is expected next
    SEND = "send"
    SEND_MAIL = "send_mail"
    DELETE = "delete"


# These refuse an email, or its recipients, for good.
REFUSING = (Fault.PERMANENT, Fault.RECIPIENT)
# These transmit the email or submit it; an answer to the others says nothing about its content.
SUBMITTING = {Call.DRAFT, Call.ATTACH, Call.SESSION, Call.RANGE, Call.SEND, Call.SEND_MAIL}
# Their address names the mailbox alone, so that a 404 is about the mailbox and not about a message in it.
OF_THE_MAILBOX = {Call.FIND, Call.DRAFT, Call.SEND_MAIL}


STAGES = {
    **dict.fromkeys((Call.FIND, Call.LOOK), Stage.LOOKUP),
    **dict.fromkeys((Call.DRAFT, Call.DELETE), Stage.DRAFT),
    **dict.fromkeys((Call.ATTACH, Call.SESSION, Call.RANGE, Call.RANGES), Stage.UPLOAD),
    **dict.fromkeys((Call.SEND, Call.SEND_MAIL), Stage.SEND),
}
# The statuses of success that Microsoft documents (learn.microsoft.com/graph/api: user-post-messages, message-get,
# user-list-messages, message-post-attachments, attachment-createuploadsession, message-send, user-sendmail,
# message-delete, and learn.microsoft.com/graph/outlook-large-attachments). Any other proves nothing.
SUCCESS = {
    **dict.fromkeys((Call.FIND, Call.LOOK, Call.RANGES), frozenset({200})),
    **dict.fromkeys((Call.DRAFT, Call.ATTACH, Call.SESSION), frozenset({201})),
    Call.RANGE: frozenset({200, 201}),
    **dict.fromkeys((Call.SEND, Call.SEND_MAIL), frozenset({202})),
    Call.DELETE: frozenset({204}),
}


@dataclass(frozen=True)
class Meaning:
    """What some codes, or statuses, stand for. `only_with`: the statuses that a vague code has to come with."""

    fault: Fault
    source: str
    names: tuple[str | int, ...]
    only_with: tuple[int, ...] = ()


DENIED = Meaning(
    Fault.CONFIGURATION,
    EXCHANGE,
    (
        *("ErrorAccessDenied", "accessDenied", "Authorization_RequestDenied", "NoPermissionsInAccessToken"),
        *("ErrorCreateItemAccessDenied", "ErrorImpersonateUserDenied", "ErrorImpersonationDenied"),
    ),
)
# In one message. One recipient alone meets the same code at a daily limit.
TOO_MANY_RECIPIENTS = Meaning(
    Fault.QUOTA,
    SUBMISSION,
    (
        *("ErrorExceededMaxRecipientLimit", "ErrorExceededMaxRecipientLimitShowTierUpgrade"),
        *("ErrorExceededMaxRecipientLimitBlock", "ErrorExceededMaxRecipients", "ErrorTooManyRecipients"),
        *("ErrorRecipientLimitExceeded", "ErrorRecipientLimit", "RecipientLimitExceeded"),
    ),
)
MISSING = Meaning(Fault.TRANSIENT, EXCHANGE, ("ErrorItemNotFound", "itemNotFound"))
# The id of a message that this mailbox never had, as after the mailbox was created again.
FOREIGN_ID = Meaning(
    Fault.TRANSIENT, EXCHANGE, ("ErrorInvalidMailboxItemId", "ErrorInvalidId", "ErrorInvalidIdMalformed")
)
CODES = (
    # Only a person resolves these, and every other email would meet them too.
    DENIED,
    Meaning(
        Fault.CONFIGURATION,
        REST,
        (
            *("InvalidAuthenticationToken", "CompactTokenParsingFailed", "AuthenticationError", "unauthenticated"),
            *("Authentication_ExpiredToken", "Authentication_Unauthorized", "Authorization_IdentityNotFound"),
            *("insufficient_claims", "ErrorInvalidClientAccessTokenRequest"),
        ),
    ),
    # An application access policy, or RBAC for Applications, that leaves this mailbox out.
    Meaning(Fault.CONFIGURATION, ERRORS, ("extensionError", "notAllowed", "accessRestricted")),
    # No licence, a tenant that is blocked or unknown to Exchange, an account that is disabled or suspended.
    Meaning(
        Fault.CONFIGURATION,
        EXCHANGE,
        (
            *("ErrorInvalidLicense", "ErrorOrganizationAccessBlocked", "ErrorAccountDisabled"),
            *("ErrorPasswordExpired", "ErrorPasswordChangeRequired", "ErrorCallerIsInvalidADAccount"),
            *("ErrorAccessDeniedDueToCompliance", "OrganizationFromTenantGuidNotFound", "provisioningNotAllowed"),
        ),
    ),
    Meaning(
        Fault.CONFIGURATION,
        SUBMISSION,
        ("ErrorAccountSuspend", "ErrorAccountSuspendShowTierUpgrade", "ErrorMessageSubmissionBlocked"),
    ),
    # The sender's own mailbox is full: no email leaves it until it is emptied.
    Meaning(Fault.CONFIGURATION, EXCHANGE, ("ErrorQuotaExceeded", "ErrorQuotaExceededOnDelete", "quotaLimitReached")),
    # The sender does not exist, has no mailbox in Exchange Online, or may not use the address.
    Meaning(Fault.SENDER, EXCHANGE, ("ErrorSendAsDenied", "ErrorNonPrimarySmtpAddress", "ErrorNonExistentMailbox")),
    Meaning(
        Fault.SENDER,
        EXCHANGE,
        ("ErrorMailboxConfiguration", "ErrorMissingExchangePrincipal", "ErrorInvalidUserPrincipalName"),
    ),
    Meaning(
        Fault.SENDER,
        REST,
        (
            *("ErrorInvalidUser", "Request_ResourceNotFound", "ResourceNotFound"),
            *("MailboxNotEnabledForRESTAPI", "MailboxNotSupportedForRESTAPI"),
        ),
    ),
    # A limit that resets within a day.
    TOO_MANY_RECIPIENTS,
    Meaning(Fault.QUOTA, SUBMISSION, ("ErrorExceededMessageLimit", "ErrorExceededMessageLimitShowTierUpgrade")),
    Meaning(Fault.QUOTA, EXCHANGE, ("ErrorSubmissionQuotaExceeded",)),
    # A limit that resets within the hour.
    Meaning(Fault.THROTTLED, ERRORS, ("activityLimitReached", "throttledRequest", "BandwidthLimitExceeded")),
    Meaning(Fault.THROTTLED, THROTTLING, ("ApplicationThrottled", "TooManyRequests", "MailboxConcurrency")),
    Meaning(Fault.THROTTLED, SUBMISSION, ("ErrorExceededHourlyMessageLimit", "ErrorMessageThrottled")),
    Meaning(
        Fault.THROTTLED, EXCHANGE, ("ErrorServerBusy", "ErrorExceededConnectionCount", "ErrorTooManyObjectsOpened")
    ),
    # This email alone: its recipients, its size, its content.
    Meaning(Fault.RECIPIENT, EXCHANGE, ("ErrorInvalidRecipients", "ErrorMissingRecipients", "ErrorInvalidSmtpAddress")),
    Meaning(
        Fault.PERMANENT,
        EXCHANGE,
        (
            *("ErrorMessageSizeExceeded", "RequestEntityTooLarge", "ErrorAttachmentSizeLimitExceeded"),
            *("ErrorAttachmentNestLevelLimitExceeded", "ErrorDataSizeLimitExceeded", "ErrorRequestStreamTooBig"),
            *("maxFileSizeExceeded", "maxStreamSizeExceeded"),
        ),
    ),
    Meaning(
        Fault.PERMANENT,
        EXCHANGE,
        (
            *("ErrorMimeContentInvalid", "ErrorMimeContentInvalidBase64String", "ErrorMimeContentConversionFailed"),
            *("ErrorContentConversionFailed", "ErrorUnsupportedMimeConversion"),
            *("ErrorVirusDetected", "ErrorVirusMessageDeleted", "malwareDetected", "virusSuspicious"),
        ),
    ),
    Meaning(Fault.PERMANENT, SUBMISSION, ("ErrorMessageBlocked",)),
    Meaning(
        Fault.PERMANENT,
        EXCHANGE,
        (
            *("ErrorInvalidParameter", "ErrorInvalidArgument", "ErrorInvalidRequest", "ErrorSchemaValidation"),
            *("ErrorRequiredPropertyMissing", "ErrorPropertyUpdate", "ErrorItemSavePropertyError"),
            *("RequestBodyRead", "UnableToDeserializePostBody", "BadRequest", "invalidRequest"),
            *("InvalidInternetMessageHeader", "InvalidInternetMessageHeaderCollection"),
        ),
        only_with=(400, 422),
    ),
    # Nothing was done, and the same request works later.
    MISSING,
    FOREIGN_ID,
    Meaning(
        Fault.TRANSIENT,
        EXCHANGE,
        (
            *("ErrorMailboxStoreUnavailable", "ErrorMailboxMoveInProgress", "ErrorMailboxFailover"),
            *("ErrorMailboxLogonFailed", "ErrorConnectionFailed", "ErrorCrossSiteRequest", "MailboxInfoStale"),
            *("ErrorInternalServerTransientError", "ErrorMessageTransientError", "ErrorBatchProcessingStopped"),
            *("ErrorInsufficientResources", "ErrorNotEnoughMemory", "ErrorADUnavailable", "ErrorADOperation"),
            *("ErrorNoRespondingCASInDestinationSite", "ErrorProxyServiceDiscoveryFailed"),
            *("ErrorIrresolvableConflict", "ErrorStaleObject"),
        ),
    ),
    Meaning(Fault.TRANSIENT, ERRORS, ("serviceReadOnly", "resourceModified", "resourceBeingProvisioned")),
)
STATUSES = (
    # 401 after a new token; 402 and 403 without a code that says more, as by Conditional Access.
    Meaning(Fault.CONFIGURATION, ERRORS, (401, 402, 403)),
    # "The maximum storage quota has been reached": the sender's mailbox.
    Meaning(Fault.CONFIGURATION, ERRORS, (507,)),
    # A proxy or a captive portal in between requires a sign-in (RFC 9110 15.5.8, RFC 6585 6).
    Meaning(Fault.UNREACHABLE, "RFC 9110, RFC 6585", (407, 511)),
    Meaning(Fault.PERMANENT, ERRORS, (413,)),
    Meaning(Fault.THROTTLED, ERRORS, (429, 509)),
)
BY_CODE = {str(name).casefold(): meaning for meaning in CODES for name in meaning.names}
BY_STATUS = {int(name): meaning for meaning in STATUSES for name in meaning.names}


def known(status: int, codes: Sequence[str]) -> Meaning | None:
    """Return the meaning of the innermost code that the table has; `codes` is outermost first."""
    found = [meaning for code in codes if (meaning := BY_CODE.get(code.casefold()))]
    fitting = [meaning for meaning in found if not meaning.only_with or status in meaning.only_with]
    return fitting[-1] if fitting else None


def decide(call: Call, status: int, codes: Sequence[str], *, names_a_time: bool = False) -> Fault:
    """Return what an error means. `names_a_time`: it came with a Retry-After, so a 5xx speaks for every email."""
    meaning = known(status, codes) or BY_STATUS.get(status)
    if meaning is not None:
        return Fault.TRANSIENT if meaning.fault in REFUSING and call not in SUBMITTING else meaning.fault
    if status == 404 and codes and call in OF_THE_MAILBOX:
        return Fault.SENDER
    return Fault.THROTTLED if status >= 500 and names_a_time else Fault.TRANSIENT
