"""Gmail and Google Workspace: SMTP (smtp.gmail.com, smtp-relay.gmail.com) and Google's sign-in."""

from notifications.diagnosis.entry import Entry, Explanation, Sign

APP_PASSWORD = "https://support.google.com/accounts/answer/185833"  # noqa: S105  # an address
ERRORS = "https://support.google.com/a/answer/3726730"
LIMITS = "https://support.google.com/a/answer/166852"
EXPIRY = "https://developers.google.com/identity/protocols/oauth2#expiration"

GOOGLE = (
    Entry(
        Explanation(
            "Google wants an app password",
            "The account has 2-Step Verification, so its normal password does not open SMTP.",
            "Make an app password in the Google account, under Security > 2-Step Verification > App passwords, and"
            " enter it as SMTP Server Password; or use the OAuth2 mode.",
            APP_PASSWORD,
        ),
        (Sign("534 5.7.9", "application-specific password"), Sign(text="application-specific password required")),
        (
            (
                "534 5.7.9",
                "Application-specific password required. For more information, go to"
                " https://support.google.com/mail/?p=InvalidSecondFactor 5b1f17b1804b1-432d479 - gsmtp",
            ),
        ),
    ),
    Entry(
        Explanation(
            "Google refused user and password",
            "The app password is wrong or was revoked (a changed account password revokes all), or it is the account's"
            " normal password: Google ended that way in May 2025.",
            "Make a new app password and enter it without blanks, with the whole address as SMTP Server User; or use"
            " the OAuth2 mode.",
            APP_PASSWORD,
        ),
        (Sign("535 5.7.8", "username and password not accepted"), Sign("535", "badcredentials")),
        (
            (
                "535 5.7.8",
                "Username and Password not accepted. For more information, go to"
                " https://support.google.com/mail/?p=BadCredentials a640c23a62f3a-ab6 - gsmtp",
            ),
        ),
    ),
    Entry(
        Explanation(
            "Google wants a sign-in in the browser",
            "Google finds this sign-in unusual, and has locked it until somebody confirms it on the web.",
            "Sign in to the account in a browser, best from this network, and confirm the alert. Then try again; if it"
            " returns, use an app password or the OAuth2 mode.",
            ERRORS,
        ),
        (Sign("5.7.14"), Sign("534", "log in via your web browser"), Sign("534", "webloginrequired")),
        (("534 5.7.14", "Please log in via your web browser and then try again. Learn more at WebLoginRequired"),),
    ),
    Entry(
        Explanation(
            "Google slows this sender or recipient down",
            "Too many mails in a short time: from this machine through the relay, or to this one recipient.",
            "Nothing at once: it is tried again later. Fewer mails help, and so does a lower Pace.",
            LIMITS,
        ),
        (
            Sign("4xx", "peak smtp relay limit"),
            Sign("4xx", "receiving email too quickly"),
            Sign("4xx", "receiving mail at a rate"),
            Sign("4.2.1", "gsmtp"),
        ),
        (
            ("450 4.2.1", "Peak SMTP relay limit exceeded for customer. This is a temporary error."),
            ("450 4.2.1", "The user you are trying to contact is receiving email too quickly. Please resend later."),
        ),
    ),
    Entry(
        Explanation(
            "The account has sent all that Google allows for today",
            "Google counts over 24 hours: some 500 mails for a personal account, 2,000 for Workspace.",
            "Nothing: mail goes on as the day passes. For more, use Workspace's SMTP relay or another mail server.",
            LIMITS,
        ),
        (Sign("5.4.5"), Sign("5xx", "daily user sending"), Sign("5xx", "daily sending quota")),
        (
            ("550 5.4.5", "Daily user sending limit exceeded. For more information on Gmail sending limits go to …"),
            ("550 5.4.5", "Daily SMTP relay limit exceeded for customer"),
        ),
    ),
    Entry(
        Explanation(
            "Google's consent is over",
            "The stored consent was revoked or ran out. While the consent screen is in Testing it lasts seven days"
            " only; else six months without use, a changed password or too many consents end it.",
            "Publish the app under Audience (In production, or Internal with Workspace), then connect again under"
            " Options > Preferences > Mail Server.",
            EXPIRY,
        ),
        (Sign("invalid_grant", "expired or revoked"), Sign(text="token has been expired or revoked")),
        (
            ("400", '{"error": "invalid_grant", "error_description": "Token has been expired or revoked."}'),
            ("", "invalid_grant: Token has been expired or revoked."),
        ),
    ),
    Entry(
        Explanation(
            "Google gave no refresh token",
            "The consent gave access for an hour only. Google hands out the lasting part once, at the first consent,"
            " unless it is asked for anew.",
            "Remove mailadmin from the account's connections (myaccount.google.com > Security), then connect again.",
        ),
        (
            Sign(text="does not provide a refresh token"),
            Sign(text="no refresh token"),
            Sign(text="refresh_token is missing"),
        ),
        (("", "Access token does not provide a refresh token"),),
    ),
    Entry(
        Explanation(
            "Google does not know this redirect URI",
            "The address that Google should return to has to be registered to the letter: http or https, host, port"
            " and the slash at the end.",
            "Copy the Redirect URI shown by mailadmin into the client's Authorised redirect URIs. Behind a proxy, set"
            " PUBLIC_URL and TRUST_PROXY_HEADERS so that it is the real one.",
        ),
        (Sign("redirect_uri_mismatch"),),
        (("400", "Error 400: redirect_uri_mismatch"), ("", "redirect_uri_mismatch: The redirect URI does not match")),
    ),
    Entry(
        Explanation(
            "Google did not let this account in",
            "The app is not verified and the account is not one of its test users, or a box was left unticked on the"
            " consent page.",
            "Add the account under Audience > Test users, or publish the app, and leave all boxes ticked when you"
            " connect again.",
        ),
        (
            Sign("access_denied"),
            Sign(text="hasn't verified this app"),
            Sign(text="hasn’t verified this app"),
            Sign(text="has not completed the google verification"),
        ),
        (
            ("403", "Error 403: access_denied"),
            ("", "Google hasn't verified this app"),
            ("", "access_denied: The developer hasn't given you access to this app."),
        ),
    ),
    Entry(
        Explanation(
            "Google wants the client secret",
            "Google's desktop and web clients both need their secret, even with PKCE.",
            "Enter the Client Secret that Google showed beside the Client ID.",
        ),
        (Sign("invalid_request", "client_secret is missing"), Sign(text="client_secret is missing")),
        (("400", "invalid_request: client_secret is missing."),),
    ),
)
