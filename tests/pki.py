"""Throw-away certificates: a good authority, a stranger, and certificates that are wrong in one way."""

import ssl
import warnings
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
# The object identifiers in DER: 1.2.840.113549.1.1.11 and .5
SHA256_WITH_RSA = bytes.fromhex("2a864886f70d01010b")
SHA1_WITH_RSA = bytes.fromhex("2a864886f70d010105")

# By `openssl dhparam 1024`.
SMALL_GROUP = b"""-----BEGIN DH PARAMETERS-----
MIGHAoGBAKnKVKDNJM5741SX2OUnGnSkdHPbzcQhfwY7Dc0RxsZ9ZfUvByCyqiBI
fccCqmuhWK41xdnq2HipSxbx4OjgbnOQDRecUpoiNdLdgaSUr2k8B5LC4azM/yA7
pEHQOIeS77yMDa6eOeP+zxcaJo4zWxkF9fOc+NP+0adctGVmh/pPAgEC
-----END DH PARAMETERS-----
"""

TRUSTED = "mailadmin tests"
STRANGER = "a stranger"


@cache
def authority(name: str) -> trustme.CA:
    return trustme.CA(organization_name=name)


@cache
def issuing_authority() -> trustme.CA:
    """An authority below TRUSTED, as public ones have it: servers send its certificate along."""
    return authority(TRUSTED).create_child_ca()


def ca_pem(name: str = TRUSTED) -> str:
    return authority(name).cert_pem.bytes().decode()


def server_context(*names: str, signed_by: str = TRUSTED, expired: bool = False) -> ssl.SSLContext:
    """A server's side of TLS for `names` (localhost and 127.0.0.1 when none are given)."""
    ends = {"not_before": LONG_AGO, "not_after": LONG_AGO.replace(year=2021)} if expired else {}
    return context_of(authority(signed_by).issue_cert(*(names or ("localhost", "127.0.0.1")), **ends))


def context_of(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def not_yet_valid() -> ssl.SSLContext:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    certificate = authority(TRUSTED).issue_cert("localhost", not_before=tomorrow, not_after=tomorrow.replace(year=2099))
    return context_of(certificate)


def without_intermediate() -> ssl.SSLContext:
    """Signed by the issuing authority, whose own certificate the server does not send."""
    return context_of_files(leaf_of_issuing_authority(), with_chain=False)


def with_intermediate() -> ssl.SSLContext:
    return context_of_files(leaf_of_issuing_authority(), with_chain=True)


@cache
def leaf_of_issuing_authority() -> trustme.LeafCert:
    return issuing_authority().issue_cert("localhost")


def context_of_files(leaf: trustme.LeafCert, *, with_chain: bool) -> ssl.SSLContext:
    chain = leaf.cert_chain_pems if with_chain else leaf.cert_chain_pems[:1]
    return loaded(b"".join(blob.bytes() for blob in chain), leaf.private_key_pem.bytes())


@cache
def self_signed(*, bits: int = 2048) -> tuple[str, ssl.SSLContext]:
    """A certificate that is its own issuer and no authority, as servers make for themselves; PEM and context."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    certificate = certificate_of("localhost", key, "localhost", key)
    return pem_of(certificate), loaded(pem_of(certificate).encode(), key)


@cache
def by_bare_authority() -> tuple[str, ssl.SSLContext]:
    """The PEM of a hand-made root without key identifiers, as many companies have, and a certificate by it."""
    signer, key = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
    root = certificate_of("bare root", signer, "bare root", signer, is_authority=True)
    leaf = certificate_of("localhost", key, "bare root", signer)
    return pem_of(root), loaded(pem_of(leaf).encode(), key)


@cache
def signed_with_sha1() -> tuple[str, ssl.SSLContext]:
    """The authority's PEM, and a certificate that it signed with SHA-1, which no library offers any longer."""
    signer, key = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
    root = certificate_of("weak root", signer, "weak root", signer, is_authority=True)
    good = certificate_of("localhost", key, "weak root", signer)
    tbs = good.tbs_certificate_bytes.replace(SHA256_WITH_RSA, SHA1_WITH_RSA)
    signature = signer.sign(tbs, padding.PKCS1v15(), hashes.SHA1())
    der = good.public_bytes(Encoding.DER).replace(SHA256_WITH_RSA, SHA1_WITH_RSA)[: -len(signature)] + signature
    return pem_of(root), loaded(ssl.DER_cert_to_PEM_cert(der).encode(), key)


def certificate_of(
    name: str, key: rsa.RSAPrivateKey, issuer: str, signer: rsa.RSAPrivateKey, *, is_authority: bool = False
) -> x509.Certificate:
    now = datetime.now(UTC)
    subject, issued_by = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, each)]) for each in (name, issuer))
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issued_by)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )
    return builder.sign(signer, hashes.SHA256())


def pem_of(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def key_pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def loaded(chain: bytes, key: rsa.RSAPrivateKey | bytes) -> ssl.SSLContext:
    """A server's context with the given PEM, whatever its quality."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with trustme.Blob(chain + (key if isinstance(key, bytes) else key_pem(key))).tempfile() as path:
        context.load_cert_chain(path)
    return context


def limited_to(context: ssl.SSLContext, version: ssl.TLSVersion) -> ssl.SSLContext:
    """As servers are that were never updated: Python warns of the old versions."""
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = version
    return context


def without_shared_cipher() -> ssl.SSLContext:
    context = server_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    # RSA key exchange, which Python's clients have not offered since 3.10.
    context.set_ciphers("AES128-SHA256")
    return context


def with_root(name: str) -> ssl.SSLContext:
    """The root of `name` is sent along, as inspecting proxies and private authorities do."""
    leaf = authority(name).issue_cert("localhost")
    chain = [*leaf.cert_chain_pems, authority(name).cert_pem]
    return loaded(b"".join(blob.bytes() for blob in chain), leaf.private_key_pem.bytes())


def with_small_group() -> ssl.SSLContext:
    """Diffie-Hellman with 1024 bits, as mail servers have it whose parameters are twenty years old."""
    context = context_of(authority(TRUSTED).issue_cert("localhost", key_type=trustme.KeyType.RSA))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0")
    with trustme.Blob(SMALL_GROUP).tempfile() as path:
        context.load_dh_params(path)
    return context


def refusing_every_name() -> ssl.SSLContext:
    """As a server that has no certificate for the name that it is asked for (RFC 6066 3)."""
    context = server_context()
    context.sni_callback = lambda *_: ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
    return context


def asking_for_a_client_certificate(version: ssl.TLSVersion) -> ssl.SSLContext:
    context = server_context()
    context.maximum_version = version
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=ca_pem())
    return context


def write_server(folder: Path) -> None:
    """ca.pem, server.pem and server.key for localhost, for servers that read files; readable by their users."""
    certificate = authority(TRUSTED).issue_cert("localhost", "127.0.0.1")
    authority(TRUSTED).cert_pem.write_to_path(folder / "ca.pem")
    certificate.private_key_pem.write_to_path(folder / "server.key")
    (folder / "server.pem").write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
