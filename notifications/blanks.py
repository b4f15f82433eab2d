"""Blanks in a secret that a person does not see, as text copied from a web page or a mail brings them."""

import re
import unicodedata

from notifications.invisible import is_invisible

NAMES = {"\t": "a tab", "\n": "a line break", "\r": "a line break"}
# Google shows an app password in four groups and accepts it without the spaces between them.
APP_PASSWORD = re.compile(r"[a-z]{4}( [a-z]{4}){3}", re.I)


def odd_blanks(secret: str) -> str:
    """What `secret` contains that is often copied by mistake, in words without the secret; empty if nothing is odd."""
    found = [name_of(char) for char in secret if is_invisible(char)]
    found += ["a space at the beginning"] * secret.startswith(" ") + ["a space at the end"] * secret.endswith(" ")
    found += ["the spaces of a Google app password"] * bool(APP_PASSWORD.fullmatch(secret.strip()))
    words = list(dict.fromkeys(found))
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def without_blanks(secret: str) -> str:
    """`secret` without what `odd_blanks` names; a space between two words stays."""
    left = "".join(char for char in secret if not is_invisible(char)).strip(" ")
    return left.replace(" ", "") if APP_PASSWORD.fullmatch(left) else left


def name_of(char: str) -> str:
    name = unicodedata.name(char, "control character").lower()
    return NAMES.get(char) or f"{'an' if name[0] in 'aeiou' else 'a'} {name} (U+{ord(char):04X})"
