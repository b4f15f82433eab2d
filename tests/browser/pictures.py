"""Takes the pictures of docs/tour.md and the README: a panel that has been used for two weeks.

`make screenshots` runs it; the other tests leave it out.
"""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.base import PASSWORD
from tests.browser.conftest import set_up
from tests.palette_png import with_palette
from tests.panel import PROJECT, Panel
from tests.smtp_sink import SmtpSink
from tests.waiting import wait_until

Scheme = Literal["light", "dark"]
PICTURES = PROJECT / "docs" / "images"
OCTETS = 120_000
WIDE, PHONE = (1280, 860), (390, 844)
PACKAGES = {
    "7-Zip": "24.08",
    "Firefox": "132.0",
    "Notepad++": "8.7",
    "VLC": "3.0.21",
    "PuTTY": "0.82",
    "LibreOffice": "24.8.3",
    "Zoom": "6.2.7",
}
REASONS = ["Exit code 1603: fatal error during installation", "Not reachable: no answer within 30 s", "Disk is full"]
NOTIFICATIONS: list[dict[str, Any]] = [
    {"name": "Failures to operations", "outcomes": ["failed", "partial"], "to": ["Operations <ops@example.com>"]},
    {
        "name": "Browsers to the web team",
        "package_glob": "Firefox*",
        "to": ["web@example.com"],
        "cc": ["ada@example.com"],
    },
    {"name": "Nightly runs", "kind": "schedule", "to": ["night@example.com", "left@example.com"]},
    {"name": "Every deployment", "to": ["it-reports@example.com"]},
    {
        "name": "Weekly summary",
        "to": ["lead@example.com"],
        "digest": "weekly",
        "digest_day": "mon",
        "digest_at": "07:00",
    },
]
# What the panel is told, in the order in which it came; each with its age in minutes.
REPORT = """
import json
from django.contrib.auth import get_user_model
from notifications.forms.notification import NotificationForm
from notifications.intake.accept import accept
from notifications.intake.report import read
from notifications.models import ApiToken
from tests import base
ada = get_user_model().objects.get()
for each in json.loads({notifications!r}):
    form = NotificationForm.of(each)
    assert form.is_valid(), form.errors
    form.save()
base.use_smtp(host={host!r}, port={port}, sender="Deployments <deploy@example.com>")
tools = [ApiToken.issue(name, by=ada)[0] for name in ("Nightly schedules", "Jenkins", "PDQ Deploy on DEPLOY-01")]
for report in json.loads({reports!r}):
    accept(read(json.dumps(report).encode()), by=tools[-1])
for name, rights in (("olga", {{"is_staff": True}}), ("vic", {{}})):
    base.person(name, **rights)
"""
AGE = """
import json
from datetime import timedelta
from django.db.models import F
from notifications.models import Attempt, Completion, MailDay, Message, Recipient
from tests import base
for number, minutes in json.loads({ages!r}).items():
    ago = timedelta(minutes=minutes)
    Completion.objects.filter(external_id=number).update(received_at=F("received_at") - ago)
    mails = Message.objects.filter(completion__external_id=number)
    tries = Attempt.objects.filter(message__in=mails)
    tries.update(**{{name: F(name) - ago for name in ("started_at", "finished_at")}})
    Recipient.objects.filter(message__in=mails).update(changed_at=F("changed_at") - ago)
    mails.update(**{{name: F(name) - ago for name in ("created_at", "next_attempt_at", "finished_at")}})
# Days that were summed up while they were still empty.
MailDay.objects.all().delete()
base.use_smtp(host="smtp.example.com", port=587, security="starttls", user="deployments", password=base.PASSWORD,
    sender="Deployments <deploy@example.com>")
"""
# What the three pages that nobody fills by using them show.
GRAPH = """
from datetime import timedelta
from django.utils import timezone
from notifications.models import MailServerSettings
saved = MailServerSettings.load()
values = {"graph_client_id": "3f0c7a52-6a0e-4d6c-9b57-1c2f9d3e8a41", "graph_tenant_id": "example.com",
    "graph_client_secret": "secret", "graph_sender": "Deployments <deploy@example.com>",
    "graph_secret_expires": (timezone.now() + timedelta(days=21)).date()}
saved.save_version(values, seen=saved.version)
"""
SAFE = """
from django.contrib.auth import get_user_model
from notifications.models import Safety
ada = get_user_model().objects.get(username="ada")
Safety.load().change({"allowed_domains": ["example.com"], "reroute_to": "lab@example.com"}, by=ada)
"""
HELD = """
from notifications.delivery import outbox
from notifications.models import HoldReason, MailServerState, Safety
from tests import base
Safety.load().change({"allowed_domains": [], "reroute_to": ""})
MailServerState.load().hold(HoldReason.SIGN_IN, "535 5.7.8", "Error: authentication failed")
for package in ("7-Zip 24.08", "Firefox 132.0", "VLC 3.0.21"):
    outbox.put(base.a_mail("ops@example.com", subject=f"Failed: {package} to Lab"), "notification")
"""
WAITING = "from notifications.models import Message; print(Message.objects.filter(state__in=Message.OPEN).count())"


def reports(chance: random.Random, now: datetime) -> Iterator[tuple[int, dict[str, Any]]]:
    """With the age of each in minutes, oldest first: busy days, quiet ones at the weekend."""
    number = 4100
    for day in range(13, -1, -1):
        # Never today, whatever day it is.
        weekend = day % 7 in (2, 3)
        ages = sorted(
            (day * 1440 + chance.randint(5, 600) for _ in range(1 if weekend else chance.randint(3, 7))), reverse=True
        )
        for age in ages:
            number += 1
            yield age, report(chance, number, now - timedelta(minutes=age))


def report(chance: random.Random, number: int, end: datetime) -> dict[str, Any]:
    package, version = chance.choice(list(PACKAGES.items()))
    nightly = number % 4 == 0
    failing = chance.random() < 0.4
    group = chance.choice(["Lab", "Office", "Branch North"])
    targets = [target(chance, place, failing) for place in range(1, chance.randint(6, 24))]
    return {
        "kind": "schedule" if nightly else "deployment",
        "source": "PDQ Deploy",
        "id": str(number),
        "name": "Nightly updates" if nightly else f"{package} {version} to {group}",
        "package": package,
        "version": version,
        "schedule": "Nightly updates" if nightly else None,
        "user": "CORP\\deploy-svc",
        "started_at": (end - timedelta(minutes=chance.randint(2, 14))).isoformat(),
        "finished_at": end.isoformat(),
        "targets": targets,
    }


def target(chance: random.Random, place: int, failing: bool) -> dict[str, Any]:
    failed = failing and chance.random() < 0.3
    told = {"name": f"PC-{place:03}", "outcome": "failed" if failed else "success", "seconds": chance.randint(8, 90)}
    return told | ({"detail": chance.choice(REASONS)} if failed else {})


def fill(panel: Panel, sink: SmtpSink) -> None:
    made = list(reports(random.Random(7), datetime.now(UTC).replace(microsecond=0)))
    told = json.dumps([report for _, report in made])
    sink.on("RCPT", "550 5.1.1 <left@example.com>: user unknown", address="left@example.com")
    panel.shell(REPORT.format(notifications=json.dumps(NOTIFICATIONS), host=sink.host, port=sink.port, reports=told))
    wait_until(lambda: panel.shell(WAITING) == "0", 120, "all mails", every=2)
    panel.shell(AGE.format(ages=json.dumps({report["id"]: age for age, report in made})))


def take(
    context: BrowserContext,
    name: str,
    path: str,
    *,
    scheme: Scheme = "light",
    size: tuple[int, int] = WIDE,
    part: str = "",
) -> None:
    """From the top of the page, or of a `part` of it."""
    page = context.new_page()
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": size[0], "height": size[1]})
    response = page.goto(path)
    assert response
    assert response.ok, path
    page.wait_for_load_state("networkidle")
    if part:
        page.locator(part).evaluate("part => scrollTo(0, part.getBoundingClientRect().top + scrollY - 72)")
    save(page, name)


def save(page: Page, name: str) -> None:
    # All of them: a colour that stands in a legend alone would become another one's.
    picture = with_palette(page, page.screenshot(), most=256)
    assert len(picture) < OCTETS, f"{name}: {len(picture)}"
    (PICTURES / f"{name}.png").write_bytes(picture)
    page.close()


def first_test_email(context: BrowserContext) -> None:
    """On a fresh installation, whose mail server is the inbox inside."""
    page = context.new_page()
    page.set_viewport_size({"width": WIDE[0], "height": 1000})
    page.goto("/mail-server/")
    page.click("#send-test-email")
    page.wait_for_selector("#test-result >> text=Took", timeout=60_000)
    page.set_viewport_size({"width": WIDE[0], "height": 1100})
    page.locator(".modes").evaluate("modes => scrollTo(0, modes.getBoundingClientRect().top + scrollY - 72)")
    save(page, "mail-server")
    page = context.new_page()
    page.goto("/inbox/")
    page.click("tbody a")
    page.wait_for_load_state("networkidle")
    save(page, "inbox")


def latest(panel: Panel, which: str) -> str:
    return panel.shell(
        f"from notifications.models import Completion, Message; print({which}.order_by('-id').first().uuid)"
    )


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    with SmtpSink() as sink:
        yield sink


def test_every_page_can_be_pictured(panel: Panel, chromium: Browser, sink: SmtpSink) -> None:
    context = chromium.new_context(base_url=panel.url, viewport={"width": WIDE[0], "height": WIDE[1]})
    set_up(context, panel)
    first_test_email(context)
    fill(panel, sink)
    mail = latest(panel, "Message.objects.filter(state='partly_sent')")
    completion = latest(panel, "Completion.objects.filter(outcome='partial')")
    rule = panel.shell("from notifications.models import Notification; print(Notification.objects.earliest('id').pk)")
    take(context, "dashboard", "/dashboard/")
    take(context, "dashboard-dark", "/dashboard/", scheme="dark")
    take(context, "dashboard-phone", "/dashboard/", size=PHONE)
    take(context, "notifications", "/notifications/")
    take(context, "notification", f"/notifications/{rule}/")
    take(context, "preview", f"/notifications/{rule}/", part=".preview")
    take(context, "simulator", f"/notifications/simulator/?completion={completion}")
    take(context, "deliveries", "/deliveries/")
    take(context, "delivery", f"/deliveries/{mail}/")
    take(context, "completion", f"/completions/{completion}/")
    take(context, "people", "/people/")
    take(context, "audit", "/audit/")
    take(context, "health", "/health/")
    panel.shell(GRAPH)
    take(context, "mail-server-graph", "/mail-server/?mode=graph", scheme="dark")
    panel.shell(SAFE)
    take(context, "safety", "/safety/")
    panel.shell(HELD)
    take(context, "held", "/dashboard/")
    context.close()
    assert PASSWORD not in "".join(panel.output)
