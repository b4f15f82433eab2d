"""Django's parser, kept to a list of names: whatever a template could reach for is refused before anything is rendered.

A lookup of Django's falls back to attributes and calls what it finds, `{{ targets.clear }}` too. Here no lookup is
compiled unless `variables` lists it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.template import Context, Node, TemplateSyntaxError
from django.template.base import FilterExpression, NodeList, Parser, TextNode, Token, VariableNode
from django.template.base import Variable as Lookup

from notifications.emails import filters, tags
from notifications.emails.budget import budget_of
from notifications.emails.variables import VARIABLES, Kind, Variable
from notifications.spelling import did_you_mean

BLOCKS_IN_EACH_OTHER = 12
# A tag that is longer could nest deeper than Python's stack within one condition.
TAG_LIMIT = 500
SHOWN = 40
PROBLEMS_LIMIT = 100
CONSTANTS = ("True", "False", "None")
SOMETHING = Variable("", "", "")


class MeteredNode(Node):
    """Spends what its node writes."""

    def __init__(self, node: Node) -> None:
        self.node = node

    def render(self, context: Context) -> str:
        text = self.node.render(context)
        budget_of(context).write(text)
        return text


class MeteredExpression(FilterExpression):
    """Spends the time that its value takes, wherever it stands."""

    def resolve(self, context: Context, ignore_failures: bool = False) -> Any:
        budget = budget_of(context)
        budget.check_time()
        with budget.spending():
            return super().resolve(context, ignore_failures)


class TooManyProblems(Exception):
    """More than anybody reads; looking for what was meant by each takes long."""


class TemplateParser(Parser):
    """Goes on after an unknown name, so that `problems` has them all: pairs of line and sentence."""

    def __init__(self, tokens: list[Token]) -> None:
        super().__init__(tokens, builtins=[filters.register, tags.register])
        self.problems: list[tuple[int, str]] = []
        self.line = 1
        self.depth = self.loops = 0
        self.scopes = [{variable.name: variable for variable in VARIABLES}]

    @contextmanager
    def scope(self, names: Mapping[str, Variable], loops: int = 0) -> Iterator[None]:
        self.scopes.append({**self.scopes[-1], **names})
        self.loops += loops
        yield
        self.loops -= loops
        self.scopes.pop()

    def parse(self, parse_until: Iterable[str] | None = None) -> NodeList:
        self.depth += 1
        if self.depth > BLOCKS_IN_EACH_OTHER:
            raise TemplateSyntaxError(f"More than {BLOCKS_IN_EACH_OTHER} tags stand in each other.")
        nodes = super().parse(parse_until)
        self.depth -= 1
        return nodes

    def next_token(self) -> Token:
        token = super().next_token()
        self.line = token.lineno or self.line
        if token.token_type.value and len(token.contents) > TAG_LIMIT:
            raise self.error(token, f"A tag is longer than {TAG_LIMIT} characters.")
        return token

    def extend_nodelist(self, nodelist: NodeList, node: Node, token: Token) -> None:
        if isinstance(node, VariableNode):
            self._refuse_list(node.filter_expression)
        leaf = isinstance(node, TextNode | VariableNode)
        super().extend_nodelist(nodelist, self.metered(node) if leaf else node, token)

    @staticmethod
    def metered(node: Node) -> Node:
        return MeteredNode(node)

    def problem(self, sentence: str, line: int | None = None) -> None:
        self.problems.append((line or self.line, sentence))
        if len(self.problems) >= PROBLEMS_LIMIT:
            raise TooManyProblems

    # --- expressions ---

    def compile_filter(self, token: str) -> FilterExpression:
        try:
            expression = MeteredExpression(token, self)
        except (TemplateSyntaxError, ValueError) as error:
            raise TemplateSyntaxError(f"“{shown(token)}” cannot be understood: {error}") from error
        for lookup in lookups_of(expression):
            self._find(lookup)
        if self.kind_of(expression, bare=True).kind is Kind.LIST and expression.filters:
            name = filter_names(expression)[0]
            if name and name not in filters.OF_LISTS:
                self.problem(f"“{shown(expression.var.var)}” is a list, and the filter “{name}” is for texts.")
        return expression

    def find_filter(self, filter_name: str) -> Callable[..., Any]:
        if filter_name not in self.filters:
            self.problem(unknown("filter", filter_name, self.filters))
            return unchanged
        return super().find_filter(filter_name)

    def kind_of(self, expression: FilterExpression, bare: bool = False) -> Variable:
        """What an expression gives; `bare` without its filters."""
        found = self._find(expression.var, tell=False) if expression.is_var else SOMETHING
        if bare or not expression.filters:
            return found
        if found.kind is Kind.LIST and filter_names(expression) in (["first"], ["last"]):
            return Variable(found.name, found.meaning, "", Kind.ITEM, found.members)
        return SOMETHING

    def _find(self, lookup: Lookup, tell: bool = True) -> Variable:
        """What a name stands for; one that is not listed is a problem."""
        if not lookup.lookups or lookup.lookups in [(constant,) for constant in CONSTANTS]:
            return SOMETHING
        owner, known = "", self.scopes[-1]
        found = SOMETHING
        for name in lookup.lookups:
            if name not in known:
                if tell:
                    self.problem(unknown("variable", name, known, owner))
                return SOMETHING
            found = known[name]
            owner = name
            known = {member.name: member for member in found.members} if found.kind is Kind.ITEM else {}
        return found

    def _refuse_list(self, expression: FilterExpression) -> None:
        found = self.kind_of(expression)
        if found.kind is Kind.LIST:
            self.problem(f"“{found.name}” is a list: use {{% for target in {found.name} %}}, or {found.name}|join.")

    # --- tags ---

    def invalid_block_tag(self, token: Token, command: str, parse_until: Iterable[str] | None = None) -> Any:
        wanted = list(parse_until or ())
        if command.startswith("end") or command in ("else", "elif", "empty"):
            expected = f"expected is “{wanted[-1]}”" if wanted else "nothing is open"
            raise self.error(token, f"The tag “{shown(command)}” does not fit here: {expected}.")
        raise self.error(token, unknown("tag", command, [*self.tags, *wanted]))

    def unclosed_block_tag(self, parse_until: Iterable[str]) -> Any:
        command, token = self.command_stack.pop()
        raise self.error(token, f"The tag “{command}” is never closed: “{list(parse_until)[-1]}” is missing.")


def unchanged(value: Any, argument: Any = None) -> Any:
    """Stands for a filter that does not exist while the rest is read."""
    return value


def filter_names(expression: FilterExpression) -> list[str]:
    """Empty for one that does not exist."""
    return [getattr(function, "_filter_name", "") for function, _ in expression.filters]


def lookups_of(expression: FilterExpression) -> Iterator[Lookup]:
    if expression.is_var:
        yield expression.var
    for _, arguments in expression.filters:
        yield from (argument for is_lookup, argument in arguments if is_lookup)


def unknown(what: str, name: str, known: Iterable[str], owner: str = "") -> str:
    there = f"“{shown(owner)}” has no “{shown(name)}”" if owner else f"There is no {what} “{shown(name)}”"
    return f"{there}{did_you_mean(name, known) or '.'}"


def shown(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
