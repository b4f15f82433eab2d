"""What each mode has in the file: one entry for each mode, and all else follows from it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from notifications.forms import graph, mail_server, oauth2
from notifications.models import MailServerSettings, Mode


class SectionForm(Protocol):
    """The form of a mode's page; made from data and `saved`, the MailServerSettings in force."""

    fields: dict[str, Any]

    @property
    def errors(self) -> Any: ...
    def is_valid(self) -> bool: ...
    def values(self) -> dict[str, Any]:
        """By column of MailServerSettings."""


@dataclass(frozen=True)
class Section:
    """`secrets` are the fields given by environment variable; `files` maps a key that names a file to its field.

    `switched_on` are the switches that a key left out means on: a page posts nothing for a switch that is off.
    """

    form: Callable[..., SectionForm]
    values_shown: Callable[[MailServerSettings], dict[str, Any]]
    secrets: tuple[str, ...] = ()
    files: dict[str, str] = field(default_factory=dict)
    switched_on: tuple[str, ...] = ()


SECTIONS: dict[str, Section] = {
    Mode.BASIC: Section(
        form=mail_server.MailServerForm,
        values_shown=mail_server.initial_of,
        secrets=("password",),
        files={"ca_file": "ca_certificate"},
    ),
    Mode.OAUTH2: Section(
        form=oauth2.OAuth2Form,
        values_shown=oauth2.initial_of,
        secrets=("client_secret",),
    ),
    Mode.GRAPH: Section(
        form=graph.GraphForm,
        values_shown=graph.initial_of,
        secrets=("client_secret",),
        switched_on=("save_to_sent_items",),
    ),
}
