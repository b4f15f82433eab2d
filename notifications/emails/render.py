"""From templates to text and HTML."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.template import Context, TemplateDoesNotExist, TemplateSyntaxError, engines
from django.template.loader import render_to_string


@dataclass(frozen=True)
class Parts:
    """`html` is empty when it could not be made."""

    text: str
    html: str = ""


def render(name: str, values: Mapping[str, Any]) -> Parts:
    """`templates/emails/{name}.txt` and `.html`. A mail without its HTML goes out all the same, and says why."""
    try:
        html = render_to_string(f"emails/{name}.html", dict(values))
    except (TemplateDoesNotExist, TemplateSyntaxError, UnicodeError) as error:
        # A template changed on this installation, or a value that no template can take.
        return Parts(f"{text_of(name, values)}\n{excuse(error)}\n")
    return Parts(text_of(name, values), html)


def text_of(name: str, values: Mapping[str, Any]) -> str:
    """Nothing is escaped here: `R&D <Lab>` is to read so in plain text."""
    template = engines["django"].engine.get_template(f"emails/{name}.txt")  # type: ignore[attr-defined]  # Django's own has it
    return tidy(template.render(Context(dict(values), autoescape=False)))


def tidy(text: str) -> str:
    """Template tags leave blanks at line ends and empty lines in heaps."""
    # The blank behind two dashes tells mail programs where the signature begins.
    lines = [line if line == "-- " else line.rstrip() for line in text.strip().split("\n")]
    kept = [line for line, before in zip(lines, ["", *lines], strict=False) if line or before]
    return "\n".join(kept) + "\n"


def excuse(error: Exception) -> str:
    return f"This mail has no formatted part, because it could not be made ({type(error).__name__}: {error})."
