from django.apps import AppConfig

from notifications import checks
from notifications.forms import words


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = "Mail server and notifications"

    # Importing the module registers its checks.
    system_checks = checks

    def ready(self) -> None:
        words.speak()
