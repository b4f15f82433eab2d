"""The connection could not be made secure. There is no fallback to clear text, so each of these stops mail."""

from notifications.diagnosis.entry import Entry, Explanation, Sign
from notifications.diagnosis.network import library

TLS = (
    Entry(
        Explanation(
            "Security and port do not go together",
            "One side began with encryption and the other with plain text: SSL/TLS was tried on a port that starts in"
            " clear (587, 25), or the reverse (465).",
            "Choose SSL/TLS for port 465, STARTTLS for 587 and 25.",
        ),
        library("wrong_version_number", "wrong version number", "record layer failure", "record_layer_failure"),
        (
            ("", "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)"),
            ("", "TLS with mail.example.com failed: [SSL: WRONG_VERSION_NUMBER] wrong version number"),
        ),
    ),
    Entry(
        Explanation(
            "The mail server's certificate is self-signed",
            "The server vouches for itself only, or for an authority of your own that this machine does not know. The"
            " connection is refused, because anybody could show such a certificate.",
            "If it is your own server, paste its certificate, or that of your authority, under CA certificate. A"
            " certificate from a public authority needs no entry there.",
        ),
        library(
            "self-signed certificate", "self signed certificate", "depth_zero_self_signed_cert", "self_signed_cert"
        ),
        (
            ("", "CERTIFICATE_VERIFY_FAILED: self-signed certificate (certificate shown by mail.example.com)"),
            ("", "certificate verify failed: self signed certificate in certificate chain (_ssl.c:997)"),
        ),
    ),
    Entry(
        Explanation(
            "The mail server's certificate comes from an unknown authority",
            "The chain from the certificate up to a trusted authority has a gap. Either the authority is a private one,"
            " or the server forgets to send its intermediate certificate.",
            "With a private authority, paste its certificate under CA certificate. With a public one, the server's"
            " owner has to install the whole chain (`fullchain.pem`).",
        ),
        library(
            "unable to get local issuer",
            "unable to get issuer",
            "unable to verify the first certificate",
            "unable_to_verify_leaf",
            "unknown authority",
        ),
        (
            ("", "CERTIFICATE_VERIFY_FAILED: unable to get local issuer certificate (certificate shown by mail.corp)"),
            ("", "x509: certificate signed by unknown authority"),
        ),
    ),
    Entry(
        Explanation(
            "The mail server's certificate has expired",
            "Its last day is over, and whoever renews it has not, or the server was not restarted since. A clock that"
            " is years ahead on this machine would show the same.",
            "Renew the certificate on the mail server and reload the service. Check this machine's date too.",
        ),
        library("certificate has expired", "cert_has_expired", "certificate expired"),
        (("", "CERTIFICATE_VERIFY_FAILED: certificate has expired (certificate shown by mail.example.com)"),),
    ),
    Entry(
        Explanation(
            "The mail server's certificate is not valid yet",
            "It begins in the future, as this machine's clock sees it. The clock is wrong far more often than the"
            " certificate.",
            "Set this machine's date and time (`timedatectl`).",
        ),
        library("certificate is not yet valid", "cert_not_yet_valid"),
        (("", "CERTIFICATE_VERIFY_FAILED: certificate is not yet valid (certificate shown by mail.example.com)"),),
    ),
    Entry(
        Explanation(
            "The certificate is for another name",
            "The server shows a valid certificate, but for other names than the one under SMTP Server. An IP address,"
            " an alias or a short name in place of the full one is the usual reason.",
            "Enter the server by a name that its certificate lists, or have the certificate reissued with this name.",
        ),
        library(
            "hostname mismatch",
            "ip address mismatch",
            "certificate is not valid for",
            "doesn't match",
            "err_tls_cert_altname_invalid",
        ),
        (
            (
                "",
                "CERTIFICATE_VERIFY_FAILED: Hostname mismatch, certificate is not valid for 'relay'.",
            ),
            ("", "certificate verify failed: IP address mismatch, certificate is not valid for '192.0.2.1'."),
        ),
    ),
    Entry(
        Explanation(
            "The mail server's certificate cannot be trusted",
            "The check of its certificate failed, for the reason in the text. The connection is refused, since its"
            " other end may be anybody.",
            "Have the server's owner look at the certificate; `openssl s_client -starttls smtp -connect server:587`"
            " shows what it sends. For a private authority, paste its certificate under CA certificate.",
        ),
        library("certificate_verify_failed", "certificate verify failed"),
        (
            (
                "",
                "CERTIFICATE_VERIFY_FAILED: CA cert does not include key usage (certificate shown by mail.example.com)",
            ),
        ),
    ),
    Entry(
        Explanation(
            "The mail server's encryption is too old, or not to be agreed upon",
            "Both sides found no version and cipher that they accept. mailadmin wants TLS 1.2 or newer, and so does"
            " Exchange Online; old appliances and printers' relays stop at 1.0.",
            "Update the mail server, or switch TLS 1.2 on in it.",
        ),
        library(
            "unsupported_protocol",
            "unsupported protocol",
            "no_protocols_available",
            "handshake_failure",
            "handshake failure",
            "tlsv1_alert_protocol_version",
            "dh_key_too_small",
            "no_shared_cipher",
        ),
        (
            ("", "TLS with old.example.com failed: [SSL: UNSUPPORTED_PROTOCOL] unsupported protocol"),
            ("", "[SSL: SSLV3_ALERT_HANDSHAKE_FAILURE] sslv3 alert handshake failure (_ssl.c:1006)"),
        ),
    ),
    Entry(
        Explanation(
            "The connection ended while it was being secured",
            "The other side hung up in the middle of the TLS handshake. It may be busy, may dislike this machine, or"
            " may not expect encryption on this port.",
            "Check that Security and port agree (465 with SSL/TLS, 587 with STARTTLS). If they do and it goes on,"
            " look into the server's log.",
        ),
        library("ended the tls handshake", "eof occurred in violation of protocol", "unexpected_eof"),
        (
            ("", "mail.example.com ended the TLS handshake: Connection reset by peer"),
            ("", "EOF occurred in violation of protocol (_ssl.c:1006)"),
        ),
    ),
    Entry(
        Explanation(
            "The mail server does not offer STARTTLS",
            "Security says STARTTLS, and this server does not know it, at least not on this port or for this machine."
            " The mail was not sent in clear instead.",
            "Try SSL/TLS with port 465. If this is a relay inside your network that knows no encryption, choose None;"
            " mail then crosses the network readable. A device that rewrites SMTP on the way can hide STARTTLS too.",
        ),
        (
            *library("starttls is not offered", "starttls extension not supported", "the server went on in clear"),
            Sign("502", "starttls"),
            Sign("454 4.7.0", "tls not available"),
            Sign("454", "tls not available"),
        ),
        (
            ("", "STARTTLS is not offered by relay.local:25; nothing is sent in clear"),
            ("", "STARTTLS extension not supported by server."),
            ("454 4.7.0", "TLS not available due to local problem"),
            ("502 5.5.1", "STARTTLS command not implemented"),
        ),
    ),
    Entry(
        Explanation(
            "A password is never sent without encryption",
            "Security is None, but a user and a password are set. On an unencrypted connection everybody on the way"
            " could read them.",
            "Choose STARTTLS or SSL/TLS. If the relay needs no sign-in, clear SMTP Server User instead.",
        ),
        library("the password is not sent without encryption"),
        (("", "the password is not sent without encryption: choose STARTTLS or SSL/TLS"),),
    ),
    Entry(
        Explanation(
            "The mail server wants an encrypted connection first",
            "It takes nothing, or no sign-in, before STARTTLS. Security is None, or the sign-in came too early.",
            "Choose STARTTLS as Security; port 587 is made for it.",
        ),
        (
            Sign("538"),
            Sign("5.7.11"),
            Sign("530 5.7.0", "starttls command first"),
            Sign(text="starttls command first"),
            Sign(text="starttls is required"),
        ),
        (
            ("421 4.7.0", "Must issue a STARTTLS command first"),
            ("530 5.7.0", "Must issue a STARTTLS command first. a640c23a62f3a-ab68e"),
            ("538 5.7.11", "Encryption required for requested authentication mechanism"),
        ),
    ),
)
