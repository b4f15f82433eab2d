"""The language of a notification's subject and body: Django's, without anything that reaches beyond the mail.

No settings, files, other templates or methods can be named, and what a template costs is limited.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple

from django.template import Engine, Template, TemplateSyntaxError
from django.template.base import Lexer, NodeList

from notifications.addresses import FORBIDDEN
from notifications.emails.budget import Budget, Metered, TooMuch
from notifications.emails.language_parser import TemplateParser

ROUNDS = 20_000
SECONDS = 1.0
PROBLEMS_SHOWN = 20
ENDS = {"{{": "}}", "{%": "%}", "{#": "#}"}
BEGINNING = re.compile("|".join(map(re.escape, ENDS)))
PAIRS = (("{{", "}}"), ("{%", "%}"), ("{#", "#}"))
LINE_ENDS = str.maketrans("", "", "\r\n\t")


class Field(StrEnum):
    SUBJECT = "subject"
    TEXT = "text"
    HTML = "html"

    @property
    def label(self) -> str:
        return {"subject": "subject", "text": "text", "html": "HTML"}[self]


class Limits(NamedTuple):
    """In characters."""

    source: int
    output: int


LIMITS = {
    Field.SUBJECT: Limits(500, 10_000),  # a long name makes a long subject, which is cut, not refused
    Field.TEXT: Limits(50_000, 1_000_000),
    Field.HTML: Limits(100_000, 2_000_000),
}


class TemplateFault(Exception):
    """Why a template makes no text: a sentence, and the line it is about (0: no one line)."""

    def __init__(self, sentence: str, line: int = 0) -> None:
        super().__init__(f"Line {line}: {sentence}" if line else sentence)
        self.sentence, self.line = sentence, line


def check(field: Field | str, source: str) -> list[tuple[int, str]]:
    """What is wrong with a template, as lines and sentences; empty when nothing is."""
    field = Field(field)
    limit = LIMITS[field].source
    if len(source) > limit:
        return [(1, f"It has {len(source):,} characters; {limit:,} are allowed.")]
    if odd := FORBIDDEN.search(source.translate(LINE_ENDS)):
        line = source.count("\n", 0, source.index(odd[0])) + 1
        return [(line, f"It has a control character (U+{ord(odd[0]):04X}), which no mail can carry.")]
    if field is Field.SUBJECT and "\n" in source.strip():
        return [(1, "A subject is one line.")]
    if open_ends := never_closed(source):
        return open_ends
    if unclosed := unclosed_lines(source):
        return [(line, "A “{{”, “{%” or “{#” is not closed on its line.") for line in unclosed]
    parser = TemplateParser(Lexer(source).tokenize())
    try:
        parser.parse()
    except TemplateSyntaxError as error:
        parser.problem(sentence_of(error), getattr(getattr(error, "token", None), "lineno", None))
    return sorted(set(parser.problems))[:PROBLEMS_SHOWN]


def never_closed(source: str) -> list[tuple[int, str]]:
    """Django takes such a beginning for text, and looks for its end from each anew: 40 s for 100 kB of `{{`."""
    for number, line in enumerate(source.split("\n"), start=1):
        at = 0
        while begin := BEGINNING.search(line, at):
            end = line.find(ENDS[begin[0]], begin.end())
            if end < 0:
                return [(number, f"A “{begin[0]}” is not closed on its line.")]
            at = end + 2
    return []


def render(field: Field | str, source: str, context: Mapping[str, Any]) -> str:
    """`context` as `values.template_values` makes it. Raises TemplateFault."""
    field = Field(field)
    budget = Budget(LIMITS[field].output, ROUNDS, SECONDS)
    values = Metered(dict(context), budget, autoescape=field is Field.HTML)
    try:
        text = str(compiled(field, source).render(values))
    except TooMuch as error:
        raise TemplateFault(str(error)) from error
    except (TemplateSyntaxError, TypeError, ValueError, LookupError, ArithmeticError, AttributeError) as error:
        raise TemplateFault(f"It could not be filled in ({type(error).__name__}: {error}).") from error
    if not text.strip():
        raise TemplateFault("It came out empty.")
    return text


class CheckedTemplate(Template):
    def compile_nodelist(self) -> NodeList:
        return TemplateParser(Lexer(self.source).tokenize()).parse()


# The parser brings its own tags; this one only says what an unknown value reads as.
ENGINE = Engine(loaders=[])


# Compiling takes far longer than rendering, and a notification has the same template each time.
@lru_cache(maxsize=128)
def compiled(field: Field, source: str) -> Template:
    """Checked once more: what is stored may be older than the rules, or come from another installation."""
    if problems := check(field, source):
        line, sentence = problems[0]
        raise TemplateFault(sentence, line)
    return CheckedTemplate(source, engine=ENGINE)


def unclosed_lines(source: str) -> list[int]:
    """Looked for before Django's lexer does, which takes minutes over a long line of them."""
    lines = enumerate(source.split("\n"), start=1)
    return [number for number, line in lines if any(line.rfind(a) > line.rfind(b) for a, b in PAIRS)][:PROBLEMS_SHOWN]


def sentence_of(error: TemplateSyntaxError) -> str:
    sentence = str(error)
    return sentence if sentence.endswith((".", "?")) else f"{sentence}."
