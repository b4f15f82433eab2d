from django.apps import AppConfig

from notifications import checks


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = "Mail server and notifications"

    # Importing the module registers its checks.
    system_checks = checks
