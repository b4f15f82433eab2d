"""Terminal escape sequences: what colors a tool's output on a screen is noise in an email."""

import re

# ECMA-48, sections 5.3 to 5.6 and 8.3; each form as 7-bit (ESC and a letter) and as its C1 character.
STRINGS = re.compile(
    # OSC, DCS, SOS, PM and APC, up to ST or, as xterm has it, BEL on the same line.
    r"(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\n\r\x1b\x80-\x9f]*+(?:\x07|\x1b\\|\x9c)"
)
SEQUENCES = re.compile(
    # One that never ends: only its head goes, since what follows may be the tool's text.
    r"(?:\x1b\]|\x9d)(?:\d*;)?|(?:\x1b[PX^_]|[\x90\x98\x9e\x9f])"
    # CSI; one that was cut off lacks its last character.
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    # ESC with a letter, or with characters such as `(B` that choose a set. Only those of terminals: ESC before a blank
    # or a digit is more often a stray.
    r"|\x1b[!-/]+(?:[0-~]|\Z)|\x1b [FGLMN]|\x1b[6-9<=>@-~]"
)


def without_escape_sequences(text: str) -> str:
    """Return `text` as a terminal would print it, without colors, titles and links."""
    if "\x1b" in text or not text.isascii():
        return SEQUENCES.sub("", STRINGS.sub("", text))
    return text
