"""What the last test of a browser says about the values that are saved in it."""

import json

from django.contrib.sessions.backends.base import SessionBase
from django.utils.crypto import constant_time_compare, salted_hmac

from notifications.blanks import odd_blanks
from notifications.diagnosis import secret_blanks
from notifications.forms.mode import ModeForm
from notifications.forms.test_email import tested_values
from notifications.models import Attempt, Message
from notifications.templatetags.panel import distance
from notifications.views.test_steps import explained

KEY = "last_test"


def remember(session: SessionBase, message: Message, form: ModeForm) -> None:
    secret = form.values().get(f"{form.mode}_{form.write_only}", "")
    session[KEY] = {"message": message.pk, "values": fingerprint(form), "blanks": odd_blanks(secret)}


def secret_note(session: SessionBase, attempt: Attempt | None) -> str:
    """About the secret of the last test, which is stored nowhere once the test is over."""
    kept = session.get(KEY, {})
    if attempt is None or kept.get("message") != attempt.message_id:
        return ""
    return secret_blanks.note_after(attempt, kept.get("blanks", ""))


def attempt_with(session: SessionBase, form: ModeForm) -> Attempt | None:
    """The last test's, if it is over and was of the very values in `form`."""
    kept = session.get(KEY)
    if not kept or not constant_time_compare(kept["values"], fingerprint(form)):
        return None
    return Attempt.objects.filter(message=kept["message"]).exclude(finished_at=None).order_by("-number").first()


def fingerprint(form: ModeForm) -> str:
    """Of the secret among the values, too, which therefore has to be a keyed one."""
    values = json.dumps(tested_values(form), sort_keys=True)
    return salted_hmac("notifications.views.last_test", values, algorithm="sha256").hexdigest()


def doubt(attempt: Attempt | None) -> str:
    """What to say beside the word Saved; empty where nothing speaks against the values."""
    if attempt is None or attempt.finished_at is None or attempt.outcome in Attempt.GOOD:
        return ""
    when = distance(attempt.finished_at)
    if attempt.code:
        return f"a test with these values was refused {when} ({attempt.code})"
    return f"a test with these values failed {when}: {explained(attempt).clause}"
