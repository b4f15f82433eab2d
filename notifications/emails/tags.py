"""The tags of the template language. Names are checked when a template is read: a tag says what it brings in."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from django.template import Context, Library, Node, TemplateSyntaxError, defaulttags
from django.template.base import FilterExpression, NodeList, Token
from django.utils.safestring import SafeString, mark_safe

from notifications.emails.budget import budget_of
from notifications.emails.variables import Kind, Variable

if TYPE_CHECKING:
    from notifications.emails.language_parser import TemplateParser

register = Library()
register.tag("if", defaulttags.do_if)
register.tag("comment", defaulttags.comment)
LOOPS_IN_EACH_OTHER = 2
FORLOOP = Variable(
    "forloop",
    "Where the loop is",
    "",
    Kind.ITEM,
    tuple(Variable(name, "", "", Kind.NUMBER) for name in ("counter", "counter0", "revcounter", "first", "last")),
)


class Loop(Node):
    child_nodelists = ("body", "otherwise")

    def __init__(self, name: str, values: FilterExpression, body: NodeList, otherwise: NodeList) -> None:
        self.name, self.values, self.body, self.otherwise = name, values, body, otherwise

    def render(self, context: Context) -> SafeString:
        values = self.values.resolve(context)
        if not isinstance(values, list) or not values:
            return self.otherwise.render(context)
        return mark_safe("".join(self._rounds(context, values)))  # noqa: S308  # its nodes escape

    def _rounds(self, context: Context, values: list[Any]) -> Iterator[str]:
        for place, value in enumerate(values):
            budget_of(context).begin_round()
            with context.push({self.name: value, "forloop": position(place, len(values))}):
                yield self.body.render(context)


def position(place: int, count: int) -> dict[str, int | bool]:
    return {
        "counter": place + 1,
        "counter0": place,
        "revcounter": count - place,
        "first": place == 0,
        "last": place == count - 1,
    }


class With(Node):
    child_nodelists = ("body",)

    def __init__(self, values: dict[str, FilterExpression], body: NodeList) -> None:
        self.values, self.body = values, body

    def render(self, context: Context) -> SafeString:
        budget, values = budget_of(context), {}
        with ExitStack() as held:
            for name, value in self.values.items():
                values[name] = value.resolve(context)
                held.enter_context(budget.holding(values[name]))
            with context.push(values):
                return self.body.render(context)


@register.tag("for")
def loop(parser: "TemplateParser", token: Token) -> Loop:
    """`{% for target in targets %}…{% empty %}…{% endfor %}`"""
    words = token.split_contents()
    if len(words) != 4 or words[2] != "in" or not words[1].isidentifier():
        raise TemplateSyntaxError("Write it as {% for target in targets %}.")
    name, values = words[1], parser.compile_filter(words[3])
    list_ = parser.kind_of(values)
    if list_.kind is not Kind.LIST:
        raise TemplateSyntaxError("A loop goes through a list: targets or failures.")
    item = Variable(name, list_.meaning, "", Kind.ITEM, list_.members)
    with parser.scope({name: item, "forloop": FORLOOP}, loops=1):
        if parser.loops > LOOPS_IN_EACH_OTHER:
            raise TemplateSyntaxError(f"More than {LOOPS_IN_EACH_OTHER} loops stand in each other.")
        body = parser.parse(("empty", "endfor"))
    otherwise = NodeList()
    if parser.next_token().contents == "empty":
        otherwise = parser.parse(("endfor",))
        parser.delete_first_token()
    return Loop(name, values, body, otherwise)


@register.tag("with")
def with_(parser: "TemplateParser", token: Token) -> With:
    """`{% with share=failed_percent %}…{% endwith %}`"""
    values: dict[str, FilterExpression] = {}
    for word in token.split_contents()[1:]:
        name, sign, expression = word.partition("=")
        if not (sign and expression and name.isidentifier() and not name.startswith("_")):
            raise TemplateSyntaxError("Write it as {% with share=failed_percent %}.")
        values[name] = parser.compile_filter(expression)
    with parser.scope({name: parser.kind_of(value) for name, value in values.items()}):
        body = parser.parse(("endwith",))
    parser.delete_first_token()
    return With(values, body)


@register.tag("firstof")
def first_of(parser: "TemplateParser", token: Token) -> Node:
    """`{% firstof package name %}`"""
    words = token.split_contents()[1:]
    if not words or "as" in words:
        raise TemplateSyntaxError("Write it as {% firstof package name %}.")
    return parser.metered(defaulttags.FirstOfNode([parser.compile_filter(word) for word in words]))
