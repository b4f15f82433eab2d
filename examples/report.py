#!/usr/bin/env python3
"""Reports what a deployment script did, with requests. Needs MAILADMIN_URL and MAILADMIN_TOKEN."""

import os
import sys
import time
from datetime import datetime, timezone

import requests

TRIES = 5


def report(completion):
    """The answer; raises requests.HTTPError when the panel refuses the report.

    Sending it again is safe: the same source and id get the same answer and no second mail.
    """
    headers = {"Authorization": "Bearer " + os.environ["MAILADMIN_TOKEN"]}
    address = os.environ["MAILADMIN_URL"].rstrip("/") + "/api/v1/completions"
    for number in range(1, TRIES):
        try:
            response = requests.post(address, json=completion, headers=headers, timeout=30)
        except (requests.ConnectionError, requests.Timeout):
            response = None
        if response is not None and response.status_code < 500:
            break
        time.sleep(2**number)
    else:
        response = requests.post(address, json=completion, headers=headers, timeout=30)
    if not response.ok:
        print(response.text, file=sys.stderr)
    response.raise_for_status()
    return response.json()


def main():
    started = datetime.now(timezone.utc)
    targets = [{"name": name, "outcome": "success"} for name in sys.argv[1:]]
    completion = {
        "kind": "deployment",
        "source": "report.py",
        # Good for ever: the tool's own number where it has one.
        "id": started.isoformat(),
        "name": f"Settings to {len(targets)} machines",
        "started_at": started.isoformat(),
        "finished_at": datetime.now(timezone.utc).isoformat(),
        "targets": targets,
    }
    print(report(completion)["id"])


if __name__ == "__main__":
    main()
