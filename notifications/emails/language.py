"""The language of a notification's subject and body: Django's, without anything that reaches beyond the mail.

No settings, files, other templates or methods can be named, and what a template costs is limited.
"""

import re
import time
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple

from django.template import Engine, Template, TemplateSyntaxError
from django.template.base import Lexer, NodeList

from notifications.addresses import FORBIDDEN
from notifications.emails.budget import NO_MEMORY, Budget, Metered, TooMuch
from notifications.emails.language_parser import TemplateParser, TooManyProblems

ROUNDS = 20_000
# Of the processor, for all templates of one email.
SECONDS = 0.4
PROBLEMS_SHOWN = 20
LONG = 5000
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
    Field.TEXT: Limits(50_000, 250_000),
    Field.HTML: Limits(100_000, 500_000),
}


class TemplateFault(Exception):
    """Why a template makes no text: a sentence, and the line it is about (0: no one line)."""

    def __init__(self, sentence: str, line: int = 0) -> None:
        super().__init__(f"Line {line}: {sentence}" if line else sentence)
        self.sentence, self.line = sentence, line


class CheckedTemplate(Template):
    """A template whose nodes are there already: they were made when it was checked."""

    def __init__(self, source: str, nodes: NodeList) -> None:
        self._nodes = nodes
        super().__init__(source, engine=ENGINE)

    def compile_nodelist(self) -> NodeList:
        return self._nodes


class Parsed(NamedTuple):
    """`problems` are lines and sentences; `template` is None when there are any."""

    problems: list[tuple[int, str]]
    template: CheckedTemplate | None = None


def check(field: Field | str, source: str) -> list[tuple[int, str]]:
    """What is wrong with a template, as lines and sentences; empty when nothing is."""
    return parsed(Field(field), source).problems


def parsed(field: Field, source: str) -> Parsed:
    """Parsing takes far longer than rendering, and a notification has the same template each time."""
    return parsed_long(field, source) if len(source) > LONG else parsed_short(field, source)


# The nodes of a template take some hundred times its source.
@lru_cache(maxsize=4)
def parsed_long(field: Field, source: str) -> Parsed:
    return parse(field, source)


@lru_cache(maxsize=128)
def parsed_short(field: Field, source: str) -> Parsed:
    return parse(field, source)


def parse(field: Field, source: str) -> Parsed:
    if problems := obvious_problems(field, source):
        return Parsed(problems)
    parser = TemplateParser(Lexer(source).tokenize())
    try:
        nodes = parser.parse()
    except TemplateSyntaxError as error:
        line = getattr(getattr(error, "token", None), "lineno", None) or parser.line
        parser.problems.append((line, sentence_of(error)))
    except TooManyProblems:
        pass
    if parser.problems:
        return Parsed(sorted(set(parser.problems))[:PROBLEMS_SHOWN])
    return Parsed([], CheckedTemplate(source, nodes))


def obvious_problems(field: Field, source: str) -> list[tuple[int, str]]:
    """What is found without the parser, which could not cope with some of it."""
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
    unclosed = unclosed_lines(source)
    return [(line, "A “{{”, “{%” or “{#” is not closed on its line.") for line in unclosed]


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


def render(field: Field | str, source: str, context: Mapping[str, Any], since: float | None = None) -> str:
    """`context` as `values.template_values` makes it, `since` the thread's time when the email was begun.

    Raises TemplateFault.
    """
    field = Field(field)
    budget = Budget(LIMITS[field].output, ROUNDS, SECONDS, time.thread_time() if since is None else since)
    values = Metered(dict(context), budget, autoescape=field is Field.HTML)
    try:
        text = str(compiled(field, source).render(values))
    except TooMuch as error:
        raise TemplateFault(str(error)) from error
    except MemoryError as error:
        raise TemplateFault(NO_MEMORY) from error
    except (TemplateSyntaxError, TypeError, ValueError, LookupError, ArithmeticError, AttributeError) as error:
        raise TemplateFault(f"It could not be filled in ({type(error).__name__}: {error}).") from error
    if budget.fault:
        raise TemplateFault(budget.fault)
    if not text.strip():
        raise TemplateFault("It came out empty.")
    return text


# The parser brings its own tags; this one only says what an unknown value reads as.
ENGINE = Engine(loaders=[])


def compiled(field: Field, source: str) -> Template:
    """Checked once more: what is stored may be older than the rules, or come from another installation."""
    problems, template = parsed(field, source)
    if template is None:
        line, sentence = problems[0]
        raise TemplateFault(sentence, line)
    return template


def unclosed_lines(source: str) -> list[int]:
    """Looked for before Django's lexer does, which takes minutes over a long line of them."""
    lines = enumerate(source.split("\n"), start=1)
    return [number for number, line in lines if any(line.rfind(a) > line.rfind(b) for a, b in PAIRS)][:PROBLEMS_SHOWN]


def sentence_of(error: TemplateSyntaxError) -> str:
    sentence = str(error)
    return sentence if sentence.endswith((".", "?")) else f"{sentence}."
