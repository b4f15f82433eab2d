"""The first steps of a new installation, until they are done."""

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import User

from notifications.models import ApiToken, Completion, MailServerSettings, Message, Notification
from notifications.views.modes import is_inbox

NEEDED = ("server", "notification", "completion")
CURL = """curl {url}/api/v1/completions \\
  -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
  -d '{{"kind": "deployment", "source": "try", "id": "1", "name": "My first deployment", "outcome": "success"}}'"""


@dataclass(frozen=True)
class FirstSteps:
    mail_was_sent: bool
    has_notification: bool
    has_completion: bool

    @property
    def are_done(self) -> bool:
        return self.mail_was_sent and self.has_notification and self.has_completion

    @property
    def curl(self) -> str:
        return CURL.format(url=settings.PUBLIC_URL)


def first_steps() -> FirstSteps:
    return FirstSteps(
        mail_was_sent=Message.objects.filter(state=Message.State.SENT).exists(),
        has_notification=Notification.objects.exists(),
        has_completion=Completion.objects.exists(),
    )


@dataclass(frozen=True)
class Step:
    """Ticked by what is there, never by hand. `target` is the name of the page where it is done."""

    key: str
    title: str
    text: str
    target: str
    verb: str
    is_done: bool


@dataclass(frozen=True)
class NextSteps:
    steps: list[Step]

    @property
    def done(self) -> int:
        return sum(step.is_done for step in self.steps)

    @property
    def are_done(self) -> bool:
        return self.done == len(self.steps)

    @property
    def is_beginning(self) -> bool:
        """Until a deployment can be told by mail; what is left after that is good to do, but does not stand first."""
        return not all(step.is_done for step in self.steps if step.key in NEEDED)

    @property
    def next_key(self) -> str:
        """Of the first that is still to do."""
        return next((step.key for step in self.steps if not step.is_done), "")


def next_steps(server: MailServerSettings) -> NextSteps:
    return NextSteps([*steps_of_mail(server), *steps_of_reports(), step_of_people()])


def steps_of_mail(server: MailServerSettings) -> list[Step]:
    own = server.is_set_up and not is_inbox(server)
    inbox = "Until then the built-in inbox takes all mail: nothing leaves this machine." if is_inbox(server) else ""
    sent = Message.objects.filter(kind=Message.Kind.TEST, state=Message.State.SENT).exists()
    where = f"Basic SMTP, OAuth2 or Microsoft Graph. {inbox}".strip()
    test = "It takes the road that every mail takes, and says what the server answered."
    return [
        Step("server", "Name your mail server", where, "mail-server", "Open Mail Server", own),
        Step("test", "Send a test email", test, "mail-server", "Send a test", sent),
    ]


def steps_of_reports() -> list[Step]:
    rule = "Who gets a mail about which deployments. It can be tried before it is trusted."
    key = "Your deployment tool reports with it; it may do nothing else."
    report = "From your tool by the API, or by hand to see it work."
    return [
        Step(
            "notification",
            "Add a notification",
            rule,
            "notification-new",
            "Add a notification",
            Notification.objects.exists(),
        ),
        Step("token", "Make an API token", key, "tokens", "Make a token", ApiToken.objects.exists()),
        Step(
            "completion", "Report a completion", report, "completion-new", "Report by hand", Completion.objects.exists()
        ),
    ]


def step_of_people() -> Step:
    text = "Somebody who can look after mail when you are away."
    return Step("people", "Invite somebody else", text, "people", "Invite", User.objects.count() > 1)
