"""Emails as strangers' programs send them, and what becomes of real ones on a bad day."""

from email.message import EmailMessage

from hypothesis import strategies as st


def composed() -> list[bytes]:
    plain = EmailMessage()
    plain["From"], plain["Subject"] = "Jürgen Groß <deploy@contoso.test>", "Größe der Übertragung 🚀"
    plain.set_content("Fünf von zwölf\n" * 9)
    rich = EmailMessage()
    rich["From"], rich["Subject"], rich["Message-ID"] = "a@x.test", "7-Zip failed", "<1@x.test>"
    rich.set_content("On PC-001.\n")
    rich.add_alternative("<p>On <b>PC-001</b>, naïve</p>", subtype="html")
    rich.add_attachment("a;b\n1;2\n", subtype="csv", filename="Übersicht für alle Standorte in Köln und Düsseldorf.csv")
    forwarded = EmailMessage()
    forwarded["Subject"] = "Fwd"
    forwarded.set_content("See below.\n")
    forwarded.add_attachment(rich)
    latin = b"Subject: Gr\xfc\xdfe\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\nsch\xf6n\r\n"
    return [*(mail.as_bytes().replace(b"\n", b"\r\n") for mail in (plain, rich, forwarded)), latin]


# Once, since their boundaries are random.
REAL_MAILS = composed()


def nested(depth: int) -> bytes:
    parts = (f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n' for n in range(depth))
    return "".join(parts).encode() + b"Content-Type: text/plain\r\n\r\ninnermost\r\n"


ODD_MAILS = {
    "raw 8-bit headers": b"Subject: Gr\xfc\xdfe\r\nFrom: J\xf6rg <j@x.test>\r\nX-\xe4: \xff\r\n\r\nx\r\n",
    "raw UTF-8 headers": "Subject: Grüße 🚀\r\nFrom: Jörg <j@x.test>\r\n\r\nschön\r\n".encode(),
    "unknown charsets": b"Subject: =?klingon?q?x?=\r\nContent-Type: text/plain; charset=klingon\r\n\r\n\xff\xfe\r\n",
    "charsets that are none": b"Subject: =?undefined?q?x?=\r\nContent-Type: text/html; charset=idna\r\n\r\n\xff..\r\n",
    "binary charset": b"Content-Type: text/plain; charset=base64\r\n\r\nabc\r\n",
    "a charset with a NUL": b"Content-Type: text/plain; charset=\"a\0b\"\r\n\r\nabc\r\n",
    "charset beyond ASCII": b"Content-Type: text/plain; charset=\xff\xfe\r\n\r\nabc\r\n",
    "surrogates": b"Subject: =?utf-7?q?+2AA-?=\r\nContent-Type: text/plain; charset=utf-7\r\n\r\n+2AA-\r\n",
    "escaped surrogates": b"Content-Type: text/html; charset=raw_unicode_escape\r\n\r\n\\ud800<p>\r\n",
    "NULs": b"Subject: a\0b\r\nFrom: \0\r\n\0: \0\r\n\r\na\0b\r\n",
    "only NULs": b"\0" * 5000,
    "nothing": b"",
    "no header": b"\r\n\r\nbody\r\n",
    "a long header": b"Subject: " + b"x" * 500_000 + b"\r\n\r\nx\r\n",
    "a long folded header": b"To: " + b"a@x.test,\r\n " * 40_000 + b"b@x.test\r\n\r\nx\r\n",
    "a long header name": b"X" * 300_000 + b": 1\r\n\r\nx\r\n",
    "many headers": b"".join(b"X-%d: %d\r\n" % (n, n) for n in range(30_000)) + b"\r\nx\r\n",
    "many encoded words": b"Subject: " + b"=?a?q?" * 80_000 + b"\r\n\r\nx\r\n",
    "many parameters": b"Content-Type: text/plain" + b";" * 500_000 + b"\r\n\r\nx\r\n",
    "a huge parameter number": b"Content-Type: text/plain; name*" + b"9" * 3900 + b"=x; name*0*=%FF\r\n\r\nx\r\n",
    "an empty boundary": b"Content-Type: multipart/mixed; boundary=\r\n\r\n--\r\n",
    "no boundary": b"Content-Type: multipart/mixed\r\n\r\nwords without parts\r\n",
    "a boundary beyond ASCII": b'Content-Type: multipart/mixed; boundary="\xff"\r\n\r\n--\xff\r\n\r\nx\r\n--\xff--\r\n',
    "parts in parts": nested(40),
    "parts in parts by the thousand": nested(3000),
    "broken base64": b"Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nA!!!\xff=\r\n",
    "broken quoted-printable": b"Content-Transfer-Encoding: quoted-printable\r\n\r\n=G1 =\xff=\r\n=",
    "broken uuencode": b"Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 x\r\n\xff\xff\r\nend\r\n",
    "an unknown encoding": b"Content-Transfer-Encoding: \xff\0\r\n\r\nx\r\n",
    "an email as the whole content": b"Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nx",
    "a delivery status": b"Content-Type: message/delivery-status\r\n\r\nA: 1\r\n\r\nB: 2\r\n",
    "an odd file name": b"Content-Disposition: attachment; filename*=x''%FF%00\r\nContent-Type: text/plain\r\n\r\nx",
    "an odd disposition": b"Content-Disposition: \xff;;=;=\"\r\n\r\nx",
    "an odd type": b"Content-Type: /;/=\"\\\r\n\r\nx",
    "bare line ends": b"Subject: x\rFrom: y\n\ra\r\rb\n",
    "a stray From line": b"From nobody\r\nSubject: x\r\n\r\nx\r\n",
}  # fmt: skip

HARM = st.sampled_from(
    [
        b"\xff\xfe",
        b"\0",
        b"\x80",
        "ü".encode(),
        b"\r\n",
        b"\n",
        b"\r",
        b"\r\n\r\n",
        b" ",
        b":",
        b";",
        b'"',
        b"=?",
        b"?=",
        b"=?utf-8?b?/w==?=",
        b"=?klingon?q?=ff?=",
        b"--",
        b"charset=klingon",
        b"charset*0*=x''%ff",
        b"Content-Type: multipart/mixed; boundary=x\r\n",
        b"Content-Transfer-Encoding: base64\r\n",
        b"Subject: \xfc\r\n",
        b"X: " + b"y" * 100_000 + b"\r\n",
    ]  # fmt: skip
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A real email, cut, doubled, mixed up and sprinkled with octets."""
    mail = draw(st.sampled_from(REAL_MAILS))
    for _ in range(draw(st.integers(1, 8))):
        start = draw(st.integers(0, len(mail)))
        end = min(len(mail), start + draw(st.integers(0, 60)))
        piece = draw(st.sampled_from(["harm", "cut", "double", "random", "swap"]))
        put = {"harm": draw(HARM), "cut": b"", "double": mail[start:end] * 2, "random": draw(st.binary(max_size=20))}
        mail = mail[:start] + put.get(piece, mail[start:end][::-1]) + mail[end:]
    return mail
