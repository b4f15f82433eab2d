"""Ties a process to its parent: however the parent ends, the kernel ends the child with it (Linux)."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1

# Loaded here, not in the child: between fork and exec nothing may be loaded any more.
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def tie_to(parent: int) -> None:
    """Call it in the child. The kernel forgets it at the next fork and keeps it across an exec."""
    if _libc is None:
        return
    _libc.prctl(PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL))
    # A parent that died before the call will never be reported by the kernel.
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
