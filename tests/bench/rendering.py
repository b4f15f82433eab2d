"""How long it takes to make a mail of a completion with 1,000 targets. `python -m tests.bench.rendering`"""

import os
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import django
from django.test.utils import setup_databases, teardown_databases

from tests.bench.page import Table, write

TARGETS, ROUNDS = 1000, 20
WORDS = f"""A completion with {TARGETS:,} targets, a third of them failed, each with a detail, becomes the bytes of a
mail. In processor time, since other programs may run: the first mail of the process, which compiles the templates, and
the median of the next {ROUNDS}. The digest tells of {TARGETS:,} completions."""
COLUMNS = ("Mail", "Size", "First", "Later")
TEXT = """{{ outcome }}: {{ name }} ({{ counts }})
{% for target in targets %}{{ forloop.counter }}. {{ target.name|upper }}: {{ target.detail|default:"-" }}
{% endfor %}"""
HTML = "<ul>{% for target in targets %}<li><b>{{ target.name }}</b> {{ target.detail }}</li>{% endfor %}</ul>"
LOOKS: dict[str, dict[str, Any]] = {
    "As it is by default": {},
    "In the notification's own words": {"subject_template": "{{ name }}", "text_template": TEXT, "html_template": HTML},
    "With both attachments": {"attach_csv": True, "attach_html": True},
}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        write([Table("Making a mail", WORDS, COLUMNS, [*notifications(), digest()])])
    finally:
        teardown_databases(databases, verbosity=0)


def notifications() -> list[list[object]]:
    from tests.emails.props import completion, notification, targets

    outcomes = ["failed" if number % 3 == 0 else "success" for number in range(TARGETS)]
    told, rows = (
        completion(),
        targets(*outcomes, detail="Exit code 1603: fatal error during installation", seconds=12.5),
    )
    rules = {look: notification(**values) for look, values in LOOKS.items()}
    return [measure(look, partial(bytes_of, rule, told, rows)) for look, rule in rules.items()]


def bytes_of(rule: Any, told: Any, rows: Any) -> bytes:
    from notifications.emails.notification_email import notification_mail
    from tests.emails.props import NOW

    return notification_mail(rule, told, rows, NOW).content


def digest() -> list[object]:
    from notifications.emails.digest_email import digest_mail
    from notifications.models import DigestEntry
    from tests.emails.props import NOW, completion, notification

    rule = notification(digest="hourly")
    told = [completion(name=f"Deployment {number}", received_at=NOW) for number in range(TARGETS)]
    reason = DigestEntry.Reason.DIGEST
    return measure("A digest", lambda: digest_mail(rule, told, reason, (NOW, NOW), NOW).content)


def measure(what: str, make: Callable[[], bytes]) -> list[object]:
    seconds, content = [], b""
    for _ in range(ROUNDS + 1):
        begin = time.process_time()
        content = make()
        seconds.append(time.process_time() - begin)
    later = sorted(seconds[1:])[ROUNDS // 2]
    row = [what, f"{len(content) / 1024:.0f} KB", f"{seconds[0] * 1000:.0f} ms", f"{later * 1000:.1f} ms"]
    sys.stdout.write(f"{row}\n")
    return list(row)


if __name__ == "__main__":
    main()
