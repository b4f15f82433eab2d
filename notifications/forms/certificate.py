"""Certificates in PEM as people paste them."""

import ssl

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256


def parse_certificates(text: str) -> str:
    """The same with clean line ends, or nothing for nothing. Raises ValueError with a sentence for the field."""
    text = text.replace("\r\n", "\n").strip()
    if not text:
        return ""
    if "PRIVATE KEY" in text:
        raise ValueError("This is a private key: it stays on the server. Enter the authority's certificate.")
    try:
        x509.load_pem_x509_certificates(text.encode())
        ssl.create_default_context(cadata=text)
    except (ValueError, ssl.SSLError) as error:
        raise ValueError(
            "This is no certificate in PEM, which begins with -----BEGIN CERTIFICATE----- and ends with its END line."
        ) from error
    return f"{text}\n"


def fingerprints(text: str) -> frozenset[bytes]:
    """Of what `parse_certificates` returned: the same for the same certificates, whatever stands between them."""
    certificates = x509.load_pem_x509_certificates(text.encode()) if text else []
    return frozenset(certificate.fingerprint(SHA256()) for certificate in certificates)


def describe_certificates(text: str) -> list[str]:
    """Whose and until when, for each."""
    return [
        f"{certificate.subject.rfc4514_string()}, valid until {certificate.not_valid_after_utc:%Y-%m-%d}"
        for certificate in (x509.load_pem_x509_certificates(text.encode()) if text else [])
    ]
