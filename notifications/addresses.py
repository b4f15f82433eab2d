"""Mail addresses as people type them. Whatever comes out of here may stand in a header and in an SMTP command."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import email_validator

from notifications.encoded_words import WORD_LIMIT, encoded_words, needs_encoding
from notifications.invisible import escaped, invisible_names, unicode_name
from notifications.pasted import BLANKS, BRACKETED, split_list, unwrapped, without_link

ADDRESS_LIMIT = 254  # octets: RFC 5321 4.5.3.1.3 less the angle brackets
NAME_LIMIT = 128
SHOWN = 60
# Controls, line ends of every kind, lone surrogates and controls of the writing direction. They could start a header, a
# command or, as \x01, a field of XOAUTH2; or show a name as another one.
FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
ATEXT_WORDS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
# What a name that was copied brings along at its ends. Within, it may join letters.
UNSEEN = "[\\s\u00ad\u061c\u180e\u200b-\u200f\u2060-\u2064\ufeff]+"
UNSEEN_ENDS = re.compile(f"^{UNSEEN}|{UNSEEN}$")

# Private relays do serve .local, .test and bare host names, and the server has the last word anyway. The package
# documents this list as the place to say so; it is the same for the whole process.
email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()


@dataclass(frozen=True)
class Address:
    """`address` is bare ASCII with its domain in lower case; `name` may be empty."""

    name: str
    address: str

    def __str__(self) -> str:
        """As people read and type it; `parse_address` reads it back."""
        return self._with_name(self.name if self._is_plain() else quoted(self.name))

    @property
    def key(self) -> str:
        """The same for every spelling of one mailbox.

        RFC 5321 2.4 leaves the case of a local part to the receiving host, but every common one ignores it: two
        spellings are one person, who would get the email twice.
        """
        return self.address.casefold()

    @property
    def header(self) -> str:
        """As it stands in a header: ASCII, a name that needs it in encoded words of at most 75 characters."""
        longest = max(map(len, quoted(self.name).split(" ")))
        encoded = needs_encoding(self.name) or longest > WORD_LIMIT
        return self._with_name(" ".join(encoded_words(self.name))) if encoded else str(self)

    def _is_plain(self) -> bool:
        return bool(ATEXT_WORDS.fullmatch("".join(char if char.isascii() else "x" for char in self.name)))

    def _with_name(self, name: str) -> str:
        return f"{name} <{self.address}>" if self.name else self.address


def parse_address(text: str) -> Address:
    """One address, bare or as `Name <address>`. Raises ValueError with a sentence for the person who typed it.

    Accepted because RFC 5321 has them: quoted local parts and domain literals, `a@[192.0.2.1]`. International domains
    become A-labels. Refused: local parts beyond ASCII, since they need SMTPUTF8 on every server on the way.
    """
    text = text.strip(BLANKS)
    if len(text) > ADDRESS_LIMIT + 2 * NAME_LIMIT + 5:
        raise refusal(text, f"it is {len(text):,} characters long")
    text = unwrapped(text)
    if not text:
        raise ValueError("Give an address, such as ops@example.com.")
    if found := FORBIDDEN.search(text):
        raise refusal(text, f"it contains a control character: {unicode_name(found[0])}")
    if len([part for part in split_list(text) if "@" in part]) > 1:
        raise refusal(text, "give one address only")
    name, address = split_name(text)
    return Address(name, validated(address, shown_as=text))


def parse_addresses(text: str) -> list[Address]:
    """All addresses of a list with commas, semicolons or line breaks between them; ValueError names the bad one."""
    return [parse_address(part) for line in re.split(r"[\r\n]+", text) for part in split_list(line)]


def dedupe(addresses: Iterable[Address]) -> list[Address]:
    """Each mailbox once, as it was mentioned first."""
    first: dict[str, Address] = {}
    for address in addresses:
        first.setdefault(address.key, address)
    return list(first.values())


def split_name(text: str) -> tuple[str, str]:
    if not text.endswith(">"):
        return "", text
    match = BRACKETED.fullmatch(text)
    if not match:
        raise refusal(text, "write it as Name <address>, and a name with special characters in quotes")
    name = match["name"].strip(BLANKS)
    if name.startswith('"'):
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    name = UNSEEN_ENDS.sub("", " ".join(name.split()))
    if len(name) > NAME_LIMIT:
        raise refusal(text, f"the name has more than {NAME_LIMIT} characters")
    return name, without_link(match["address"].strip(BLANKS))


def validated(address: str, shown_as: str) -> str:
    if unseen := invisible_names(address):
        raise refusal(shown_as, f"it contains an invisible character: {unseen}. Delete it, or type the address")
    local, at, domain = address.rpartition("@")
    if not at:
        raise refusal(shown_as, "it has no @")
    if not local.isascii():
        raise refusal(
            shown_as, "only ASCII characters can stand before the @, since few servers take others (SMTPUTF8)"
        )
    if domain.rpartition(".")[2].isdigit():
        raise refusal(shown_as, "an IP address after the @ is written in brackets, as in ops@[192.0.2.1]")
    try:
        found = email_validator.validate_email(
            address,
            allow_smtputf8=False,
            allow_quoted_local=True,
            allow_domain_literal=True,
            check_deliverability=False,
            globally_deliverable=False,
            strict=True,
        )
    except email_validator.EmailNotValidError as error:
        reason = str(error)
        raise refusal(shown_as, reason[:1].lower() + reason[1:].rstrip(".")) from error
    return f"{found.ascii_local_part}@{found.ascii_domain.replace('[ipv6:', '[IPv6:')}"


def refusal(text: str, reason: str) -> ValueError:
    return ValueError(f"“{shown(text)}” cannot be used: {reason}.")


def shown(text: str) -> str:
    visible = escaped(text[: SHOWN + 1])
    return visible if len(text) <= SHOWN else f"{visible[:SHOWN]}…"


def quoted(name: str) -> str:
    return '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'
