"""The inbox as a process, spoken to by smtplib."""

import os
import re
import smtplib
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings

from notifications.capture import store
from notifications.capture.server import SIZE_LIMIT
from tests.capture.odd_mail import ODD_MAILS
from tests.peers.process import free_ports
from tests.waiting import wait_until

MAIL = "From: deploy@contoso.test\r\nSubject: 7-Zip failed\r\n\r\nOn PC-001.\r\n"


class Inbox:
    """`manage.py capture_inbox` on a folder of its own, and what it prints."""

    def __init__(self, data: Path, **env: str) -> None:
        foreign = ("SECRET_KEY", "FERNET_KEYS", "DJANGO_SETTINGS_MODULE")
        clean = {name: value for name, value in os.environ.items() if name not in foreign}
        self.data = data
        self.env = {**clean, "MAILADMIN_DATA": str(data), "PYTHONUNBUFFERED": "1", **env}
        self.log = data / "printed"

    def manage(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, env=self.env, capture_output=True, text=True, check=False)

    def __enter__(self) -> "Inbox":
        with self.log.open("w") as printed:
            command = [sys.executable, "manage.py", "capture_inbox"]
            self.process = subprocess.Popen(command, env=self.env, stdout=printed, stderr=printed)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(20)

    def prints(self, text: str) -> None:
        wait_until(lambda: text in self.log.read_text(), 20, f"{text!r} among the printed lines")

    @property
    def port(self) -> int:
        self.prints("listens on 127.0.0.1 port")
        found = re.search(r"listens on 127\.0\.0\.1 port (\d+)", self.log.read_text())
        assert found
        return int(found[1])


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inbox]:
    inbox = Inbox(tmp_path_factory.mktemp("inbox"))
    assert inbox.manage("migrate", "--verbosity", "0").returncode == 0
    with inbox:
        yield inbox


@pytest.fixture
def client(inbox: Inbox, settings: LazySettings) -> Iterator[smtplib.SMTP]:
    settings.DATA_DIR = inbox.data
    store.clear()
    with smtplib.SMTP("127.0.0.1", inbox.port, timeout=20) as client:
        yield client


def test_takes_a_mail_and_lists_it(client: smtplib.SMTP) -> None:
    client.sendmail("deploy@contoso.test", ["ops@peer.test", "ada@peer.test"], MAIL)
    (mail,) = store.list_mails()
    assert (mail.sender, mail.recipients) == ("deploy@contoso.test", ("ops@peer.test", "ada@peer.test"))
    assert (mail.subject, mail.content) == ("7-Zip failed", MAIL.encode())


def test_takes_the_empty_sender_of_a_bounce(client: smtplib.SMTP) -> None:
    client.sendmail("", ["ops@peer.test"], MAIL)
    assert [mail.sender for mail in store.list_mails()] == [""]


@pytest.mark.parametrize("name", [name for name in ODD_MAILS if name != "bare line ends"])
def test_takes_emails_that_keep_to_no_rule(client: smtplib.SMTP, name: str) -> None:
    content = ODD_MAILS[name].removesuffix(b"\r\n") + b"\r\n"
    client.sendmail("deploy@contoso.test", ["ops@peer.test"], content)
    (mail,) = store.list_mails()
    assert (store.get(mail.key) or mail).content == content


def test_offers_a_size_limit_and_no_addresses_beyond_ascii(client: smtplib.SMTP) -> None:
    client.ehlo()
    assert client.esmtp_features["size"] == str(SIZE_LIMIT)
    assert not client.has_extn("smtputf8")


def test_refuses_a_mail_beyond_its_limit_before_it_is_sent(client: smtplib.SMTP) -> None:
    client.ehlo()
    code, _ = client.mail("deploy@contoso.test", [f"size={SIZE_LIMIT + 1}"])
    assert code == 552


def test_says_so_when_it_cannot_write(client: smtplib.SMTP, inbox: Inbox) -> None:
    folder = inbox.data / "inbox"
    folder.rename(inbox.data / "moved")
    folder.touch()
    try:
        with pytest.raises(smtplib.SMTPDataError) as refused:
            client.sendmail("deploy@contoso.test", ["ops@peer.test"], MAIL)
    finally:
        folder.unlink()
        (inbox.data / "moved").rename(folder)
    assert refused.value.smtp_code == 452
    client.sendmail("deploy@contoso.test", ["ops@peer.test"], MAIL)


def test_listens_on_loopback_only(client: smtplib.SMTP, inbox: Inbox) -> None:
    listening = Path(f"/proc/{inbox.process.pid}/net/tcp").read_text().split("\n")[1:-1]
    bound = [line.split()[1] for line in listening if line.split()[1].endswith(f":{inbox.port:04X}")]
    assert set(bound) == {f"0100007F:{inbox.port:04X}"}


def test_passwords_do_not_reach_the_log(client: smtplib.SMTP, inbox: Inbox) -> None:
    client.ehlo()
    client.docmd("AUTH PLAIN AGFkYQBodW50ZXIy")
    assert "AGFkYQBodW50ZXIy" not in inbox.log.read_text()


def test_keeps_its_port_from_start_to_start(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    inbox.manage("migrate", "--verbosity", "0")
    with inbox:
        first = inbox.port
    assert inbox.process.returncode == 0
    with inbox:
        assert inbox.port == first
    (wanted,) = free_ports(1)
    inbox.env["CAPTURE_INBOX_PORT"] = str(wanted)
    with inbox:
        assert inbox.port == wanted


def test_a_port_that_is_taken_is_named_and_asked_for_again(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    inbox.manage("migrate", "--verbosity", "0")
    with socket.create_server(("127.0.0.1", 0)) as other:
        (tmp_path / "inbox-port").write_text(str(other.getsockname()[1]))
        inbox.__enter__()
        inbox.prints(f"cannot listen on 127.0.0.1 port {other.getsockname()[1]}: Address already in use")
    try:
        assert inbox.port
    finally:
        inbox.__exit__()


@pytest.mark.parametrize(
    ("env", "reason"),
    [
        ({"CAPTURE_INBOX": "off"}, "CAPTURE_INBOX is off"),
        ({"MAILADMIN_HOST": "0.0.0.0"}, "reached as 0.0.0.0"),
        ({"ALLOWED_HOSTS": "panel.example.com", "PUBLIC_URL": "https://panel.example.com"}, "reached as panel.example"),
    ],
)
def test_is_refused_with_the_reason(tmp_path: Path, env: dict[str, str], reason: str) -> None:
    refused = Inbox(tmp_path, **env).manage("capture_inbox")
    assert refused.returncode == 1
    assert reason in refused.stderr
