from django.db import migrations

from notifications.models.fields import SecretField

OPEN = ("queued", "sending")


def forget_drafts(apps, schema_editor):
    """Of settled mails, each of which had an encrypted empty text."""
    apps.get_model("notifications", "Message").objects.exclude(state__in=OPEN).update(draft_server=None)


class Migration(migrations.Migration):
    dependencies = [("notifications", "0001_first")]

    operations = [
        migrations.AlterField("message", "draft_server", SecretField(blank=True, default=None, null=True, serialize=False)),
        migrations.RunPython(forget_drafts, migrations.RunPython.noop),
    ]
