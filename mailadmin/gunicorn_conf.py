"""The web server's settings: `gunicorn --config mailadmin/gunicorn_conf.py`, as `manage.py up` runs it."""

import gc
from pathlib import Path
from typing import Any

from django.urls import get_resolver

from supervisor import leash
from supervisor.environment import Environment as env  # noqa: N813  # read as in the settings

_host = env.str("MAILADMIN_HOST", default="127.0.0.1")

wsgi_app = "mailadmin.wsgi:application"
chdir = str(Path(__file__).resolve().parent.parent)
bind = f"{f'[{_host}]' if ':' in _host else _host}:{env.int('MAILADMIN_PORT', default=8000)}"
worker_class = "mailadmin.web_worker.Worker"
workers = 2
threads = 8
# Of each process, with room for its files below the usual 1,024 descriptors.
worker_connections = 500
# Seconds that a connection stays open for the next request.
keepalive = 5
# The application is loaded once, in the master: half the start and half the memory.
preload_app = True
timeout = 60
graceful_timeout = 10
# A provider's answer comes in the address, and Microsoft's codes alone have thousands of characters.
limit_request_line = 8190
limit_request_fields = 64
loglevel = "warning"
# No access log: a setup link and a search for an address would stand in it.
accesslog = None
control_socket_disable = True
forwarded_allow_ips = "*" if env.bool("TRUST_PROXY_HEADERS", default=False) else ""
secure_scheme_headers = {"X-FORWARDED-PROTO": "https"}
# By default a trusted proxy hands on SCRIPT_NAME, which any client behind it can send.
forwarder_headers = ""
# A slow reader is waited for by a write with a time limit.
sendfile = False


def when_ready(server: Any) -> None:
    """Load the pages before the fork: once, and a fault in one stops the start instead of failing every request."""
    get_resolver().url_patterns  # noqa: B018  # read for what its first reading does
    # A collection in a worker would write to the pages that it shares with the master: 185 MB of both became 138.
    gc.collect()
    gc.freeze()


def post_fork(server: Any, worker: Any) -> None:
    leash.tie_to(server.pid)
