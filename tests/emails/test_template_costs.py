"""Templates made to cost memory and time, each tag and filter that can multiply: checked, composed, read back."""

import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from notifications.emails.language import Field, TemplateFault, check, render
from notifications.emails.mail import Mail
from notifications.emails.notification_email import notification_mail
from notifications.intake.accept import accept
from notifications.models import Message
from notifications.views.delivery_content import body_of
from tests.base import a_completion, a_notification
from tests.emails.props import NOW, completion, notification, targets
from tests.reports import a_report

pytestmark = pytest.mark.django_db
MIB = 1024 * 1024
MEMORY = 50 * MIB
SECONDS = 1.2
ROUNDS = "{% for a in targets %}{% for b in targets %}", "{% endfor %}{% endfor %}"
# `b` has some 200,000 characters: the detail grows to 2,000, and stands between a hundred names.
LONG = (
    "{% for t in targets %}{% with d=t.detail|upper %}{% with b=targets|join:d %}",
    "{% endwith %}{% endwith %}{% endfor %}",
)


def ten_thousand(piece: str) -> str:
    return piece.join(ROUNDS)


def with_long_value(piece: str) -> str:
    return piece.join(LONG)


def joins(depth: int, values: int = 1) -> str:
    """Each `with` joins the targets with what the one before it made."""
    names = ["name", *(f"v{level}" for level in range(depth))]
    tags = (
        " ".join(f"{name}{'' if number == 0 else f'x{number}'}=targets|join:{before}" for number in range(values))
        for before, name in zip(names, names[1:], strict=False)
    )
    opened = "".join(f"{{% with {tag} %}}" for tag in tags)
    return f"x{opened}{{{{ {names[-1]}|truncatechars:5 }}}}{'{% endwith %}' * depth}"


def named(*expressions: str) -> str:
    values = " ".join(f"c{number}={expression}" for number, expression in enumerate(expressions))
    return with_long_value(f"{{% with {values} %}}x{{% endwith %}}")


def condition(*terms: str) -> str:
    return f"{{% if {' or '.join(terms * 9)} %}}y{{% endif %}}"


BOMBS = {
    "join inside with": joins(2),
    "eleven joins": joins(11),
    "many joins in each with": joins(11, values=15),
    "join written": joins(2).replace("|truncatechars:5", ""),
    "join in a condition": with_long_value("{% if targets|join:b == name %}y{% endif %}x"),
    "rounds of details": ten_thousand("{{ a.detail }}"),
    "rounds of text": ten_thousand("x" * 24),
    "rounds of letters beyond the BMP": ten_thousand("😀" * 24),
    "rounds of accents": ten_thousand("ä" * 24),
    "rounds of paragraphs": ten_thousand("a\n\n" * 8),
    "rounds of lines": ten_thousand("a\n" * 12),
    "rounds of links": ten_thousand("http://a.b " * 2),
    "rounds of HTML": ten_thousand("<p>x</p>" * 3),
    "rounds of list items": ten_thousand("<li>" * 6),
    "rounds of open tags": ten_thousand("<a " * 8),
    "rounds of escapes": ten_thousand("<&>" * 8),
    "a long value written": with_long_value("{{ b }}"),
    "firstof": with_long_value("{% firstof b %}"),
    "upper": named(*["b|lower|upper"] * 25),
    "title": named(*["b|title"] * 40),
    "linebreaksbr": named(*["b|linebreaksbr|upper|linebreaksbr|upper|linebreaksbr"] * 8),
    "truncatewords": named(*["b|truncatewords:99999999"] * 15),
    "truncatechars": named(*["b|truncatechars:99999999"] * 15),
    "yesno": named(*["name|yesno:b"] * 30),
    "pluralize": named(*["total|pluralize:b"] * 20),
    "capfirst": named(*["b|capfirst"] * 30),
    "default": named(*["package|default:b"] * 20),
    "a date's form": named(*["started|date:b"] * 20),
    "floatformat": named(*["total|floatformat:b"] * 20),
    "with inside with": with_long_value("{% with c=b|lower d=b|title %}" * 8 + "x" + "{% endwith %}" * 8),
    "conditions": with_long_value(condition("name in b", "b|title == b|lower") * 60 + "x"),
    "conditions in rounds": ten_thousand(condition("a.detail|title == b.detail", "a.name in b.detail") * 60),
    "unknown names": "{{ nmae }}\n" * 4500,
    "unknown filters": "{{ name|uper }}\n" * 3100,
    "many variables": "{{ name }}" * 4900,
    "many filters": f"{{{{ name{'|upper' * 80} }}}}" * 95,
}
# Those that escaping or reading as text makes more of.
IN_HTML = ("many joins", "rounds of", "a long value", "firstof", "linebreaksbr", "conditions", "many variables")
CASES = [("text", name) for name in BOMBS] + [("html", name) for name in BOMBS if name.startswith(IN_HTML)]


def mail_of(source: str, **rule: Any) -> Mail:
    rows = targets(*["failed"] * 100, detail="ß" * 1000)
    return notification_mail(notification(**rule or {"text_template": source}), completion(name="x" * 500), rows, NOW)


def whole_road(field: str, source: str) -> None:
    """As a preview takes it."""
    check(field, source)
    mail = mail_of(source, **{f"{field}_template": source})
    message = Message(subject=mail.subject, content=mail.content)
    assert body_of(message, "html")
    assert body_of(message, "plain")


def memory(work: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def seconds(work: Callable[[], object]) -> float:
    begun = time.thread_time()
    work()
    return time.thread_time() - begun


@pytest.mark.parametrize(("field", "name"), CASES)
def test_no_template_takes_much_memory_or_time(field: str, name: str) -> None:
    taken = seconds(lambda: whole_road(field, BOMBS[name]))
    grown = memory(lambda: whole_road(field, BOMBS[name] + " "))
    assert (taken < SECONDS, grown < MEMORY) == (True, True), f"{taken:.2f} s, {grown / MIB:.0f} MiB"


def test_no_subject_takes_much_memory() -> None:
    assert memory(lambda: mail_of("", subject_template=joins(3))) < MEMORY


def test_templates_and_attachments_together_take_no_more() -> None:
    longest = {
        "subject_template": "{% if name %}a{% endif %}" * 20,
        "text_template": BOMBS["rounds of paragraphs"],
        "html_template": ten_thousand("<p>x</p>" * 6),
        "attach_csv": True,
        "attach_html": True,
    }
    assert memory(lambda: mail_of("", **longest)) < MEMORY
    assert seconds(lambda: mail_of("", **longest)) < SECONDS


@pytest.mark.parametrize(
    ("bomb", "reason"),
    [
        ("join inside with", "One of its values has more than 250,000 characters."),
        ("join in a condition", "One of its values has more than 250,000 characters."),
        ("linebreaksbr", "Its named values have more than 1,000,000 characters together."),
        ("a date's form", "The form of a date has more than 500 characters."),
        ("conditions in rounds", "It takes longer than 0.4 s."),
    ],
)
def test_the_reason_is_a_sentence_in_the_email(bomb: str, reason: str) -> None:
    assert mail_of(BOMBS[bomb]).template_error == f"Its own text could not be used. {reason}"


def test_ordinary_long_emails_are_not_limited() -> None:
    table = (
        "{% for t in targets %}{{ t.name|upper }}: {{ t.detail|linebreaksbr }}\n{% endfor %}{{ targets|join:' / ' }}"
    )
    mail = mail_of("", text_template=table, html_template=table)
    assert mail.template_error == ""
    assert len(mail.content) > 300_000


class Hungry:
    """A value that there is no memory for."""

    def __str__(self) -> str:
        raise MemoryError


@pytest.mark.parametrize(
    "source", ["{{ name }}", "{% if name|upper == 'x' %}y{% endif %}x", "{% with n=name|lower %}x{% endwith %}"]
)
def test_memory_that_runs_out_is_a_fault_of_the_template(source: str) -> None:
    with pytest.raises(TemplateFault, match="more memory than this machine has left"):
        render(Field.TEXT, source, {"name": Hungry()})


def test_a_preview_says_what_is_too_much(admin_client: Client) -> None:
    form = {"name": "Failures", "kind": "deployment", "to": "ops@peer.test", "example": "failed"}
    for at in ("text_template", "html_template", "subject_template"):
        page = admin_client.post("/notifications/previews/", form | {at: joins(6)})
        assert page.status_code == 200
        assert "One of its values has more than 250,000 characters." in page.content.decode()


def test_a_stored_bomb_costs_little_at_a_report() -> None:
    rule = a_notification(text_template=joins(11, values=15))
    report = a_report(targets=[{"name": f"PC-{number}", "outcome": "failed"} for number in range(100)])
    assert memory(lambda: accept(report)) < MEMORY
    rule.refresh_from_db()
    assert "Its named values have more than 1,000,000 characters" in rule.template_error
    assert Message.objects.count() == 1


def test_a_completion_with_many_targets_costs_little_in_a_preview(admin_client: Client) -> None:
    told = a_completion({f"PC-{number}": "failed" for number in range(300)})
    form = {"name": "Failures", "kind": "deployment", "to": "ops@peer.test", "example": str(told.uuid)}
    assert (
        memory(lambda: admin_client.post("/notifications/previews/", form | {"text_template": joins(11, 15)})) < MEMORY
    )
