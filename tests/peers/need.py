"""Whether a peer is there, and what it means when it is not."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.peers import graph, postgres

HOW = "`make peers` installs it"
NODE_MODULES = Path(__file__).parent / "node_modules"
CHROMIUM = "/usr/bin/chromium"


def _mail() -> str:
    if not shutil.which("dovecot", path="/usr/sbin") or not shutil.which("postfix", path="/usr/sbin"):
        return f"Postfix and Dovecot are not installed; {HOW}"
    return "" if os.geteuid() == 0 else "Postfix starts as root only; run the tests as root"


def _node() -> str:
    there = shutil.which("node") and (NODE_MODULES / "oidc-provider").is_dir()
    return "" if there else f"Node.js and its packages under tests/peers are not installed; {HOW}"


def _graph() -> str:
    if not graph.PRISM.exists() or not Path(graph.NGINX).exists():
        return f"prism or nginx is not installed; {HOW}"
    there = graph.contract().is_file()
    return "" if there else "Microsoft's OpenAPI document is not there; MAILADMIN_GRAPH_CONTRACT names it"


def _axe() -> str:
    there = (NODE_MODULES / "axe-core").is_dir()
    return "" if there else f"axe-core, under tests/peers, is not installed; {HOW}"


def _mounts() -> str:
    if os.geteuid() != 0:
        return "Only root mounts disks and becomes other users; run the tests as root"
    done = subprocess.run(["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], check=False)
    return "" if done.returncode == 0 else "This machine lets not even root mount a disk"


PEERS: dict[str, Callable[[], str]] = {
    "mail": _mail,
    "postgres": lambda: "" if postgres.programs() else f"PostgreSQL is not installed; {HOW}",
    "redis": lambda: "" if shutil.which("redis-server") else f"Redis is not installed; {HOW}",
    "chromium": lambda: "" if Path(CHROMIUM).exists() else f"Chromium is not installed; {HOW}",
    "node": _node,
    "axe": _axe,
    "graph": _graph,
    "nginx": lambda: "" if shutil.which("nginx", path="/usr/sbin") else f"nginx is not installed; {HOW}",
    "caddy": lambda: "" if shutil.which("caddy") else f"Caddy is not installed; {HOW}",
    "mounts": _mounts,
    "curl": lambda: "" if shutil.which("curl") and shutil.which("jq") else f"curl or jq is not installed; {HOW}",
    "systemd": lambda: "" if shutil.which("systemd-analyze") else f"systemd-analyze is not installed; {HOW}",
}


def need(peer: str) -> None:
    """Skip this test when `peer` (a name in PEERS) is missing; in CI, where all are installed, fail."""
    reason = PEERS[peer]()
    if reason and in_ci():
        pytest.fail(f"In CI every peer must be there. {reason}", pytrace=False)
    if reason:
        pytest.skip(reason)


def in_ci() -> bool:
    return os.environ.get("CI", "").lower() not in ("", "0", "false")
