"""Commands to copy."""

import json
import shlex

from django.conf import settings

from notifications.forms.completion import fresh_id

EXAMPLE = {
    "kind": "deployment",
    "source": "manual",
    "name": "7-Zip 24.08 to Lab",
    "package": "7-Zip",
    "version": "24.08",
    "outcome": "failed",
    "targets": [
        {"name": "PC-001", "outcome": "success"},
        {"name": "PC-002", "outcome": "failed", "detail": "exit code 1603"},
    ],
}


def curl_line() -> str:
    """Reports EXAMPLE by the API; the token is left to a variable of the shell, where no history keeps it.

    Under an ID of its own each time: a report that came before makes no mail.
    """
    return (
        f"curl -sS {settings.PUBLIC_URL}/api/v1/completions \\\n"
        '  -H "Authorization: Bearer $MAILADMIN_TOKEN" \\\n'
        '  -H "Content-Type: application/json" \\\n'
        f"  -d {shlex.quote(json.dumps(EXAMPLE | {'id': fresh_id()}))}"
    )
