"""Text beyond ASCII in headers (RFC 2047).

The standard library folds such text itself, but loses or adds spaces and makes words longer than the 75 characters that
the RFC allows when it meets long unbroken text or unusual blanks.
"""

from base64 import b64encode
from collections.abc import Iterator

WORD_LIMIT = 64
BYTES_IN_A_WORD = 39  # are 52 in base64, 64 with =?utf-8?b? and ?=: even `Reply-To: ` before it fits a line of 76


def needs_encoding(text: str) -> bool:
    """Also what merely looks encoded: a reader would decode it into something else."""
    return not (text.isascii() and text.isprintable()) or "=?" in text


def encoded_words(text: str) -> list[str]:
    """Words to be set one blank apart; readers join them without it."""
    return [f"=?utf-8?b?{b64encode(part).decode('ascii')}?=" for part in parts(text)]


def parts(text: str) -> Iterator[bytes]:
    """UTF-8 in pieces that end between characters: a word must be decodable alone."""
    piece = b""
    for char in text:
        octets = char.encode()
        if len(piece) + len(octets) > BYTES_IN_A_WORD:
            yield piece
            piece = b""
        piece += octets
    yield piece
