"""A mail in the words of its notification: what its templates make of a completion."""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from notifications.emails import language
from notifications.emails.budget import NO_MEMORY
from notifications.emails.headers import one_line
from notifications.emails.language import Field, TemplateFault
from notifications.emails.plain_text import text_of_html
from notifications.emails.render import Parts, tidy
from notifications.emails.words import web_link
from notifications.models import Notification

LINK = re.compile(r"https?://[^\s<>\"]{1,2000}")
# Of a sentence around the address, not of the address.
TRAILING = ".,;:!?'’”»)]}"
PREVIEW_LIMIT = 150  # what a list of mails shows behind the subject
DOCUMENT = re.compile(r"<!doctype|<html\b|<body\b", re.IGNORECASE)
END = re.compile(r"</body\s*>", re.IGNORECASE)


@dataclass(frozen=True)
class OwnWords:
    """What is empty is as in the default; `fault` says why all of it is."""

    subject: str = ""
    parts: Parts | None = None
    fault: str = ""


def own_words(notification: Notification, values: Mapping[str, Any], notes: Sequence[str]) -> OwnWords:
    """`notes` are sentences that the reader ought to have beside whatever the templates say."""
    since = time.thread_time()
    try:
        subject = rendered(Field.SUBJECT, notification.subject_template, values, since)
        text = rendered(Field.TEXT, notification.text_template, values, since)
        html = rendered(Field.HTML, notification.html_template, values, since)
        return words(subject, text, html, values, notes)
    except TemplateFault as fault:
        return OwnWords(fault=str(fault))
    except MemoryError:
        return OwnWords(fault=f"Its own templates could not be used. {NO_MEMORY}")


def words(subject: str, text: str, html: str, values: Mapping[str, Any], notes: Sequence[str]) -> OwnWords:
    if not text and not html:
        return OwnWords(subject)
    title = subject or values["name"]
    as_text = tidy(text) if text else text_of_html(html)
    return OwnWords(subject, Parts(with_notes(as_text, notes), html_part(html, as_text, title, notes)))


def rendered(field: Field, source: str, values: Mapping[str, Any], since: float) -> str:
    if not source.strip():
        return ""
    try:
        return language.render(field, source, values, since)
    except TemplateFault as fault:
        raise TemplateFault(f"Its own {field.label} could not be used. {fault}") from fault


def with_notes(text: str, notes: Sequence[str]) -> str:
    return "\n".join([text, *(f"{note}\n" for note in notes)]) if notes else text


def html_part(html: str, text: str, title: str, notes: Sequence[str]) -> str:
    if DOCUMENT.search(html):
        return with_notes_at_end(html, notes)
    content = mark_safe(html) if html else html_of_text(text)  # noqa: S308  # the language escaped every value
    page = {"title": title, "preview": one_line(text, PREVIEW_LIMIT), "content": content, "notes": notes}
    return render_to_string("emails/own.html", page)


def with_notes_at_end(document: str, notes: Sequence[str]) -> str:
    shown = "".join(format_html("<p>{}</p>", note) for note in notes)
    return END.sub(lambda end: shown + end[0], document, count=1) if END.search(document) else document + shown


def html_of_text(text: str) -> SafeString:
    """Paragraphs and lines as written, addresses of the web to click on."""
    paragraphs = re.split(r"\n{2,}", tidy(text).strip("\n"))
    return mark_safe("\n".join(map(html_paragraph, paragraphs)))  # noqa: S308  # html_line escapes


def html_paragraph(text: str) -> str:
    return f"<p style='margin:0 0 16px'>{'<br>'.join(html_line(line) for line in text.splitlines())}</p>"


def html_line(line: str) -> str:
    indent = len(line) - len(line.lstrip(" "))
    return "&nbsp;" * indent + "".join(linked(line[indent:]))


def linked(text: str) -> list[str]:
    pieces, end = [], 0
    for match in LINK.finditer(text):
        address = web_link(match[0].rstrip(TRAILING))
        if address:
            pieces += [escape(text[end : match.start()]), link(address)]
            end = match.start() + len(address)
    return [*pieces, escape(text[end:])]


def link(address: str) -> str:
    return format_html('<a class="link" href="{}" style="color:#1f5fd0">{}</a>', address, address)
