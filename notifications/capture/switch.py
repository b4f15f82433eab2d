"""Whether this installation has a capture inbox, and on which port."""

import os
import socket
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from notifications.models import MailServerSettings, Security, StaleVersion

HOST = "127.0.0.1"
SENDER = "Deployments <deployments@mailadmin.example>"


def why_off() -> str:
    """Empty when it is on."""
    if not settings.CAPTURE_INBOX:
        return "CAPTURE_INBOX is off."
    hosts = (settings.HOST, urlsplit(settings.PUBLIC_URL).hostname or "")
    public = next((host for host in hosts if not is_loopback(host)), None)
    if public is not None and not settings.DEBUG:
        address = public or "every address of this machine"
        return f"the panel is reached as {address}, not only from this machine, and DEBUG is off."
    return ""


def make_ready() -> int:
    """Choose the port, point a fresh installation's Basic SMTP at it, and return it."""
    port = settings.CAPTURE_INBOX_PORT or remembered_port()
    point_fresh_install_at(port)
    return port


def remembered_port() -> int:
    """A free one at the first start, the same ever after: the saved mail server must stay right."""
    file: Path = settings.DATA_DIR / "inbox-port"
    if not file.exists():
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            fresh = file.with_name(f"inbox-port.{os.getpid()}")
            fresh.write_text(str(probe.getsockname()[1]))
            fresh.replace(file)
    return int(file.read_text())


def point_fresh_install_at(port: int) -> None:
    saved = MailServerSettings.load()
    if saved.version or saved.basic_host:
        return
    values = {
        "basic_host": HOST,
        "basic_port": port,
        "basic_security": Security.NONE,
        "basic_sender": SENDER,
    }
    try:
        saved.save_version(values, seen=0)
    except StaleVersion:
        return


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
