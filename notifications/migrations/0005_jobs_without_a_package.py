import hashlib
import json

from django.db import migrations

BATCH = 1000
FAILURES = ("failed", "partial")
COLUMNS = ("pk", "source", "kind", "schedule", "name", "outcome")
UPDATE = "UPDATE notifications_completion SET series_id = %s, failures_before = %s WHERE id = %s"


def tell_jobs_apart(apps, schema_editor):
    """Completions without a package shared a history whatever their names: play it again, a history for each name."""
    Completion = apps.get_model("notifications", "Completion")
    Series = apps.get_model("notifications", "Series")
    # By key: the series and its failures in a row so far.
    found = {}
    changes = []
    nameless = Completion.objects.filter(package="").exclude(series=None).order_by("pk")
    with schema_editor.connection.cursor() as cursor:
        for pk, *parts, outcome in nameless.values_list(*COLUMNS).iterator(BATCH):
            key = key_of(*parts)
            if key not in found:
                found[key] = [Series.objects.create(key=key).pk, 0]
            changes.append((*found[key], pk))
            if outcome != "cancelled":
                found[key][1] = found[key][1] + 1 if outcome in FAILURES else 0
            if len(changes) == BATCH:
                cursor.executemany(UPDATE, changes)
                changes = []
        if changes:
            cursor.executemany(UPDATE, changes)
    for pk, failures in found.values():
        if failures:
            Series.objects.filter(pk=pk).update(failures_in_a_row=failures)


def key_of(source, kind, schedule, name):
    parts = [source, kind, "", schedule, name]
    return hashlib.sha256(json.dumps(parts).encode(errors="surrogatepass")).hexdigest()


class Migration(migrations.Migration):
    dependencies = [("notifications", "0004_most_recipients")]

    operations = [migrations.RunPython(tell_jobs_apart, migrations.RunPython.noop)]
