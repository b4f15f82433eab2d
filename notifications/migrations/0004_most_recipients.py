from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("notifications", "0003_empty_secrets")]

    operations = [
        migrations.AddField(
            model_name="mailserversettings",
            name=name,
            field=models.PositiveIntegerField(blank=True, null=True, **default),
        )
        for name, default in (
            ("basic_most_recipients", {}),
            ("oauth2_most_recipients", {}),
            ("graph_most_recipients", {"default": 500}),
        )
    ]
