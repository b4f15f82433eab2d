"""What the forms of all modes have in common: a sender, limits, and a secret that is never shown again."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError

from notifications.addresses import parse_address
from notifications.blanks import odd_blanks, without_blanks
from notifications.forms.fields import LineField
from notifications.models import MailServerSettings, Mode, Pace
from notifications.models.fields import Unreadable

LONGEST_SECRET = 1000
LONGEST_SENDER = 400
# More than any mail server accepts in one message.
MOST_RECIPIENTS = 100_000
REMOVE, KEEP = "remove", "keep"
PLAIN_INPUT = {"spellcheck": "false", "autocapitalize": "off", "autocorrect": "off"}


class WriteOnlyField(forms.CharField):
    """Bullets are what a browser's helper posts for a password it was not shown: no password at all."""

    widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"required": False, "strip": False, "max_length": LONGEST_SECRET, **options})

    def to_python(self, value: Any) -> str:
        if value is not None and not isinstance(value, str):
            raise ValidationError("Give the password as a text.")
        text = str(super().to_python(value))
        # Line breaks around it come from copying, and are for the form to ask about.
        if any(char in "\x00\r\n" for char in text.strip("\r\n")):
            raise ValidationError("A password with a line break or a NUL cannot be sent to a mail server.")
        return "" if set(text) <= set("•●") else text


class ModeForm(forms.Form):
    """`saved` is what is in force: a secret that is not given anew is the saved one."""

    mode: ClassVar[Mode]
    # The field of the mode's secret; `clear_` in front of it is the tick that removes the saved one.
    write_only: ClassVar[str]
    write_only_word: ClassVar[str]
    # The fields that say where the secret goes.
    leads_secret: ClassVar[tuple[str, ...]]
    # What the field says while none is saved.
    write_only_help: ClassVar[str]
    paces: ClassVar[tuple[Pace, ...]] = (Pace.UNLIMITED, Pace.EXCHANGE_ONLINE, Pace.GMAIL)
    # Values that make no difference to how one mail goes.
    of_no_mail: ClassVar[tuple[str, ...]] = ("pace",)

    sender = LineField(
        label="Sender Email Address",
        max_length=LONGEST_SENDER,
        help_text="What recipients see as From: an address, or Name <address>.",
        widget=forms.TextInput(attrs={**PLAIN_INPUT, "placeholder": "Deployments <deploy@example.com>"}),
    )
    connect_timeout = forms.IntegerField(
        label="Time to connect, seconds", required=False, min_value=1, max_value=60, help_text="1 to 60."
    )
    total_timeout = forms.IntegerField(
        label="No progress, seconds",
        required=False,
        min_value=10,
        max_value=900,
        help_text="10 to 900: how long the server may take for each reply. After the content was sent, it always gets"
        " ten minutes (RFC 5321): giving up sooner sends a second copy.",
    )
    most_recipients = forms.IntegerField(
        label="Recipients per message",
        required=False,
        min_value=1,
        max_value=MOST_RECIPIENTS,
        help_text="Blank: no limit. An email to more recipients is sent as several messages.",
    )
    # Asked only where the secret that was typed contains odd ones.
    blanks = forms.ChoiceField(
        label="Blanks",
        required=False,
        choices=[(REMOVE, "Save it without them"), (KEEP, "Save it as it was entered")],
        widget=forms.RadioSelect,
    )
    pace = forms.ChoiceField(
        label="Pace",
        required=False,
        help_text="What the provider allows one sender. All workers share it.",
    )

    def __init__(self, data: Any = None, *, saved: MailServerSettings, **options: Any) -> None:
        super().__init__(data, **options)
        self.saved = saved
        self.fields["pace"].choices = [(pace.value, pace.label) for pace in self.paces]  # type: ignore[attr-defined]

    def values(self) -> dict[str, Any]:
        """By column of MailServerSettings. Only for a form without errors."""
        raise NotImplementedError

    @property
    def server_name(self) -> str:
        """`host:port` that mail goes to. Only for a form without errors."""
        raise NotImplementedError

    @classmethod
    def destination(cls, data: Any) -> str:
        """Where posted `data` would send the secret; empty where it does not say."""
        raise NotImplementedError

    @classmethod
    def origins(cls, data: Any) -> tuple[str, ...]:
        """The destinations whose typed secret may also go where `data` would send it."""
        return (cls.destination(data),)

    @property
    def keeps_typed_secret(self) -> bool:
        """Whether a secret in the posted data is good, and still goes there when the form's errors are mended."""
        bad = self.errors.keys()
        return bool(self.data.get(self.write_only) and self.destination(self.data)) and not bad & {
            self.write_only,
            *self.leads_secret,
        }

    @property
    def has_saved_secret(self) -> bool:
        return bool(getattr(self.saved, f"{self.mode}_{self.write_only}")) or self.secret_is_unreadable

    @property
    def secret_is_unreadable(self) -> bool:
        return isinstance(getattr(self.saved, f"{self.mode}_{self.write_only}"), Unreadable)

    def needs_secret(self) -> bool:
        """Whether a mail sent with these values makes use of it."""
        return True

    def sends_unreadable_secret(self) -> bool:
        return self.secret_is_unreadable and self.keeps_secret() and self.needs_secret()

    def keeps_secret(self) -> bool:
        given = self.cleaned_data
        return self.has_saved_secret and not given[self.write_only] and not given.get(f"clear_{self.write_only}")

    def secret_to_save(self) -> str:
        """Also when kept: an Unreadable one is saved back as it was."""
        kept: str = getattr(self.saved, f"{self.mode}_{self.write_only}")
        return kept if self.keeps_secret() else str(self.cleaned_data[self.write_only])

    def clean_sender(self) -> str:
        try:
            sender = str(parse_address(self.cleaned_data["sender"]))
        except ValueError as error:
            raise ValidationError(str(error)) from error
        if len(sender) > LONGEST_SENDER:
            raise ValidationError(f"This is longer than {LONGEST_SENDER} characters.")
        return sender

    def clean_connect_timeout(self) -> int:
        return int(self.or_default("connect_timeout"))

    def clean_total_timeout(self) -> int:
        return int(self.or_default("total_timeout"))

    def clean_most_recipients(self) -> int | None:
        found = self.or_default("most_recipients")
        return None if found is None else int(found)

    def clean_pace(self) -> str:
        return str(self.or_default("pace"))

    def clean(self) -> None:
        if self.cleaned_data.get("connect_timeout", 0) > self.cleaned_data.get("total_timeout", 900):
            self.add_error("connect_timeout", "The time to connect cannot be longer than the time without progress.")
        if blanks := odd_blanks(self.cleaned_data.get(self.write_only) or ""):
            self._decide_about(blanks)

    def _decide_about(self, blanks: str) -> None:
        typed, choice = self.cleaned_data[self.write_only], self.cleaned_data.get("blanks")
        if choice == REMOVE and without_blanks(typed):
            self.cleaned_data[self.write_only] = without_blanks(typed)
        elif choice == REMOVE:
            self.add_error(self.write_only, "This consists of blanks only.")
        elif choice == KEEP and any(char in "\r\n" for char in typed):
            self.add_error(self.write_only, "A password with a line break cannot be sent to a mail server.")
        elif choice != KEEP:
            word = self.write_only_word
            self.add_error(
                "blanks", f"The {word} contains {blanks}, often copied by mistake. Choose whether that is part of it."
            )

    def changed_destination(self) -> list[str]:
        """What of the values that say where a secret goes differs from those that the secret was saved with, in words.

        Only for a form in which these fields have no errors.
        """
        raise NotImplementedError

    def refuse_moved_secret(self) -> bool:
        """Add an error if the saved secret is kept and would go to another place; whether that was so."""
        changed = self.changed_destination() if self.keeps_secret() else []
        if changed:
            word = self.write_only_word
            verb = "was" if len(changed) == 1 else "were"
            way_out = ", or remove the saved one" if f"clear_{self.write_only}" in self.fields else ""
            self.add_error(
                self.write_only,
                f"A saved {word} is only sent to the place that it was saved for, and {listed(changed)} {verb} changed."
                f" Enter the {word} again{way_out}.",
            )
        return bool(changed)

    def or_default(self, name: str) -> Any:
        given = self.cleaned_data[name]
        return getattr(MailServerSettings(), f"{self.mode}_{name}") if given in (None, "") else given


def listed(words: list[str]) -> str:
    """`the server, the port and the CA certificate`."""
    *first, last = [f"the {word}" for word in words]
    return f"{', '.join(first)} and {last}" if first else last
