"""The data folder: whether this process may use it and, if not, why and what to do."""

import errno
import os
import pwd
from pathlib import Path

READ_ONLY = "its disk is mounted read-only. Mount it for writing, or choose another folder with MAILADMIN_DATA."


def why_unusable(path: Path, error: OSError) -> str:
    """What follows "… cannot be used: " for an error that the system gave for `path`."""
    if error.errno == errno.EROFS:
        return READ_ONLY
    if error.errno in (errno.EACCES, errno.EPERM):
        return why_denied(path)
    if error.errno == errno.ENOSPC:
        return "the disk is full. Make room on it."
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return "there is a file where a folder is needed. Choose another folder with MAILADMIN_DATA."
    return f"{error.strerror or error}."


def why_denied(path: Path) -> str:
    """Names the owner of the first part of `path` that this user may not pass."""
    culprit = next((part for part in (*reversed(path.parents), path) if is_closed(part)), path)
    owner, user = owner_of(culprit), user_name(os.geteuid())
    if owner == user:
        return f"{culprit} gives its owner too few rights. Run: chmod u+rwX {culprit}"
    return (
        f"{culprit} belongs to {owner}, and this runs as {user}. "
        f"Run it as {owner}, or as root: chown -R {user} {culprit}"
    )


def is_closed(path: Path) -> bool:
    """Whether this user may not read and write `path`, or as a folder on the way not enter it."""
    try:
        is_folder = path.is_dir()
        needed = os.X_OK if is_folder else os.R_OK | os.W_OK
        return path.exists() and not os.access(path, needed, effective_ids=True)
    except PermissionError:
        return True


def owner_of(path: Path) -> str:
    try:
        return user_name(path.stat().st_uid)
    except OSError:
        return "another user"


def user_name(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"
