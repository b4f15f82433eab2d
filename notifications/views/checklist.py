"""The first three steps of a new installation, until they are done."""

from dataclasses import dataclass

from django.conf import settings

from notifications.models import Completion, Message, Notification

CURL = """curl {url}/api/v1/completions \\
  -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
  -d '{{"kind": "deployment", "source": "try", "id": "1", "name": "My first deployment", "outcome": "success"}}'"""


@dataclass(frozen=True)
class FirstSteps:
    mail_was_sent: bool
    has_notification: bool
    has_completion: bool

    @property
    def are_done(self) -> bool:
        return self.mail_was_sent and self.has_notification and self.has_completion

    @property
    def curl(self) -> str:
        return CURL.format(url=settings.PUBLIC_URL)


def first_steps() -> FirstSteps:
    return FirstSteps(
        mail_was_sent=Message.objects.filter(state=Message.State.SENT).exists(),
        has_notification=Notification.objects.exists(),
        has_completion=Completion.objects.exists(),
    )
