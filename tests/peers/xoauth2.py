"""XOAUTH2 by hand, for asking a mail server what it thinks of a token."""

import base64
import smtplib
import ssl

from tests.peers.mail import MailPeer


def try_token(peer: MailPeer, door: str, user: str, token: str) -> tuple[int, bytes]:
    """What the server says to XOAUTH2 in the end; signed in, a mail goes as well."""
    port, context = getattr(peer, door), ssl.create_default_context(cafile=str(peer.ca_pem))
    at_once = door in ("tls", "dovecot_tls")
    if at_once:
        client: smtplib.SMTP = smtplib.SMTP_SSL(peer.host, port, timeout=10, context=context)
    else:
        client = smtplib.SMTP(peer.host, port, timeout=10)
    with client:
        if not at_once:
            client.starttls(context=context)
        client.ehlo()
        words = base64.b64encode(f"user={user}\x01auth=Bearer {token}\x01\x01".encode()).decode()
        code, text = client.docmd("AUTH", f"XOAUTH2 {words}")
        if code == 334:
            code, text = client.docmd("")
        if code == 235:
            client.sendmail(user, ["ops@peer.test"], "Subject: hello\r\n\r\nbody\r\n")
    return code, text
