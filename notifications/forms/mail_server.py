"""The values of Basic SMTP, as a page or a file gives them."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from notifications.addresses import parse_address
from notifications.forms.certificate import parse_certificates
from notifications.forms.fields import LineField, SwitchField
from notifications.forms.server_address import format_server_address, is_loopback, parse_server_address
from notifications.models import MailServerSettings, Pace, Security
from notifications.models.fields import Unreadable

DEFAULT_PORTS = {Security.NONE: 25, Security.STARTTLS: 587, Security.TLS: 465}
LONGEST_PASSWORD = 1000
LONGEST_CERTIFICATE = 200_000
LONGEST_SENDER = 400
PLAIN_INPUT = {"spellcheck": "false", "autocapitalize": "off", "autocorrect": "off"}


class ServerAddressField(LineField):
    """`host` or `host:port`; gives (host, port or None)."""

    def clean(self, value: Any) -> Any:
        text = self.to_python(value)
        try:
            return parse_server_address(text)
        except ValueError as error:
            raise ValidationError(str(error)) from error


class PasswordField(forms.CharField):
    """Write-only. Bullets are what a browser's helper posts for a password it was not shown: no password at all."""

    widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"required": False, "strip": False, "max_length": LONGEST_PASSWORD, **options})

    def to_python(self, value: Any) -> str:
        if value is not None and not isinstance(value, str):
            raise ValidationError("Give the password as a text.")
        text = value or ""
        if any(char in "\x00\r\n" for char in text):
            raise ValidationError("A password with a line break or a NUL cannot be sent to a mail server.")
        return "" if set(text) <= set("•●") else text


class MailServerForm(forms.Form):
    """`saved` is what is in force: a password that is not given anew is the saved one."""

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
    password = PasswordField(label="SMTP Server Password")
    clear_password = SwitchField(label="Remove the saved password")
    allow_clear_password = SwitchField(
        label="Send the password without encryption",
        help_text="Anybody on the way can read it. Not needed for a server on this machine.",
    )
    sender = LineField(
        label="Sender Email Address",
        max_length=LONGEST_SENDER,
        help_text="What recipients see as From: an address, or Name <address>.",
        widget=forms.TextInput(attrs={**PLAIN_INPUT, "placeholder": "Deployments <deploy@example.com>"}),
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
    connect_timeout = forms.IntegerField(
        label="Time to connect, seconds", required=False, min_value=1, max_value=60, help_text="1 to 60."
    )
    total_timeout = forms.IntegerField(
        label="Time for one mail, seconds",
        required=False,
        min_value=10,
        max_value=900,
        help_text="10 to 900. After a crash, a mail that was on its way is taken up again after this time and 15 s.",
    )
    pace = forms.ChoiceField(
        label="Pace",
        required=False,
        choices=Pace.choices,
        help_text="What the provider allows one sender. All workers share it.",
    )

    def __init__(self, data: Any = None, *, saved: MailServerSettings, **options: Any) -> None:
        super().__init__(data, initial=initial_of(saved), **options)
        self.saved = saved

    @property
    def has_saved_password(self) -> bool:
        return bool(self.saved.basic_password) or self.password_is_unreadable

    @property
    def password_is_unreadable(self) -> bool:
        return isinstance(self.saved.basic_password, Unreadable)

    def sends_unreadable_password(self) -> bool:
        return bool(self.password_is_unreadable and self._keeps_password() and self.cleaned_data["user"])

    def values(self) -> dict[str, Any]:
        """By column of MailServerSettings. Only for a form without errors."""
        given = self.cleaned_data
        host, port = given["server"]
        return {
            "basic_host": host,
            "basic_port": port or DEFAULT_PORTS[given["security"]],
            "basic_security": given["security"],
            "basic_user": given["user"],
            "basic_password": self._password(),
            "basic_allow_clear_password": given["allow_clear_password"] and self._sends_clear_password(),
            "basic_sender": given["sender"],
            "basic_ca_certificate": given["ca_certificate"],
            "basic_connect_timeout": given["connect_timeout"],
            "basic_total_timeout": given["total_timeout"],
            "basic_pace": given["pace"],
        }

    def clean_sender(self) -> str:
        try:
            sender = str(parse_address(self.cleaned_data["sender"]))
        except ValueError as error:
            raise ValidationError(str(error)) from error
        if len(sender) > LONGEST_SENDER:
            raise ValidationError(f"This is longer than {LONGEST_SENDER} characters.")
        return sender

    def clean_ca_certificate(self) -> str:
        try:
            return parse_certificates(self.cleaned_data["ca_certificate"])
        except ValueError as error:
            raise ValidationError(str(error)) from error

    def clean_connect_timeout(self) -> int:
        return self._or_default("connect_timeout")

    def clean_total_timeout(self) -> int:
        return self._or_default("total_timeout")

    def clean_pace(self) -> str:
        return self.cleaned_data["pace"] or Pace.UNLIMITED

    def clean(self) -> None:
        if self.cleaned_data.get("connect_timeout", 0) > self.cleaned_data.get("total_timeout", 900):
            self.add_error(
                "connect_timeout", "The time to connect is part of the time for one mail and cannot be longer."
            )
        if {"server", "security", "user", "password"} <= self.cleaned_data.keys():
            self._check_password()

    def _check_password(self) -> None:
        given = self.cleaned_data
        if given["password"] and given["clear_password"]:
            self.add_error("password", "Either enter a new password or remove the saved one, not both.")
        elif given["password"] and not given["user"]:
            self.add_error("user", "Enter the user that this password belongs to.")
        elif self._keeps_password() and (reason := self._password_stays_home()):
            self.add_error("password", reason)
        elif given["user"] and not (self._password() or self._keeps_password()):
            self.add_error(
                "password", "Enter this user's password, or leave both empty if the server asks for no sign-in."
            )
        elif self._sends_clear_password() and not given.get("allow_clear_password"):
            self.add_error(
                "allow_clear_password",
                "Unencrypted, the password can be read on its way. Choose STARTTLS or SSL/TLS, or tick this box.",
            )

    def _password_stays_home(self) -> str:
        """Why the saved password must not go where these values would send it; empty if it may."""
        host, saved = self.cleaned_data["server"][0], self.saved
        if host.lower() != saved.basic_host.lower():
            return (
                f"The saved password is {saved.basic_host}'s and is not sent to another server. "
                f"Enter the one for {host}, or remove it."
            )
        if self.cleaned_data["security"] == Security.NONE != saved.basic_security:
            return "The saved password was only ever sent encrypted. Enter it again to send it without encryption."
        return ""

    def _keeps_password(self) -> bool:
        return self.has_saved_password and not self.cleaned_data["password"] and not self.cleaned_data["clear_password"]

    def _password(self) -> str:
        """Also when kept: an Unreadable one is saved back as it was."""
        if self._keeps_password():
            return self.saved.basic_password
        return str(self.cleaned_data["password"])

    def _sends_clear_password(self) -> bool:
        given = self.cleaned_data
        has_password = bool(given["password"]) or self._keeps_password()
        return bool(
            given["security"] == Security.NONE
            and given["user"]
            and has_password
            and not is_loopback(given["server"][0])
        )

    def _or_default(self, name: str) -> int:
        given = self.cleaned_data[name]
        return int(getattr(MailServerSettings(), f"basic_{name}") if given is None else given)


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
        "pace": saved.basic_pace,
    }
