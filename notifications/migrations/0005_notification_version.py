from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("notifications", "0004_address_changed")]

    operations = [
        migrations.AddField("notification", "version", models.PositiveIntegerField(default=0, editable=False)),
    ]
