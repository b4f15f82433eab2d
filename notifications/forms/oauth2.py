"""The values of OAuth2 mode, as a page or a file gives them."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from notifications.forms.fields import AddressField, LineField, SwitchField
from notifications.forms.mode import PLAIN_INPUT
from notifications.forms.redirect_uri import check_redirect_uri, default_redirect_uri
from notifications.forms.registration import SHARED_TENANTS, RegistrationForm, is_tenant
from notifications.models import MailServerSettings, Mode, Security
from notifications.oauth.providers import CLOUDS, Kind, ProvidersFileError, additions, endpoints, secret_hosts

GOOGLE_TLS_PORT = 465


class OAuth2Form(RegistrationForm):
    mode = Mode.OAUTH2
    leads_secret = ("provider", "cloud", "client_id", "tenant_id")
    secret_belongs_to = {
        "provider": "provider",
        "cloud": "cloud",
        "client_id": "client ID",
        "tenant_id": "tenant",
    }
    write_only_help = (
        "Its Value, not its ID. Google: always. Microsoft: for the platform Web; blank for Mobile and desktop."
    )
    field_order = (
        *("provider", "cloud", "client_id", "tenant_id", "client_secret", "clear_client_secret", "redirect_uri"),
        *("sign_in_as", "sender", "port", "security", "connect_timeout", "total_timeout"),
        *("most_recipients", "pace"),
    )

    provider = forms.ChoiceField(label="Provider")
    cloud = forms.ChoiceField(
        label="Azure Cloud Host URL",
        required=False,
        choices=[(name, cloud.smtp_name) for name, cloud in CLOUDS.items()],
        help_text="Nearly always Global: where the Microsoft 365 organisation lives. It settles the mail server, too.",
    )
    clear_client_secret = SwitchField(label="Remove the saved secret")
    redirect_uri = LineField(
        label="Redirect URI",
        required=False,
        widget=forms.TextInput(attrs={**PLAIN_INPUT, "autocomplete": "off", "inputmode": "url"}),
    )
    sign_in_as = AddressField(
        label="Sign in as",
        required=False,
        help_text="Whose consent it is. Blank: the sender; another account for a shared mailbox or an alias.",
        widget=forms.TextInput(attrs={**PLAIN_INPUT, "autocomplete": "off", "inputmode": "email"}),
    )
    port = forms.IntegerField(
        label="Port", required=False, min_value=1, max_value=65535, help_text="Blank: the provider's own."
    )
    security = forms.ChoiceField(
        label="Security",
        required=False,
        choices=[(choice.value, choice.label) for choice in (Security.STARTTLS, Security.TLS)],
    )

    def __init__(self, data: Any = None, *, saved: MailServerSettings, **options: Any) -> None:
        super().__init__(data, saved=saved, initial=initial_of(saved), **options)
        self.fields["provider"].choices = provider_choices()  # type: ignore[attr-defined]  # a ChoiceField's
        self.fields["most_recipients"].help_text = "Blank: the provider's own, 500 at Microsoft and 100 at Google."

    @property
    def server_name(self) -> str:
        found = endpoints(self.cleaned_data["provider"], self.cleaned_data["cloud"])
        return f"{found.smtp_host}:{self.cleaned_data['port'] or found.smtp_port}"

    @classmethod
    def destination(cls, data: Any) -> str:
        return f"oauth2 {data.get('provider', '')} {data.get('cloud', '')} {data.get('client_id', '')}"

    def values(self) -> dict[str, Any]:
        given = self.cleaned_data
        names = ("provider", "cloud", "client_id", "tenant_id", "redirect_uri", "sign_in_as", "sender", "port")
        limits = ("security", "connect_timeout", "total_timeout", "most_recipients", "pace")
        columns = {f"oauth2_{name}": given[name] for name in (*names, *limits)}
        return {
            **columns,
            "oauth2_client_secret": self.secret_to_save(),
            **self.hosts_to_save(),
        }

    def secret_hosts(self) -> str:
        return secret_hosts(endpoints(self.cleaned_data["provider"], self.cleaned_data["cloud"]))

    def clean_cloud(self) -> str:
        """Only Microsoft itself has several; an addition is one cloud."""
        return str(self.or_default("cloud")) if self.cleaned_data.get("provider") == Kind.MICROSOFT else "global"

    def clean_tenant_id(self) -> str:
        tenant = str(self.cleaned_data["tenant_id"]).lower()
        if self.kind is Kind.GOOGLE and tenant:
            raise ValidationError("Leave this blank: Google knows no tenants.")
        known = tenant in SHARED_TENANTS or is_tenant(tenant)
        if self.kind is Kind.MICROSOFT and not known:
            raise ValidationError(
                "Give the Directory (tenant) ID, a domain such as contoso.com, or common, organizations or consumers."
            )
        return tenant

    def clean_redirect_uri(self) -> str:
        uri = self.cleaned_data["redirect_uri"] or default_redirect_uri()
        check_redirect_uri(uri)
        return str(uri)

    def clean_security(self) -> str:
        return str(self.or_default("security"))

    def clean(self) -> None:
        super().clean()
        self._check_port()

    @property
    def kind(self) -> Kind | None:
        provider = self.cleaned_data.get("provider", "")
        return Kind(provider.partition(".")[0]) if provider else None

    def _check_port(self) -> None:
        given = self.cleaned_data
        if given.get("security") != Security.TLS or given.get("port"):
            return
        if given.get("provider") == Kind.GOOGLE:
            given["port"] = GOOGLE_TLS_PORT
        elif given.get("provider") == Kind.MICROSOFT:
            self.add_error("security", "Microsoft's servers start TLS with STARTTLS only.")

    def check_secret(self) -> None:
        given = self.cleaned_data
        if given["client_secret"] and given.get("clear_client_secret"):
            self.add_error("client_secret", "Either enter a new secret or remove the saved one, not both.")
            return
        super().check_secret()
        # An error takes the field out of what was given.
        is_left_out = "client_secret" in given and not given["client_secret"] and not self.keeps_secret()
        if self.kind is Kind.GOOGLE and is_left_out:
            self.add_error("client_secret", "Google wants the client secret, also of a desktop app.")


def initial_of(saved: MailServerSettings) -> dict[str, Any]:
    """What the form shows of the saved values; a secret is never among them."""
    names = ("provider", "cloud", "client_id", "tenant_id", "sign_in_as", "sender", "port", "security")
    limits = ("connect_timeout", "total_timeout", "most_recipients", "pace")
    shown = {name: getattr(saved, f"oauth2_{name}") for name in (*names, *limits)}
    return {**shown, "redirect_uri": saved.oauth2_redirect_uri or default_redirect_uri()}


def provider_choices() -> list[tuple[str, str]]:
    """With the operator's additions; a file that cannot be read is the system checks' business."""
    try:
        added = additions()
    except ProvidersFileError:
        added = {}
    return [("microsoft", "Microsoft"), ("google", "Google"), *((name, found.label) for name, found in added.items())]
