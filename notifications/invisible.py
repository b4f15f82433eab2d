"""Characters that a person does not see, as text copied from a web page or an email brings them."""

import unicodedata

# Unicode's spaces, line and paragraph ends, controls, invisible format characters and lone surrogates.
CATEGORIES = ("Zs", "Zl", "Zp", "Cc", "Cf", "Cs")
# Letters and marks by category, and yet nothing to see: Hangul fillers, the empty Braille pattern, the grapheme joiner.
FILLERS = "\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\u034f"
# Choose how the character before them looks.
SELECTORS = (range(0x180B, 0x1810), range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))


def is_invisible(char: str) -> bool:
    """All but the space itself."""
    return char != " " and (unicodedata.category(char) in CATEGORIES or char in FILLERS)


def invisible_names(text: str) -> str:
    """`ZERO WIDTH SPACE (U+200B)`, each character of `text` once; empty without any."""
    found = dict.fromkeys(char for char in text if is_invisible(char) or any(ord(char) in each for each in SELECTORS))
    return ", ".join(map(unicode_name, found))


def unicode_name(char: str) -> str:
    code = f"U+{ord(char):04X}"
    name = unicodedata.name(char, "")
    return f"{name} ({code})" if name else code


def escaped(text: str) -> str:
    """`text` with what cannot be seen as `\\u200b`."""
    return "".join(char if char.isprintable() else escape(char) for char in text)


def escape(char: str) -> str:
    return f"\\x{ord(char):02x}" if ord(char) < 0x100 else f"\\u{ord(char):04x}"
