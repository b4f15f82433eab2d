"""How a notification's conditions, limits and variables read on its pages."""

from django import template

from notifications.emails.variables import Kind, Variable

register = template.Library()


@register.filter
def insertion(variable: Variable, form: str = "") -> str:
    """What to write for it in a template; a list needs a loop, of which the `short` form is the begin."""
    if variable.kind is not Kind.LIST:
        return f"{{{{ {variable.name} }}}}"
    begin = f"{{% for target in {variable.name} %}}"
    line = "- {{ target.name }}: {{ target.detail }}"
    return begin if form else f"{begin}\n{line}\n{{% endfor %}}"
