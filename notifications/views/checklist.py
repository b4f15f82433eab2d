"""The first steps of a new installation, until they are done."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.urls import reverse

from notifications.access import may
from notifications.models import ApiToken, Completion, DigestEntry, MailServerSettings, Message, Notification
from notifications.views.examples import curl_line
from notifications.views.modes import is_inbox

NEEDED = ("server", "notification", "completion")


@dataclass(frozen=True)
class FirstSteps:
    """`unmatched`: a report came, and no mail with it."""

    mail_was_sent: bool
    has_notification: bool
    is_told: bool
    unmatched: Completion | None

    @property
    def are_done(self) -> bool:
        return self.mail_was_sent and self.has_notification and self.is_told

    @property
    def curl(self) -> str:
        return curl_line()


def first_steps() -> FirstSteps:
    is_told = was_told()
    return FirstSteps(
        mail_was_sent=Message.objects.filter(state=Message.State.SENT).exists(),
        has_notification=Notification.objects.exists(),
        is_told=is_told,
        unmatched=None if is_told else newest_completion(),
    )


def was_told() -> bool:
    """Whether a notification ever made a mail, or noted something for one."""
    return Message.objects.exclude(kind=Message.Kind.TEST).exists() or DigestEntry.objects.exists()


def newest_completion() -> Completion | None:
    return Completion.objects.order_by("-id").first()


@dataclass(frozen=True)
class Step:
    """Ticked by what is there, never by hand. `url` is where it is done, `route` what takes it: whose step it is."""

    key: str
    title: str
    text: str
    url: str
    route: str
    verb: str
    is_done: bool


@dataclass(frozen=True)
class NextSteps:
    """`steps` are those that whoever looks can do."""

    steps: list[Step]
    is_beginning: bool
    leaves_to_others: bool

    @property
    def done(self) -> int:
        return sum(step.is_done for step in self.steps)

    @property
    def are_done(self) -> bool:
        return self.done == len(self.steps)

    @property
    def next_key(self) -> str:
        """Of the first that is still to do."""
        return next((step.key for step in self.steps if not step.is_done), "")


def next_steps(server: MailServerSettings, user: Any) -> NextSteps:
    steps = [*steps_of_mail(server), *steps_of_reports(), step_of_people()]
    own = [step for step in steps if may(user, step.route, "POST")]
    return NextSteps(
        own,
        # Until a deployment can be told by mail; what is left after that is good to do, but does not stand first.
        is_beginning=not all(step.is_done for step in steps if step.key in NEEDED),
        leaves_to_others=any(not step.is_done for step in steps if step not in own),
    )


def steps_of_mail(server: MailServerSettings) -> list[Step]:
    own, url = server.is_set_up and not is_inbox(server), reverse("mail-server")
    inbox = "Until then the built-in inbox takes all mail: nothing leaves this machine." if is_inbox(server) else ""
    sent = Message.objects.filter(kind=Message.Kind.TEST, state=Message.State.SENT).exists()
    where = f"Basic SMTP, OAuth2 or Microsoft Graph. {inbox}".strip()
    test = "It takes the road that every mail takes, and says what the server answered."
    return [
        Step("server", "Name your mail server", where, url, "mail-server-basic", "Open Mail Server", own),
        Step("test", "Send a test email", test, url, "test-emails", "Send a test", sent),
    ]


def steps_of_reports() -> list[Step]:
    rule = "Who gets a mail about which deployments. It can be tried before it is trusted."
    key, tokens = "Your deployment tool reports with it; it may do nothing else.", reverse("tokens")
    add, exists = reverse("notification-new"), Notification.objects.exists()
    return [
        Step("notification", "Add a notification", rule, add, "notification-new", "Add a notification", exists),
        Step("token", "Make an API token", key, tokens, "tokens", "Make a token", ApiToken.objects.exists()),
        step_of_completion(),
    ]


def step_of_completion() -> Step:
    is_told = was_told()
    newest = None if is_told else newest_completion()
    text, url, verb = (
        "From your tool by the API, or by hand to see it work.",
        reverse("completion-new"),
        "Report by hand",
    )
    if newest:
        text, verb = "Reported, but no notification matched.", "Why no mail?"
        url = f"{reverse('completion', args=[newest.uuid])}#why"
    return Step("completion", "Report a completion", text, url, "completion-new", verb, is_told)


def step_of_people() -> Step:
    text = "Somebody who can look after mail when you are away."
    return Step("people", "Invite somebody else", text, reverse("people"), "people", "Invite", User.objects.count() > 1)
