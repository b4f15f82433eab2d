"""Postfix and Dovecot: mail servers that nobody in this project wrote."""

import grp
import os
import pwd
import shutil
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from string import Template
from typing import Self

from tests.peers.process import Process, Scratch, free_ports, run
from tests.pki import write_server
from tests.waiting import wait_until

TEMPLATES = Path(__file__).parent / "templates"
DOORS = ("plain", "starttls", "tls", "plain_auth", "limited", "dovecot_starttls", "dovecot_tls")
SCOPE = "https://outlook.office.com/SMTP.Send"


@dataclass(frozen=True)
class Introspection:
    """Where Dovecot asks about access tokens; `url` carries its own name and password."""

    url: str
    scope: str = SCOPE


class MailPeer:
    """Listens on `localhost`, a port for each way in; every mail it takes lands in one Maildir.

    plain            no sign-in, no TLS
    starttls         STARTTLS and sign-in required; only own senders (553 5.7.1)
    tls              TLS from the start, sign-in required
    plain_auth       sign-in without TLS
    limited          3 connections, 30 mails a minute, 20,000 bytes
    dovecot_starttls, dovecot_tls   another program in front of `plain`
    """

    host = "localhost"
    users = {"sender@contoso.test": "secret", "other@contoso.test": "secret2"}
    plain: int
    starttls: int
    tls: int
    plain_auth: int
    limited: int
    dovecot_starttls: int
    dovecot_tls: int

    def __init__(self, introspection: Introspection | None = None) -> None:
        self._introspection = introspection
        self._scratch = Scratch("mail")
        self.folder = self._scratch.path
        self.ca_pem = self.folder / "ca.pem"
        self._inbox = self.folder / "mail" / "all" / "new"
        for door, port in zip(DOORS, free_ports(len(DOORS)), strict=True):
            setattr(self, door, port)

    def mails(self, to: str = "") -> list[EmailMessage]:
        """One for each recipient, with its Delivered-To and Return-Path, in the order they came."""
        files = sorted(self._inbox.glob("*"), key=lambda path: path.stat().st_mtime_ns)
        found = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in files]
        return [mail for mail in found if to in mail["Delivered-To"]]

    def wait_for(self, count: int, to: str = "", seconds: float = 20) -> list[EmailMessage]:
        wait_until(lambda: len(self.mails(to)) >= count, seconds, f"{count} mails to {to or 'anybody'}")
        return self.mails(to)

    def clear(self) -> None:
        for path in self._inbox.glob("*"):
            path.unlink()

    def __enter__(self) -> Self:
        nobody = pwd.getpwnam("nobody")
        for name in ("postfix", "spool", "data", "mail", "dovecot"):
            (self.folder / name).mkdir(mode=0o755)
        shutil.chown(self.folder / "data", "postfix", grp.getgrgid(pwd.getpwnam("postfix").pw_gid).gr_name)
        os.chown(self.folder / "mail", nobody.pw_uid, nobody.pw_gid)
        write_server(self.folder)
        self._configure(uid=nobody.pw_uid, gid=nobody.pw_gid)
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        for process in (self._postfix, self._dovecot):
            process.stop()
        self._scratch.remove()

    def _configure(self, **ids: int) -> None:
        values: dict[str, object] = {"folder": self.folder, "token_mechanisms": "", "token_passdb": "", **ids}
        values |= {door: getattr(self, door) for door in DOORS}
        if self._introspection:
            values |= {"introspection_url": self._introspection.url, "token_scope": self._introspection.scope}
            values |= {"token_mechanisms": "xoauth2 oauthbearer", "token_passdb": _fill("passdb-token.conf", values)}
            (self.folder / "token.conf").write_text(_fill("token.conf", values))
        (self.folder / "users").write_text("".join(f"{name}:{{PLAIN}}{word}\n" for name, word in self.users.items()))
        (self.folder / "dovecot.conf").write_text(_fill("dovecot.conf", values))
        for name in ("main.cf", "master.cf"):
            (self.folder / "postfix" / name).write_text(_fill(name, values))

    def _start(self) -> None:
        self._dovecot = Process(
            ["/usr/sbin/dovecot", "-F", "-c", self.folder / "dovecot.conf"], self.folder / "dovecot.log"
        )
        settings = self.folder / "postfix"
        # Makes the spool's folders; started by `postfix start`, the master would not be a child of ours.
        run("/usr/sbin/postfix", "-c", settings, "check")
        self._postfix = Process(["/usr/lib/postfix/sbin/master", "-c", settings, "-s"], self.folder / "postfix.log")
        self._postfix.wait_for(self.plain, self.starttls, self.tls, self.plain_auth, self.limited)
        self._dovecot.wait_for(self.dovecot_starttls, self.dovecot_tls)


def _fill(name: str, values: dict[str, object]) -> str:
    return Template((TEMPLATES / name).read_text()).substitute(values)
