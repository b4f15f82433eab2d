"""The form of the table: what a failure looks like, what it means, what to do."""

from dataclasses import dataclass, replace

from notifications.diagnosis.reading import Said

# How much each part tells: an identifier more than an enhanced code, that more than words, these more than a class.
WORD_WEIGHT, ENHANCED_WEIGHT, TEXT_WEIGHT, SUBJECT_WEIGHT, REPLY_WEIGHT, CLASS_WEIGHT = 6.0, 4.0, 3.0, 2.0, 1.0, 0.5
NAMES = ("Exchange", "Google", "Graph", "Microsoft", "SMTP")
# What an explanation says as long as nobody knows where it was: in a sentence, and in a command.
THERE, HOST_AND_PORT = "that address and port", "server port"


@dataclass(frozen=True)
class Explanation:
    """`guide` is the address of the vendor's page about it, or empty."""

    title: str
    cause: str
    fix: str
    guide: str = ""

    @property
    def clause(self) -> str:
        """The title as it goes on behind a colon."""
        return self.title if self.title.startswith(NAMES) else self.title[:1].lower() + self.title[1:]

    def at(self, host: str, port: str) -> "Explanation":
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        return replace(
            self, title=self.title.replace(THERE, address), fix=self.fix.replace(HOST_AND_PORT, f"{host} {port}")
        )


@dataclass(frozen=True)
class Sign:
    """What to recognise: all of `codes` (`535`, `5.7.139`, `5.7.x`, `5xx`, `ErrorAccessDenied`) and `text`, a fragment.

    `mode` limits it to one mode of sending. `bare` wants a text without any reply code: a library's, not a server's,
    which may well tell of its own refused connections.
    """

    codes: str = ""
    text: str = ""
    mode: str = ""
    bare: bool = False

    def weight(self, said: Said) -> float:
        """How much of `said` this sign accounts for; negative when it is not there."""
        codes = self.codes.lower().split()
        absent = not said.tokens.issuperset(codes) or self.text not in said.text
        if absent or (self.mode and self.mode != said.mode) or (self.bare and said.is_reply):
            return -1
        return sum(map(weight_of, codes)) + (TEXT_WEIGHT if self.text else 0)


@dataclass(frozen=True)
class Entry:
    """`examples` are (code, text) pairs that this entry has to win, in the words that servers and libraries use."""

    explanation: Explanation
    signs: tuple[Sign, ...]
    examples: tuple[tuple[str, str], ...]
    mode: str = "basic"  # of the examples

    def weight(self, said: Said) -> float:
        return max(sign.weight(said) for sign in self.signs)


def weight_of(code: str) -> float:
    if code[0].isalpha():
        return WORD_WEIGHT
    if "." in code:
        return SUBJECT_WEIGHT if code.endswith("x") else ENHANCED_WEIGHT
    return CLASS_WEIGHT if code.endswith("x") else REPLY_WEIGHT
