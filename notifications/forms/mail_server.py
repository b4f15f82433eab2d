"""The values of Basic SMTP, as a page or a file gives them."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from notifications.forms.certificate import fingerprints, parse_certificates
from notifications.forms.fields import LineField, SwitchField
from notifications.forms.mode import PLAIN_INPUT, ModeForm, WriteOnlyField
from notifications.forms.server_address import format_server_address, is_loopback, parse_server_address
from notifications.models import MailServerSettings, Mode, Security

DEFAULT_PORTS = {Security.NONE: 25, Security.STARTTLS: 587, Security.TLS: 465}
LONGEST_CERTIFICATE = 200_000


class ServerAddressField(LineField):
    """`host` or `host:port`; gives (host, port or None)."""

    def clean(self, value: Any) -> Any:
        text = self.to_python(value)
        try:
            return parse_server_address(text)
        except ValueError as error:
            raise ValidationError(str(error)) from error


class MailServerForm(ModeForm):
    mode = Mode.BASIC
    write_only = write_only_word = "password"
    leads_secret = ("server",)
    write_only_help = "Leave both empty if the server asks for no sign-in."
    field_order = (
        *("server", "security", "user", "password", "clear_password", "allow_clear_password", "sender"),
        *("ca_certificate", "connect_timeout", "total_timeout", "most_recipients", "pace"),
    )

    server = ServerAddressField(
        label="SMTP Server",
        help_text="Name or address; the port only where it is an unusual one, as in mail.example.com:2525.",
        widget=forms.TextInput(attrs={**PLAIN_INPUT, "autocomplete": "off"}),
    )
    security = forms.ChoiceField(label="Security", choices=Security.choices)
    user = LineField(
        label="SMTP Server User",
        required=False,
        max_length=320,
        widget=forms.TextInput(attrs={**PLAIN_INPUT, "autocomplete": "off", "placeholder": " "}),
    )
    password = WriteOnlyField(label="SMTP Server Password")
    clear_password = SwitchField(label="Remove the saved password")
    allow_clear_password = SwitchField(
        label="Send the password without encryption",
        help_text="Anybody on the way can read it. Not needed for a server on this machine.",
    )
    ca_certificate = forms.CharField(
        label="CA certificate",
        required=False,
        max_length=LONGEST_CERTIFICATE,
        help_text="PEM, where a private authority signed the server's certificate; it replaces the system's list.",
        widget=forms.Textarea(
            attrs={**PLAIN_INPUT, "class": "mono", "rows": 3, "placeholder": "-----BEGIN CERTIFICATE-----"}
        ),
    )

    def __init__(self, data: Any = None, *, saved: MailServerSettings, **options: Any) -> None:
        super().__init__(data, saved=saved, initial=initial_of(saved), **options)

    @property
    def server_name(self) -> str:
        values = self.values()
        return f"{values['basic_host']}:{values['basic_port']}"

    @classmethod
    def destination(cls, data: Any) -> str:
        """As for a saved password: the same host, and never unencrypted what was typed for encryption."""
        try:
            host, _ = parse_server_address(str(data.get("server", "")))
        except ValueError:
            return ""
        return f"{host} {'in clear' if data.get('security') == Security.NONE else 'encrypted'}"

    @classmethod
    def origins(cls, data: Any) -> tuple[str, ...]:
        there = cls.destination(data)
        return (there, there.replace(" encrypted", " in clear"))

    def needs_secret(self) -> bool:
        return bool(self.cleaned_data["user"])

    def values(self) -> dict[str, Any]:
        """By column of MailServerSettings. Only for a form without errors."""
        given = self.cleaned_data
        host, port = given["server"]
        return {
            "basic_host": host,
            "basic_port": port or DEFAULT_PORTS[given["security"]],
            "basic_security": given["security"],
            "basic_user": given["user"],
            "basic_password": self.secret_to_save(),
            "basic_allow_clear_password": given["allow_clear_password"] and self._sends_clear_password(),
            "basic_sender": given["sender"],
            "basic_ca_certificate": given["ca_certificate"],
            "basic_connect_timeout": given["connect_timeout"],
            "basic_total_timeout": given["total_timeout"],
            "basic_most_recipients": given["most_recipients"],
            "basic_pace": given["pace"],
        }

    def clean_ca_certificate(self) -> str:
        try:
            return parse_certificates(self.cleaned_data["ca_certificate"])
        except ValueError as error:
            raise ValidationError(str(error)) from error

    def clean(self) -> None:
        super().clean()
        if {"server", "security", "user", "password", "ca_certificate"} <= self.cleaned_data.keys():
            self._check_password()

    def _check_password(self) -> None:
        given = self.cleaned_data
        if given["password"] and given.get("clear_password"):
            self.add_error("password", "Either enter a new password or remove the saved one, not both.")
        elif given["password"] and not given["user"]:
            self.add_error("user", "Enter the user that this password belongs to.")
        elif self.refuse_moved_secret():
            return
        elif given["user"] and not (self.secret_to_save() or self.keeps_secret()):
            self.add_error(
                "password", "Enter this user's password, or leave both empty if the server asks for no sign-in."
            )
        elif self._sends_clear_password() and not given.get("allow_clear_password"):
            self.add_error(
                "allow_clear_password",
                "Unencrypted, the password can be read on its way. Choose STARTTLS or SSL/TLS, or tick this box.",
            )

    def changed_destination(self) -> list[str]:
        given, saved = self.cleaned_data, self.saved
        host, port = given["server"]
        security = Security(given["security"])
        is_clear = security == Security.NONE != saved.basic_security
        is_allowed = given.get("allow_clear_password", False) and not saved.basic_allow_clear_password
        differences = {
            "server": host.lower() != saved.basic_host.lower(),
            "port": (port or DEFAULT_PORTS[security]) != port_of(saved),
            "encryption": is_clear or (is_allowed and self._sends_clear_password()),
            # Whoever holds the key of another authority could pose as the server.
            "CA certificate": fingerprints(given["ca_certificate"]) != fingerprints(saved.basic_ca_certificate),
        }
        return [word for word, differs in differences.items() if differs]

    def _sends_clear_password(self) -> bool:
        given = self.cleaned_data
        has_password = bool(given["password"]) or self.keeps_secret()
        return bool(
            given["security"] == Security.NONE
            and given["user"]
            and has_password
            and not is_loopback(given["server"][0])
        )


def port_of(saved: MailServerSettings) -> int:
    return saved.basic_port or DEFAULT_PORTS[Security(saved.basic_security)]


def initial_of(saved: MailServerSettings) -> dict[str, Any]:
    """What the form shows of the saved values; a secret is never among them."""
    default_port = DEFAULT_PORTS[Security(saved.basic_security)]
    return {
        "server": format_server_address(saved.basic_host, saved.basic_port, default_port),
        "security": saved.basic_security,
        "user": saved.basic_user,
        "allow_clear_password": saved.basic_allow_clear_password,
        "sender": saved.basic_sender,
        "ca_certificate": saved.basic_ca_certificate,
        "connect_timeout": saved.basic_connect_timeout,
        "total_timeout": saved.basic_total_timeout,
        "most_recipients": saved.basic_most_recipients,
        "pace": saved.basic_pace,
    }
