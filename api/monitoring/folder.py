"""The folder through which the worker processes of a service share their metrics.

A service removes its folder when it ends. One that is killed cannot, so each service also removes
the folders of services that run no longer. A running service holds a lock on its folder, which ends
with its last process.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path

_PREFIX = "moderation-metrics-"
_UNLOCKED = "moderation-starting-"  # until the folder is locked


def create() -> Path:
    """Create a folder for this process and its workers. Remove those of killed services."""
    _sweep()
    new = Path(tempfile.mkdtemp(prefix=_UNLOCKED))
    lock = os.open(new, os.O_RDONLY)  # stays open, also in the workers
    fcntl.flock(lock, fcntl.LOCK_SH)
    folder = new.rename(new.with_name(new.name.replace(_UNLOCKED, _PREFIX)))
    atexit.register(_remove, folder, os.getpid())
    return folder


def _sweep() -> None:
    """Remove the folders that belong to this user and that no process has locked."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
                continue
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(handle)


def _remove(folder: Path, owner: int) -> None:
    """Remove the folder at exit. The workers inherit this, but only `owner` removes it."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)
