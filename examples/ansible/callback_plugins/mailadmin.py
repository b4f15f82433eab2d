"""Reports every playbook run to mailadmin, a target for each host."""

import json
import os
import time
import uuid
from datetime import datetime, timezone

from ansible.module_utils.urls import open_url
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: mailadmin
type: notification
short_description: report each playbook run to mailadmin
description:
  - Reports a completion with a target for each host when a playbook ends. A report that fails is a warning, and never
    changes how the playbook ends.
requirements:
  - MAILADMIN_URL and MAILADMIN_TOKEN in the environment of ansible-playbook
  - callbacks_enabled = mailadmin in ansible.cfg
"""
TRIES = 4


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "mailadmin"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.address = os.environ.get("MAILADMIN_URL", "").rstrip("/")
        self.token = os.environ.get("MAILADMIN_TOKEN", "")
        self.disabled = not (self.address and self.token)
        self.began = datetime.now(timezone.utc)
        self.playbook = "playbook"
        self.reasons = {}

    def v2_playbook_on_start(self, playbook):
        self.playbook = os.path.basename(playbook._file_name)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        if not ignore_errors:
            self.note(result)

    def v2_runner_on_unreachable(self, result):
        self.note(result)

    def v2_playbook_on_stats(self, stats):
        if not stats.processed:
            return
        completion = {
            "kind": "deployment",
            "source": "ansible",
            "id": str(uuid.uuid4()),
            "name": self.playbook,
            "package": self.playbook,
            "user": os.environ.get("USER") or None,
            "started_at": self.began.isoformat(),
            "finished_at": datetime.now(timezone.utc).isoformat(),
            "targets": [self.target(host, stats.summarize(host)) for host in sorted(stats.processed)],
        }
        self.send(completion)

    def note(self, result):
        """The first thing that went wrong on a host is what the others follow from."""
        # Ansible masks what no_log hides before a callback sees it.
        reason = str(result._result.get("msg") or "failed")
        self.reasons.setdefault(result._host.get_name(), f"{result._task.get_name()}: {reason}")

    def target(self, host, summary):
        failed = summary["failures"] or summary["unreachable"]
        target = {"name": host, "outcome": "failed" if failed else "success"}
        if failed:
            target["detail"] = self.reasons.get(host, "failed")
        return target

    def send(self, completion):
        """The same report may be sent again: it gets the same answer and no second mail."""
        for number in range(1, TRIES + 1):
            try:
                open_url(
                    self.address + "/api/v1/completions",
                    method="POST",
                    data=json.dumps(completion).encode(),
                    headers={"Authorization": "Bearer " + self.token, "Content-Type": "application/json"},
                    timeout=30,
                )
                return
            except OSError as error:
                refused = 400 <= getattr(error, "code", 0) < 500
                if refused or number == TRIES:
                    self._display.warning(f"mailadmin took no report: {error}")
                    return
                time.sleep(2**number)
