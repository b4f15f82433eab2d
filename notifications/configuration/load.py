"""A file becomes what is set: all of it or nothing, and a second time nothing."""

import tomllib
from collections.abc import Iterator
from contextlib import suppress
from copy import copy
from pathlib import Path
from typing import Any

from django.db import transaction

from notifications.configuration import keys
from notifications.configuration.changes import Change, MailServerChange, NotificationChange, SafetyChange
from notifications.configuration.problems import ConfigurationError, form_problems, joined, refuse_unknown, table
from notifications.configuration.sections import SECTIONS, Section
from notifications.forms.notification import NotificationForm
from notifications.forms.safety import SafetyForm
from notifications.models import AuditEvent, MailServerSettings, Mode, Notification, Safety, StaleVersion

MOST_TRIES = 3


def load(text: str, folder: Path) -> list[str]:
    """Store what `text` says, with files looked up from `folder`; a sentence for each thing that it names.

    A key that is left out has its default, except secrets, the active mode, and notifications of other names: they
    stay as they are. Raises ConfigurationError, and changes nothing, when anything does not fit.
    """
    content = parsed(text)
    refuse_unknown(content, ("mail_server", "safety", "notifications"))
    for _ in range(MOST_TRIES):
        # Checking 300 notifications takes seconds, and storing them a fraction of one: only that keeps others waiting.
        changes = list(planned(content, folder))
        with suppress(StaleVersion):
            return store(changes)
    raise ConfigurationError(["Somebody else changed the configuration at the same time. Import the file again."])


def planned(content: dict[str, Any], folder: Path) -> Iterator[Change]:
    if "mail_server" in content:
        yield planned_mail_server(table(content["mail_server"], "mail_server"), folder)
    if "safety" in content:
        yield planned_safety(table(content["safety"], "safety"))
    yield from planned_notifications(content.get("notifications", []))


@transaction.atomic
def store(changes: list[Change]) -> list[str]:
    """All of them or, with StaleVersion, none."""
    with AuditEvent.in_the_end() as events:
        sentences = [change.apply() for change in changes]
        if events:
            loaded = [str(event) for event in events]
            AuditEvent.record(AuditEvent.Action.CONFIGURATION_LOADED, counted(len(events)), fields=loaded)
    return sentences


def counted(count: int) -> str:
    return f"{count:,} change{'' if count == 1 else 's'}"


def parsed(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError([f"This is not valid TOML: {error}."]) from error
    except RecursionError as error:
        raise ConfigurationError(["This is not valid TOML: it is nested too deeply."]) from error


def planned_mail_server(given: dict[str, Any], folder: Path) -> MailServerChange:
    refuse_unknown(given, ("active", *SECTIONS), "mail_server")
    saved = MailServerSettings.load()
    values: dict[str, Any] = {}
    for mode, section in SECTIONS.items():
        if mode in given:
            path = f"mail_server.{mode}"
            values |= section_values(section, table(given[mode], path), path, saved, folder)
    values["active_mode"] = active_mode(given, saved, values)
    return MailServerChange(saved, values)


def section_values(
    section: Section, given: dict[str, Any], path: str, saved: MailServerSettings, folder: Path
) -> dict[str, Any]:
    known = section.form(saved=saved).fields
    refuse_unknown(given, (*known, *section.files), path)
    data: dict[str, Any] = dict.fromkeys(section.switched_on, True)
    data |= {name: value for name, value in given.items() if name not in section.files}
    for name in section.secrets:
        if name in data:
            data[name] = keys.secret(data[name], joined(path, name))
    for name, field in section.files.items():
        if name in given and field in given:
            raise ConfigurationError([f"{joined(path, name)}: say either {name} or {field}, not both."])
        if name in given:
            data[field] = keys.file(given[name], joined(path, name), folder)
    form = section.form(data, saved=saved)
    if not form.is_valid():
        written_as = {field: name for name, field in section.files.items() if name in given}
        raise ConfigurationError(form_problems(form.errors, path, written_as))
    return form.values()


def active_mode(given: dict[str, Any], saved: MailServerSettings, values: dict[str, Any]) -> str:
    mode = given.get("active", saved.active_mode)
    if not isinstance(mode, str) or mode not in SECTIONS:
        raise ConfigurationError([f"mail_server.active: must be {' or '.join(SECTIONS)}."])
    after = copy(saved)
    for name, value in values.items():
        setattr(after, name, value)
    if mode != saved.active_mode and not after.has_values(mode):
        raise ConfigurationError([f"mail_server.active: {Mode(mode).label} is not set up, so it cannot be active."])
    return str(mode)


def planned_safety(given: dict[str, Any]) -> SafetyChange:
    refuse_unknown(given, SafetyForm.base_fields, "safety")
    saved = Safety.load()
    form = SafetyForm.of(saved, {"paused": False, **given})
    if not form.is_valid():
        raise ConfigurationError(form_problems(form.errors, "safety", {}))
    return SafetyChange(saved, form.cleaned_data)


def planned_notifications(given: Any) -> Iterator[NotificationChange]:
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise ConfigurationError(["notifications: must be sections [[notifications]]."])
    for number, each in enumerate(given):
        refuse_unknown(each, NotificationForm.Meta.fields, f"notifications[{number}]")
    names = [name_of(each) for each in given]
    refuse_repeated(names)
    known = {notification.name: notification for notification in Notification.objects.filter(name__in=names)}
    for number, (each, name) in enumerate(zip(given, names, strict=True)):
        yield planned_notification(each, known.get(name), f"notifications[{number}]")


def refuse_repeated(names: list[str]) -> None:
    for number, name in enumerate(names):
        first = names.index(name)
        if name and first < number:
            raise ConfigurationError([f"notifications[{number}].name: stands already in notifications[{first}]."])


def planned_notification(given: dict[str, Any], known: Notification | None, path: str) -> NotificationChange:
    before, seen = (content_of(known), known.version) if known else (None, None)
    form = NotificationForm.of(given, instance=known)
    if not form.is_valid():
        raise ConfigurationError(form_problems(form.errors, path, {}))
    return NotificationChange(form, seen, content_of(form.instance) == before)


def name_of(given: dict[str, Any]) -> str:
    """Empty for what is no name, or none that a database takes; the form then says so."""
    name = given.get("name")
    return name.strip() if isinstance(name, str) and "\x00" not in name else ""


def content_of(notification: Notification) -> dict[str, Any]:
    return {name: getattr(notification, name) for name in NotificationForm.Meta.fields}
