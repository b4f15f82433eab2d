"""What deployment tools send."""

import json
from typing import Any

from notifications.intake.report import CompletionReport, read

PC1 = {"name": "PC-001", "outcome": "success", "detail": "", "seconds": 12.5}
PC2 = {"name": "PC-002", "outcome": "failed", "detail": "exit code 1603", "seconds": 3}


def a_body(**fields: Any) -> dict[str, Any]:
    """A report that is fine; a field of None is sent as null, `...` leaves it out."""
    body = {
        "kind": "deployment",
        "source": "pdq",
        "id": "12345",
        "name": "7-Zip 24.08 to Lab",
        "package": "7-Zip",
        "version": "24.08",
        "schedule": None,
        "outcome": "failed",
        "started_at": "2026-11-22T10:00:00Z",
        "finished_at": "2026-11-22T10:04:00Z",
        "user": "CORP\\deploy-svc",
        "url": "https://tool/12345",
        "targets": [PC1, PC2],
    }
    return {name: value for name, value in (body | fields).items() if value is not ...}


def a_report(**fields: Any) -> CompletionReport:
    return read(json.dumps(a_body(**fields)).encode())
