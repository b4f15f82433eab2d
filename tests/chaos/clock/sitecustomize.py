"""Sets the clock of every Python process that has this folder on PYTHONPATH: off by the seconds in CHAOS_CLOCK's file.

The monotonic clock goes on, as it does on a machine whose clock is set.
"""

import os
import time
from datetime import timedelta
from pathlib import Path

from django.utils import timezone

CLOCK = Path(os.environ["CHAOS_CLOCK"])
real_time, real_now = time.time, timezone.now


def off_by() -> float:
    return float(CLOCK.read_text() or "0")


time.time = lambda: real_time() + off_by()
timezone.now = lambda: real_now() + timedelta(seconds=off_by())
