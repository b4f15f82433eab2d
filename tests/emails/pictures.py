"""Looks at every kind of mail in a browser: writes docs/images/mails/*.png and docs/mails.md.

`make mail-pictures` runs it; the other tests leave it out. Each picture has a mail at three widths beside each other.
"""

import contextlib
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import pytest
from django.utils.html import escape
from playwright.sync_api import Browser, sync_playwright

from notifications.emails import test_email
from notifications.emails.digest_email import digest_mail
from notifications.emails.mail import Mail
from notifications.emails.notification_email import notification_mail
from notifications.emails.samples import START, samples, told
from notifications.models import Completion, Notification, Outcome, TargetResult
from tests.palette_png import with_palette
from tests.peers.need import CHROMIUM

Scheme = Literal["light", "dark"]
DOCS = Path(__file__).parents[2] / "docs"
PICTURES = DOCS / "images" / "mails"
WIDTHS = (320, 600, 900)
OCTETS = 60_000
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
END = START + timedelta(minutes=12)
OWN_TEXT = """Good morning,

{{ name }} has ended: {{ counts }}.
{% for target in failures %}
  {{ forloop.counter }}. {{ target.name }}: {{ target.detail }}{% endfor %}

It took {{ duration }}{% if usual_duration %} (usually {{ usual_duration }}){% endif %}. Details: {{ panel_url }}
"""
ABOUT = {
    "failed": "A deployment failed, the third time in a row",
    "success": "A success",
    "recovered": "Recovered after failures",
    "digest": "A digest",
    "throttled": "What a throttle held back",
    "own": "Own subject and text",
    "test": "The test email",
}


def mails() -> dict[str, Mail]:
    rule = Notification(name="Failures to operations", to=["ops@example.com"], throttle_count=3, throttle_minutes=10)
    own = Notification(name="Morning report", to=["ops@example.com"], subject_template="{{ name }}: {{ counts }}")
    own.text_template = OWN_TEXT
    window = (START, START + timedelta(hours=1))
    return {
        **{name: single(rule, name) for name in ("failed", "success", "recovered")},
        "digest": digest_mail(rule, collected(4, 8), "digest", window, END),
        "throttled": digest_mail(rule, collected(3, 2), "throttled", window, END),
        "own": single(own, "failed"),
        "test": test_email.test_mail("ada@example.com", "smtp.example.com:587", "basic", END),
    }


def single(rule: Notification, name: str) -> Mail:
    sample = samples()[name]
    return notification_mail(rule, sample.completion, sample.targets, END)


def collected(failed: int, fine: int) -> list[Completion]:
    packages = ["7-Zip 24.08", "Firefox 132.0", "Notepad++ 8.7", "VLC 3.0.21", "PuTTY 0.82", "LibreOffice 24.8.3"]
    outcomes = [Outcome.PARTIAL, *[Outcome.FAILED] * (failed - 1), *[Outcome.SUCCESS] * fine]
    made = [told(outcome, 3 + number, 0) for number, outcome in enumerate(outcomes)]
    for number, completion in enumerate(made):
        completion.name = f"{packages[number % len(packages)]} to {'Lab' if number % 2 else 'Office'}"
        completion.uuid, completion.external_id = uuid4(), str(uuid4())
        completion.save()
        one = TargetResult(name="PC-001", outcome=completion.outcome, completion=completion, position=0)
        fine_ones = [TargetResult(name=f"PC-{n}", outcome="success", completion=completion, position=n) for n in (1, 2)]
        TargetResult.objects.bulk_create([one, *fine_ones])
    return made


# --- pictures ---


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def take(browser: Browser, html: str, scheme: Scheme) -> bytes:
    """All widths beside each other, each in a window of its own."""
    page = browser.new_page(viewport={"width": sum(WIDTHS) + 4 * 16, "height": 400}, color_scheme=scheme)
    frames = "".join(f'<iframe width="{width}" srcdoc="{escape(html)}"></iframe>' for width in WIDTHS)
    page.set_content(
        f"<body style='margin:0;padding:16px;display:flex;gap:16px;background:#808890'>{frames}</body>"
        "<style>iframe { border: 0; height: 100px }</style>"
    )
    page.wait_for_function(
        "[...document.querySelectorAll('iframe')].every((each) => each.contentDocument.readyState === 'complete')"
    )
    page.evaluate(
        "[...document.querySelectorAll('iframe')].forEach((each) => {"
        " each.style.height = each.contentDocument.documentElement.scrollHeight + 'px' })"
    )
    picture = with_palette(page, page.screenshot(full_page=True))
    page.close()
    return picture


def part(mail: Mail, subtype: str) -> str:
    body = message_from_bytes(mail.content, policy=policy.default).get_body((subtype,))
    return str(body.get_content()).replace("\r\n", "\n") if body else ""


def chapter(name: str, mail: Mail) -> str:
    pictures = "\n".join(f"![{ABOUT[name]}, {scheme}](images/mails/{name}-{scheme}.png)" for scheme in SCHEMES)
    return (
        f"## {ABOUT[name]}\n\nSubject: `{mail.subject}`\n\n{pictures}\n\n```text\n{part(mail, 'plain').rstrip()}\n```\n"
    )


@pytest.mark.django_db
def test_every_kind_of_mail_has_its_small_pictures(settings: Any) -> None:
    settings.PUBLIC_URL = "https://deploy.example.com"
    PICTURES.mkdir(parents=True, exist_ok=True)
    # Queries and playwright's event loop do not go together: all mails are made before the browser starts.
    made = mails()
    with chromium() as browser:
        for name, mail in made.items():
            for scheme in SCHEMES:
                picture = take(browser, part(mail, "html"), scheme)
                (PICTURES / f"{name}-{scheme}.png").write_bytes(picture)
                assert len(picture) < OCTETS
    intro = (
        "# How the mails look\n\nAt 320, 600 and 900 pixels, light and dark, and as plain text. "
        "`make mail-pictures` takes these pictures anew.\n"
    )
    (DOCS / "mails.md").write_text("\n".join([intro, *(chapter(name, mail) for name, mail in made.items())]))
