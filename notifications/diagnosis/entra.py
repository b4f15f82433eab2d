"""Microsoft's sign-in service. Its AADSTS numbers explain; nothing is decided by them."""

from notifications.diagnosis.entry import Entry, Explanation, Sign

CODES = "https://learn.microsoft.com/entra/identity-platform/reference-error-codes"
REPLY_URL = "https://learn.microsoft.com/entra/identity-platform/reply-url"
CLOUDS = "https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud"
TRACE = "Trace ID: 8f3c2b1a-0000-4000-8000-1234567890ab Correlation ID: 11112222-0000-4000-8000-1234567890ab"


def numbers(*codes: int | str) -> tuple[Sign, ...]:
    return tuple(Sign(f"AADSTS{code}") for code in codes)


ENTRA = (
    Entry(
        Explanation(
            "The client secret is wrong",
            "The secret does not belong to this application. Most often its ID was copied in place of its Value,"
            " or the secret is of another registration.",
            "Under Certificates & secrets of the app registration copy the Value, which is shown only once; make a new"
            " secret if it is gone.",
            CODES,
        ),
        numbers(7000215),
        (
            (
                "401 invalid_client",
                "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the"
                f" client secret value, not the client secret ID, for a secret added to app 'x'. {TRACE}",
            ),
        ),
    ),
    Entry(
        Explanation(
            "The client secret has expired",
            "Secrets last 24 months at most, and this one's time is over.",
            "Make a new one under Certificates & secrets, enter its Value, and note its end date there so that you are"
            " warned the next time.",
            CODES,
        ),
        numbers(7000222),
        (("401", f"invalid_client: AADSTS7000222: The provided client secret keys for app 'x' are expired. {TRACE}"),),
    ),
    Entry(
        Explanation(
            "Microsoft does not know this application here",
            "No application with this Client ID exists in this tenant: one of the two is wrong, or the app is"
            " registered in another organisation.",
            "Compare Client ID and Tenant ID with the overview page of the app registration.",
            CODES,
        ),
        numbers(700016, "00016"),
        (
            (
                "400 unauthorized_client",
                "AADSTS700016: Application with identifier 'x' was not found in the directory.",
            ),
            ("", "AADSTS00016: application not found in tenant"),
        ),
    ),
    Entry(
        Explanation(
            "The tenant was not found in this cloud",
            "The Tenant ID has a typing error, or the organisation lives in another of Microsoft's clouds (US"
            " Government, China).",
            "Compare Tenant ID with the Entra overview page, and choose the organisation's cloud under Azure Cloud"
            " Host URL.",
            CLOUDS,
        ),
        numbers(90002, 900382, 900432, 900023),
        (
            (
                "400 invalid_request",
                "AADSTS90002: Tenant 'contoso' not found. Check to make sure you have the correct ID.",
            ),
            ("", "AADSTS900382: Confidential Client is not supported in Cross Cloud request."),
            ("", "AADSTS900432: Confidential Client is not supported in Cross Cloud request."),
        ),
    ),
    Entry(
        Explanation(
            "The application belongs to one organisation only",
            "It is not multi-tenant, and the sign-in went to the common door, because Tenant ID is blank.",
            "Enter the Tenant ID from the overview page of the app registration.",
            CODES,
        ),
        numbers(50194),
        (("400", "AADSTS50194: Application 'x' is not configured as a multi-tenant application. Usage of /common …"),),
    ),
    Entry(
        Explanation(
            "Microsoft does not know this redirect URI",
            "The address to return to is not registered for this application, or registered under the wrong platform.",
            "Add the Redirect URI that mailadmin shows to the app registration, under Authentication, as platform Web,"
            " and to the letter.",
            REPLY_URL,
        ),
        numbers(50011, 500113),
        (("400", "AADSTS50011: The redirect URI 'http://x' specified in the request does not match."),),
    ),
    Entry(
        Explanation(
            "Nobody has consented to the application's permissions",
            "The application asks for permissions that neither the user nor an administrator has granted.",
            "Have an administrator open API permissions of the app registration and press Grant admin consent, then"
            " sign in again.",
            CODES,
        ),
        (*numbers(65001, 90094, 650056, 65004, 90093), Sign("consent_required")),
        (
            ("400 invalid_grant", "AADSTS65001: The user or administrator has not consented to use the application."),
            ("", "AADSTS90094: Admin consent is required for the permissions requested by this application."),
            ("", "AADSTS650056: Misconfigured application."),
            ("400 consent_required", "consent needed"),
        ),
    ),
    Entry(
        Explanation(
            "A sign-in rule of the organisation wants a person",
            "Conditional Access or a second factor stands between mailadmin and a new token.",
            "Connect again in the browser. If it returns, an administrator has to exclude this application from the"
            " policy (the sign-in log names it), or use app-only access.",
            CODES,
        ),
        (*numbers(50076, 50079, 53003, 50158, 53000, 530035, 530036), Sign("interaction_required")),
        (
            ("400", "interaction_required: AADSTS50076: Due to a configuration change you must use multi-factor."),
            ("", "AADSTS50079: you must enroll in multi-factor authentication to access"),
            ("", "AADSTS53003: Access has been blocked by Conditional Access policies."),
        ),
    ),
    Entry(
        Explanation(
            "Microsoft's consent is over",
            "The stored access was revoked or ran out: 90 days without use, a changed password, or the organisation's"
            " rule on how often people sign in.",
            "Connect again under Options > Preferences > Mail Server. mailadmin renews the access while it runs; one"
            " that was off for long cannot.",
            CODES,
        ),
        numbers(700082, 70008, 50173, 70043, 50078),
        (
            ("400 invalid_grant", "AADSTS700082: The refresh token has expired due to inactivity."),
            ("", "AADSTS70008: The provided authorization code or refresh token has expired."),
            ("", "AADSTS50173: The provided grant has expired due to it being revoked."),
            ("", "AADSTS70043: The refresh token has expired or is invalid due to sign-in frequency checks."),
        ),
    ),
    Entry(
        Explanation(
            "The application is registered for browsers",
            "Registered as a single-page app it gets access for 24 hours only, which cannot be renewed.",
            "In the app registration, under Authentication, remove the redirect URI from Single-page application, add"
            " it under Web, and connect again.",
            REPLY_URL,
        ),
        numbers(700084, 9002327, 9002326),
        (("400", "AADSTS700084: The refresh token was issued to a single page app (SPA), and has a fixed lifetime."),),
    ),
    Entry(
        Explanation(
            "The scopes do not go together",
            "One request may ask for one service only, and this one names none that exists, or mixes Graph and"
            " Outlook.",
            "Leave the scope to mailadmin, or give scopes of a single service: https://outlook.office.com/SMTP.Send"
            " for SMTP, .default of the Graph host for Graph.",
            CODES,
        ),
        numbers(70011, 28002, 28003, 700022, 1002012),
        (
            ("400 invalid_scope", "AADSTS70011: The provided request must include a 'scope' input parameter."),
            ("", "AADSTS28002: Provided value for the input parameter scope is not valid."),
            ("", "AADSTS700022: Invalid multiple resources scope requested."),
        ),
    ),
    Entry(
        Explanation(
            "A desktop registration must not have a secret",
            "The redirect URI is registered under Mobile and desktop applications, and these may not send one.",
            "Clear Client Secret, or register the redirect URI under Web.",
            REPLY_URL,
        ),
        numbers(700025),
        (("401", "invalid_client: AADSTS700025: Client is public so neither 'client_secret' should be presented."),),
    ),
    Entry(
        Explanation(
            "A web registration needs its secret",
            "The redirect URI is registered under Web, and no Client Secret is set.",
            "Enter the Client Secret's Value, or register the redirect URI under Mobile and desktop applications.",
            REPLY_URL,
        ),
        numbers(7000218),
        (("401", "AADSTS7000218: The request body must contain: 'client_assertion' or 'client_secret'."),),
    ),
    Entry(
        Explanation(
            "The user who signed in cannot be used",
            "The account is disabled, locked, or belongs to another organisation.",
            "Check the account in the Entra admin center, then connect again as a user of this organisation.",
            CODES,
        ),
        numbers(50057, 50053, 50034, 50020, 50105),
        (
            ("400", "AADSTS50057: The user account is disabled."),
            ("", "AADSTS50020: User account from identity provider does not exist in tenant"),
        ),
    ),
)
