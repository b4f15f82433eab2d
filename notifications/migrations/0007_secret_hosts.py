from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("notifications", "0006_completion_warnings")]

    operations = [
        migrations.AddField(
            model_name="mailserversettings", name=name, field=models.CharField(blank=True, max_length=64)
        )
        for name in ("oauth2_secret_hosts", "graph_secret_hosts")
    ]
