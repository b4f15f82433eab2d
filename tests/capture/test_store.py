"""Captured mail in its folder."""

import itertools
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from django.conf import LazySettings

from notifications.capture import store

_numbers = itertools.count(1)
# What somebody might put into an address of the Inbox page.
HOSTILE = [
    "",
    ".",
    "..",
    "../../keys.env",
    "/etc/passwd",
    "..%2f..%2fkeys.env",
    "1.M1P1Q1.host/../../../keys.env",
    "1.M1P1Q1.host",
    "1.M1P1Q1.host\0",
    "new",
    "keys.env",
    "\udce4",
    "9" * 5000,
    "1.M1P1Q1." + "x" * 5000,
]


@pytest.fixture(autouse=True)
def data(tmp_path: Path, settings: LazySettings) -> Path:
    settings.DATA_DIR = tmp_path
    (tmp_path / "keys.env").write_text("SECRET_KEY=not-for-anybody\n")
    return tmp_path


def a_mail(subject: str = "", body: str = "It failed.\n") -> bytes:
    mail = EmailMessage()
    mail["From"] = "Deployments <deploy@contoso.test>"
    mail["Subject"] = subject or f"Mail {next(_numbers)}"
    mail.set_content(body)
    return mail.as_bytes().replace(b"\n", b"\r\n")


def keep(content: bytes | None = None) -> str:
    return store.add("deploy@contoso.test", ["ops@peer.test", "ada@peer.test"], content or a_mail())


def subjects() -> list[str]:
    return [mail.subject for mail in store.list_mails()]


def test_a_mail_comes_back_as_it_came() -> None:
    content = a_mail(body="naïve\n\nFrom here on\n.dots\n")
    mail = store.get(keep(content))
    assert mail
    assert mail.content == content
    assert mail.size == len(content)


def test_the_envelope_is_kept_beside_the_mail() -> None:
    mail = store.get(keep())
    assert mail
    assert (mail.sender, mail.recipients) == ("deploy@contoso.test", ("ops@peer.test", "ada@peer.test"))


def test_the_content_can_be_read_as_a_mail() -> None:
    mail = store.get(keep(a_mail(subject="7-Zip failed", body="On PC-001.\n")))
    assert mail
    parsed = message_from_bytes(mail.content, policy=policy.default)
    assert parsed["Subject"] == "7-Zip failed"
    assert parsed.get_content() == "On PC-001.\r\n"
    assert "X-Mailadmin-Envelope" not in parsed


@pytest.mark.parametrize(
    ("header", "shown"),
    [
        (b"=?utf-8?b?R3LDvMOfZQ==?=", "Grüße"),
        (b"folded\r\n over two lines", "folded over two lines"),
        (b"=?no-such-charset?b?R3LD?=", "=?no-such-charset?b?R3LD?="),
        (b"=?utf-8?b?A?=", "=?utf-8?b?A?="),
        (b"gr\xfc\xdfe", "gr\ufffd\ufffde"),
        (b"", ""),
    ],
)
def test_a_subject_is_shown_decoded_as_far_as_it_can_be(header: bytes, shown: str) -> None:
    keep(b"Subject: " + header + b"\r\n\r\ntext\r\n")
    assert subjects() == [shown]


@pytest.mark.parametrize("content", [b"\x00\xff", b"\r\n", b"no header at all", b"Subject" * 20_000])
def test_a_mail_that_is_none_is_kept_all_the_same(content: bytes) -> None:
    mail = store.get(keep(content))
    assert mail
    assert mail.content == content


def test_the_newest_stands_first() -> None:
    for number in range(12):
        keep(a_mail(subject=str(number)))
    assert subjects() == [str(number) for number in reversed(range(12))]


def test_the_next_page_goes_on_before_the_last_of_this_one() -> None:
    for number in range(5):
        keep(a_mail(subject=str(number)))
    first = store.list_mails(limit=2)
    assert [mail.subject for mail in store.list_mails(limit=2, before=first[-1].key)] == ["2", "1"]


def test_a_page_goes_on_although_its_last_mail_is_gone() -> None:
    keys = [keep(a_mail(subject=str(number))) for number in range(4)]
    store.maildir().discard(keys[2])
    assert [mail.subject for mail in store.list_mails(before=keys[2])] == ["1", "0"]


@pytest.mark.parametrize("before", HOSTILE[:-1])
def test_a_page_before_nonsense_is_the_first_one_or_empty(before: str) -> None:
    keep(a_mail(subject="only"))
    assert [mail.subject for mail in store.list_mails(before=before)] in (["only"], [])


def test_only_the_newest_are_kept(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "CAPACITY", 3)
    for number in range(5):
        keep(a_mail(subject=str(number)))
    assert subjects() == ["4", "3", "2"]
    assert store.count() == 3


def test_clearing_leaves_none() -> None:
    keep()
    keep()
    store.clear()
    assert (store.count(), store.list_mails()) == (0, [])


def test_an_inbox_that_never_had_mail_is_empty(data: Path) -> None:
    assert (store.count(), store.list_mails(), store.get("1.M1P1Q1.host")) == (0, [], None)


@pytest.mark.parametrize("key", HOSTILE)
def test_a_key_from_outside_opens_nothing(key: str) -> None:
    keep()
    assert store.get(key) is None


@pytest.mark.parametrize("key", ["1.M1P1Q1.host", "1.M2P1Q1.host"])
def test_a_file_that_somebody_else_put_there_is_passed_over(data: Path, key: str) -> None:
    keep(a_mail(subject="ours"))
    (data / "inbox" / "new" / key).write_bytes(a_mail(subject="theirs"))
    assert subjects() == ["ours"]
    assert store.get(key) is None


def test_the_folder_is_for_the_panels_own_user_alone(data: Path) -> None:
    keep()
    folders = [data / "inbox", *(data / "inbox").iterdir()]
    assert {folder.stat().st_mode & 0o777 for folder in folders} == {0o700}
