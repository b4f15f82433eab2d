"""Two people on one notification: who saves second is shown what the first one saved, and decides."""

from typing import Any

from notifications.forms.notification import NotificationForm
from notifications.models import AuditEvent, Notification
from notifications.views.differences import difference

CHANGES = (
    AuditEvent.Action.NOTIFICATION_CHANGED,
    AuditEvent.Action.TEMPLATE_RESET,
    AuditEvent.Action.NOTIFICATION_ENABLED,
    AuditEvent.Action.NOTIFICATION_DISABLED,
)


def conflict_of(form: NotificationForm, saved: Notification) -> dict[str, Any]:
    """For the page: both sides, and who was faster."""
    last = AuditEvent.objects.filter(action__in=CHANGES, subject=saved.name).first()
    return {
        "conflict": [found for field in form if (found := difference(field))],
        "saved_at": saved.changed_at,
        "saved_by": last.actor_name if last else "",
        "version": saved.version,
    }
