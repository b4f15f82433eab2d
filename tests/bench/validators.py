"""How long each field of a notification takes to refuse, or take, 100 kB meant to hurt it.

Not a test: it asserts no time. `python -m tests.bench.validators`; needs no database rows, but makes a database.
"""

import os
import sys
import time

import django
from django.test.utils import setup_databases, teardown_databases

SIZE, ROUNDS = 100_000, 2
PIECES = {
    "letters": "a",
    "stars": "*a",
    "question marks": "?",
    "at signs": "a@",
    "addresses": "a@b.example,",
    "wrong addresses": "a@@b,",
    "brackets": "<",
    "quotes": '"',
    "escaped quotes": '\\"',
    "names": '"a" <',
    "blanks": " \t",
    "line ends": "\r\n",
    "tags": "{% if a %}",
    "open tags": "{%",
    "variables": "{{ name|upper }}",
    "open variables": "{{",
    "comments": "{#",
    "digits": "1",
    "zeros": ".0",
    "colons": "0:",
    "slashes": "../",
    "umlauts": "ü.",
    "accounts": "user:a,",
}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        measure_all()
    finally:
        teardown_databases(databases, verbosity=0)


def measure_all() -> None:
    from notifications.forms.notification import NotificationForm

    NotificationForm.of({"name": "warm", "to": ["a@b.example"], "time_zone": "UTC"}).is_valid()
    for name, field in NotificationForm().fields.items():
        found = {title: measure(field, piece) for title, piece in PIECES.items()}
        worst = max(found, key=lambda title: found[title])
        sys.stdout.write(f"{name:22} {found[worst] * 1000:7.2f} ms with {worst}\n")


def measure(field: object, piece: str) -> float:
    from django.core.exceptions import ValidationError

    text, best = (piece * SIZE)[:SIZE], float("inf")
    for _ in range(ROUNDS):
        begin = time.process_time()
        try:
            field.clean(text)
        except ValidationError as error:
            str(error.messages)
        best = min(best, time.process_time() - begin)
    return best


if __name__ == "__main__":
    main()
