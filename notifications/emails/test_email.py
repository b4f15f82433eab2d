"""What Send Test Email sends."""

from datetime import datetime

from django.conf import settings

from notifications.addresses import parse_address
from notifications.emails.compose import Recipients, compose
from notifications.emails.headers import one_line
from notifications.emails.mail import Mail
from notifications.emails.render import render
from notifications.emails.words import moment
from notifications.models import Mode


def test_mail(to: str, server: str, mode: str, now: datetime) -> Mail:
    """`to` as typed; `server` is how the page names it, `mode` a Mode's value. ValueError when `to` is no address."""
    recipients = Recipients(to=[parse_address(to)])
    facts = [("Mode", Mode(mode).label), ("Server", one_line(server, 200)), ("Sent", moment(now))]
    parts = render("test", {"facts": [fact for fact in facts if fact[1]], "panel_link": f"{settings.PUBLIC_URL}/"})
    return compose("Test email from mailadmin", recipients, parts, {"X-Mailadmin-Kind": "test"}, now)
