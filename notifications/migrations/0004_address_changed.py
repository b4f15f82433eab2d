from django.db import migrations, models

ACTIONS = [
    ("mail_server_saved", "Mail server saved"),
    ("consent_given", "OAuth2 connected"),
    ("consent_refused", "OAuth2 sign-in refused"),
    ("consent_forgotten", "OAuth2 disconnected"),
    ("safety_changed", "Safety changed"),
    ("token_made", "API token made"),
    ("token_revoked", "API token revoked"),
    ("notification_added", "Notification added"),
    ("notification_changed", "Notification changed"),
    ("notification_enabled", "Notification enabled"),
    ("notification_disabled", "Notification disabled"),
    ("notification_deleted", "Notification deleted"),
    ("template_reset", "Default template restored"),
    ("digest_flushed", "Digest sent before its time"),
    ("configuration_loaded", "Configuration file loaded"),
    ("keys_rotated", "Secrets encrypted with a new key"),
    ("completion_reported", "Completion reported by hand"),
    ("test_sent", "Test email sent"),
    ("probe", "Held mail tried"),
    ("mail_resent", "Mail resent"),
    ("mail_cancelled", "Mail cancelled"),
    ("mail_retried", "Mail tried at once"),
    ("mails_resent", "Many mails resent"),
    ("mails_cancelled", "Many mails cancelled"),
    ("inbox_cleared", "Inbox emptied"),
    ("list_exported", "List exported"),
    ("signed_in", "Signed in"),
    ("signed_out", "Signed out"),
    ("sign_in_refused", "Sign-in refused"),
    ("sign_in_locked", "Sign-in locked"),
    ("sign_in_unlocked", "Sign-in unlocked"),
    ("invitation_made", "Invitation made"),
    ("invitation_used", "Invitation used"),
    ("invitation_revoked", "Invitation revoked"),
    ("account_made", "Account made"),
    ("address_changed", "Email address changed"),
    ("role_changed", "Role changed"),
    ("person_deactivated", "Account switched off"),
    ("person_activated", "Account switched on"),
    ("password_changed", "Password changed"),
    ("sessions_ended", "Sessions ended"),
]


class Migration(migrations.Migration):
    dependencies = [("notifications", "0003_who_reported")]

    operations = [
        migrations.AlterField("auditevent", "action", models.CharField(choices=ACTIONS, max_length=30)),
    ]
