"""What the two modes with a registered application share: its ID, its tenant, and a secret that goes nowhere else."""

import re
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError

from notifications.forms.fields import LineField
from notifications.forms.mode import PLAIN_INPUT, ModeForm, WriteOnlyField

GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)
LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
DOMAIN = re.compile(rf"({LABEL}\.)+{LABEL}", re.I)
# Microsoft's own words for "whichever tenant the account that signs in is of".
SHARED_TENANTS = ("common", "organizations", "consumers")
CLIENT_ID = re.compile(r"[A-Za-z0-9._~-]+")


class SecretValueField(WriteOnlyField):
    """A client secret; copied values tend to bring blanks along."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"strip": True, **options})

    def to_python(self, value: Any) -> str:
        text = super().to_python(value)
        if any(char < " " or char == "\x7f" for char in text):
            raise ValidationError("This contains a control character, which no client secret has.")
        if GUID.fullmatch(text):
            raise ValidationError(
                "This is the ID of a secret, not the secret. Copy the column Value beside it; the portal shows it only"
                " right after the secret was made, so make a new one if it is hidden by now."
            )
        return text


class RegistrationForm(ModeForm):
    write_only = "client_secret"
    write_only_word = "secret"
    # Whose secret it is, as the form's field and the word for it: with another of these the saved one is not used.
    secret_belongs_to: ClassVar[dict[str, str]]

    client_id = LineField(
        label="Client ID",
        max_length=300,
        help_text="The application's own, from its registration with the provider.",
        widget=forms.TextInput(attrs={**PLAIN_INPUT, "autocomplete": "off"}),
    )
    tenant_id = LineField(
        label="Tenant ID",
        required=False,
        max_length=253,
        help_text="Directory (tenant) ID, or a verified domain of the organisation.",
        widget=forms.TextInput(attrs={**PLAIN_INPUT, "autocomplete": "off"}),
    )
    client_secret = SecretValueField(label="Client Secret")

    def clean_client_id(self) -> str:
        client_id: str = self.cleaned_data["client_id"]
        if not CLIENT_ID.fullmatch(client_id):
            raise ValidationError("A client ID has letters, digits, dots and dashes only.")
        return client_id

    def clean(self) -> None:
        super().clean()
        if {*self.secret_belongs_to, "client_secret"} <= self.cleaned_data.keys():
            self.check_secret()

    def check_secret(self) -> None:
        """Adds the error that the secret has, if any."""
        self.refuse_moved_secret()

    def changed_destination(self) -> list[str]:
        given, saved = self.cleaned_data, self.saved
        changed = [
            word
            for name, word in self.secret_belongs_to.items()
            # Client and tenant IDs are GUIDs and domains, in which case makes no difference.
            if str(given[name]).casefold() != str(getattr(saved, f"{self.mode}_{name}")).casefold()
        ]
        saved_for = getattr(saved, f"{self.mode}_secret_hosts")
        if not changed and saved_for and saved_for != self.secret_hosts():
            return ["entry in MAILADMIN_PROVIDERS_FILE"]
        return changed

    def hosts_to_save(self) -> dict[str, str]:
        """By column, where they change: a kept secret keeps its hosts, and no secret has none."""
        if self.keeps_secret():
            return {}
        column, hosts = f"{self.mode}_secret_hosts", self.secret_hosts() if self.secret_to_save() else ""
        return {column: hosts} if hosts != getattr(self.saved, column) else {}

    def secret_hosts(self) -> str:
        """Of the provider or cloud that was chosen, as the settings keep it."""
        raise NotImplementedError


def is_tenant(text: str) -> bool:
    """Whether `text` names one tenant: by its GUID, or by a domain of its own."""
    return bool(GUID.fullmatch(text)) or is_domain(text)


def is_domain(text: str) -> bool:
    return len(text) <= 253 and bool(DOMAIN.fullmatch(text))
