"""Which folded parts of a notification's form are open: those that say something, and those with an error."""

from notifications.forms.notification import NotificationForm
from notifications.forms.notification_when import GLOBS

PARTS = {
    "history": ("history",),
    "scale": ("min_failed_percent", "min_failed_targets", "longer_than_minutes"),
    "names": tuple(f"{what}_glob" for what in GLOBS),
    "hours": ("days", "hours_from", "hours_until", "time_zone"),
    "copies": ("cc", "bcc", "reply_to"),
    "html": ("html_template",),
}


def opened(form: NotificationForm) -> dict[str, bool]:
    return {part: any(is_set(form, name) for name in names) for part, names in PARTS.items()}


def is_set(form: NotificationForm, name: str) -> bool:
    return bool(form[name].value() or form[name].errors)
