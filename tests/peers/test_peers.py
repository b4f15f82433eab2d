"""The peers must answer as their documentation says: other tests believe it."""

import os
import re
import smtplib
import ssl
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import redis

from tests.peers.mail import DOORS, MailPeer
from tests.peers.need import PEERS, need

MAIL = "Subject: hello\r\n\r\nbody\r\n"
HERE = Path(__file__).parent


def sign_in(peer: MailPeer, port: int, password: str = "secret") -> smtplib.SMTP:
    context = ssl.create_default_context(cafile=str(peer.ca_pem))
    if port in (peer.tls, peer.dovecot_tls):
        client: smtplib.SMTP = smtplib.SMTP_SSL(peer.host, port, timeout=10, context=context)
    else:
        client = smtplib.SMTP(peer.host, port, timeout=10)
    if port in (peer.starttls, peer.dovecot_starttls):
        client.starttls(context=context)
    client.login("sender@contoso.test", password)
    return client


@pytest.mark.parametrize("door", [door for door in DOORS if door not in ("plain", "limited")])
def test_a_signed_in_mail_lands_in_the_maildir(mail_peer: MailPeer, door: str) -> None:
    with sign_in(mail_peer, getattr(mail_peer, door)) as client:
        client.sendmail("sender@contoso.test", ["ops@peer.test"], MAIL)
    (mail,) = mail_peer.wait_for(1)
    assert (mail["Delivered-To"], mail["Return-Path"]) == ("ops@peer.test", "<sender@contoso.test>")


@pytest.mark.parametrize("door", ["starttls", "dovecot_tls"])
def test_a_wrong_password_is_refused(mail_peer: MailPeer, door: str) -> None:
    with pytest.raises(smtplib.SMTPAuthenticationError, match="5.7.8"):
        sign_in(mail_peer, getattr(mail_peer, door), "wrong")


@pytest.mark.parametrize(
    ("recipient", "code"),
    [
        ("nouser", "550 5.1.1"),
        ("full", "452 4.2.2"),
        ("busy", "451 4.7.500"),
        ("storedrv", "432 4.3.2"),
        ("daily", "550 5.4.5"),
        ("shutdown", "421 4.7.0"),
    ],
)
def test_the_recipient_chooses_the_answer(mail_peer: MailPeer, recipient: str, code: str) -> None:
    with smtplib.SMTP(mail_peer.host, mail_peer.plain, timeout=10) as client:
        client.ehlo()
        client.mail("sender@contoso.test")
        number, text = client.rcpt(f"{recipient}@peer.test")
    assert f"{number} {text.decode()}".startswith(code)


@pytest.mark.parametrize(("sender", "code"), [("sendas@contoso.test", "550 5.7.60"), ("ceo@contoso.test", "553 5.7.1")])
def test_a_foreign_sender_is_refused(mail_peer: MailPeer, sender: str, code: str) -> None:
    with sign_in(mail_peer, mail_peer.starttls) as client:
        client.mail(sender)
        number, text = client.rcpt("ops@peer.test")
    assert f"{number} {text.decode()}".startswith(code)


def test_a_fourth_connection_is_one_too_many(mail_peer: MailPeer) -> None:
    clients = [smtplib.SMTP(mail_peer.host, mail_peer.limited, timeout=10) for _ in range(3)]
    with pytest.raises(smtplib.SMTPConnectError, match="421"):
        smtplib.SMTP(mail_peer.host, mail_peer.limited, timeout=10)
    for client in clients:
        client.close()


def test_each_postgres_url_is_an_empty_database(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT count(*) FROM pg_stat_user_tables").fetchone() == (0,)


def test_redis_comes_back_empty_after_a_kill(redis_peer: "redis.Redis") -> None:
    client = redis.Redis.from_url(redis_peer.url)
    client.set("key", "value")
    redis_peer.kill()
    redis_peer.start()
    assert client.get("key") is None


@pytest.mark.parametrize("ci", ["", "true"])
def test_a_missing_peer_skips_here_and_fails_in_ci(monkeypatch: pytest.MonkeyPatch, ci: str) -> None:
    monkeypatch.setitem(PEERS, "phone", lambda: "There is no phone")
    monkeypatch.setenv("CI", ci)
    expected = pytest.fail.Exception if ci else pytest.skip.Exception
    with pytest.raises(expected, match="There is no phone"):
        need("phone")


@pytest.mark.parametrize(("ci", "code"), [("", 0), ("true", 1)])
def test_a_run_with_a_skipped_test_fails_in_ci_only(tmp_path: Path, ci: str, code: int) -> None:
    (tmp_path / "test_it.py").write_text("import pytest\n\ndef test_it():\n    pytest.skip('why not')\n")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-c", "pyproject.toml", tmp_path],
        cwd=HERE.parent.parent,
        env={**os.environ, "CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == code, run.stdout + run.stderr
    assert re.search(r"1 skipped", run.stdout)
