from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("notifications", "0005_jobs_without_a_package")]

    operations = [
        migrations.AddField(
            model_name="completion",
            name="warnings",
            field=models.JSONField(default=list),
        ),
    ]
