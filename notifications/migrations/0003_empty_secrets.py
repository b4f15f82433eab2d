import notifications.models.fields
from django.db import migrations

from notifications.models.fields import SEPARATOR, Unreadable

SECRETS = {
    "AppToken": ("access_token",),
    "MailServerSettings": ("basic_password", "oauth2_client_secret", "graph_client_secret"),
    "OAuthGrant": ("cache", "access_token"),
}
# A short password is as long as an empty one once encrypted. No client secret and no token is that short.
MAY_BE_SHORT = "basic_password"
BLOCK = 16


def token_length(size):
    """Of a Fernet token for `size` bytes: base64 of version, time, IV, padded text and HMAC."""
    encrypted = 1 + 8 + BLOCK + (size // BLOCK + 1) * BLOCK + 32
    return -(-encrypted // 3) * 4


def forget_empty(apps, schema_editor):
    """Store NULL in place of encrypted empty texts.

    Works without the keys that encrypted them: a value that no key opens is known to be empty by its length, except
    the password, which is kept where a user name may need it.
    """
    for name, columns in SECRETS.items():
        model = apps.get_model("notifications", name)
        for row in model.objects.using(schema_editor.connection.alias).only("pk", *columns):
            empty = [column for column in columns if is_empty(row, column)]
            if empty:
                model.objects.using(schema_editor.connection.alias).filter(pk=row.pk).update(**dict.fromkeys(empty, ""))


def is_empty(row, column):
    value = getattr(row, column)
    if not isinstance(value, Unreadable):
        return value == ""
    purpose = f"{row._meta.get_field(column).purpose}{SEPARATOR}"
    is_short = len(value.ciphertext) == token_length(len(purpose)) and value.ciphertext.startswith(b"gAAAAA")
    return is_short and (column != MAY_BE_SHORT or not row.basic_user)


def secret(model, column):
    field = notifications.models.fields.OptionalSecretField(blank=True, default="", null=True, serialize=False)
    return migrations.AlterField(model_name=model, name=column, field=field)


class Migration(migrations.Migration):

    dependencies = [("notifications", "0002_before_the_first_release")]

    operations = [
        *(secret(model.lower(), column) for model, columns in SECRETS.items() for column in columns),
        migrations.RunPython(forget_empty, migrations.RunPython.noop),
    ]
