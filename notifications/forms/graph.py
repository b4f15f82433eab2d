"""The values of Microsoft Graph mode, as a page or a file gives them."""

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError

from notifications.forms.fields import SwitchField
from notifications.forms.registration import SHARED_TENANTS, RegistrationForm, is_tenant
from notifications.models import MailServerSettings, Mode, Pace
from notifications.oauth.providers import CLOUDS, Endpoints, ProvidersFileError, graph_clouds, secret_hosts

NAMES = ("cloud", "client_id", "tenant_id", "secret_expires", "save_to_sent_items", "sender")
LIMITS = ("connect_timeout", "total_timeout", "most_recipients", "pace")


class DayField(forms.DateField):
    """A day, as a browser's field or a file has it: 2027-05-01."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"required": False, "input_formats": ["%Y-%m-%d"], **options})

    def to_python(self, value: Any) -> Any:
        # Of a number, which a file can give, Django would want to strip the blanks.
        return super().to_python(value if value is None or hasattr(value, "year") else str(value))


class GraphForm(RegistrationForm):
    mode = Mode.GRAPH
    leads_secret = ("cloud", "client_id", "tenant_id")
    secret_belongs_to = {"cloud": "cloud", "client_id": "client ID", "tenant_id": "tenant"}
    write_only_help = "Its Value, not its ID; the portal shows it only right after the secret was made."
    paces = (Pace.GRAPH, Pace.UNLIMITED)
    of_no_mail = (*RegistrationForm.of_no_mail, "secret_expires")
    field_order = (
        *("cloud", "client_id", "tenant_id", "client_secret", "secret_expires", "sender", "save_to_sent_items"),
        *LIMITS,
    )

    most_recipients = forms.IntegerField(
        label="Recipients per message",
        required=False,
        min_value=1,
        max_value=1000,
        help_text="1 to 1,000: 500, or what the organization set. An email to more is sent as several messages.",
    )
    cloud = forms.ChoiceField(
        label="Azure Cloud Host URL",
        required=False,
        help_text="Nearly always Global. It settles where the app signs in, too.",
    )
    secret_expires = DayField(
        label="Client secret expires",
        help_text="The column Expires in the portal. The panel warns 30, 7 and 1 days ahead.",
    )
    save_to_sent_items = SwitchField(
        label="Save to Sent Items", help_text="Keeps a copy of each mail in the sender's mailbox, which fills it."
    )

    def __init__(self, data: Any = None, *, saved: MailServerSettings, **options: Any) -> None:
        super().__init__(data, saved=saved, initial=initial_of(saved), **options)
        self.fields["cloud"].choices = cloud_choices()  # type: ignore[attr-defined]  # a ChoiceField's
        self.fields["tenant_id"].required = True
        self.fields["sender"].help_text = "The mailbox that sends: an address, or Name <address>."
        self.fields[
            "pace"
        ].help_text = (
            "What Microsoft allows one mailbox; all workers share it. Unlimited, too, has 4 requests at a time."
        )

    @property
    def server_name(self) -> str:
        return urlsplit(known_clouds()[self.cleaned_data["cloud"]].graph_host).netloc

    @classmethod
    def destination(cls, data: Any) -> str:
        return f"graph {data.get('cloud', '')} {data.get('client_id', '')} {data.get('tenant_id', '')}"

    def values(self) -> dict[str, Any]:
        given = {f"graph_{name}": self.cleaned_data[name] for name in (*NAMES, *LIMITS)}
        return {
            **given,
            "graph_client_secret": self.secret_to_save(),
            **self.hosts_to_save(),
        }

    def secret_hosts(self) -> str:
        return secret_hosts(known_clouds()[self.cleaned_data["cloud"]])

    def clean_cloud(self) -> str:
        return str(self.or_default("cloud"))

    def clean_tenant_id(self) -> str:
        tenant = str(self.cleaned_data["tenant_id"]).lower()
        if tenant in SHARED_TENANTS:
            raise ValidationError(
                f"An app signs in to one organisation, and {tenant} names none. Give its Directory (tenant) ID."
            )
        if not is_tenant(tenant):
            raise ValidationError("Give the Directory (tenant) ID, or a domain such as contoso.com.")
        return tenant

    def clean(self) -> None:
        super().clean()
        if self.cleaned_data.get("client_secret") == "" and not self.has_saved_secret:
            self.add_error("client_secret", "An app cannot sign in without its secret. Enter its Value.")


def initial_of(saved: MailServerSettings) -> dict[str, Any]:
    """What the form shows of the saved values; a secret is never among them."""
    shown = {name: getattr(saved, f"graph_{name}") for name in (*NAMES, *LIMITS)}
    return {**shown, "secret_expires": saved.graph_secret_expires or ""}


def cloud_choices() -> list[tuple[str, str]]:
    return [(name, cloud.graph_name) for name, cloud in known_clouds().items()]


def known_clouds() -> dict[str, Endpoints]:
    """With the operator's additions; a file that cannot be read is the system checks' business."""
    try:
        return graph_clouds()
    except ProvidersFileError:
        return CLOUDS
