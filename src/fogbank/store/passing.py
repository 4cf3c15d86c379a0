"""Folders that go with the process: kept in memory, swept by the next one where a kill left them."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path

_PREFIX = "fogbank-"
_MEMORY = Path("/dev/shm")  # noqa: S108 - folders of our own are made in it


class PassingFolder:
    """A new folder, held by a lock for as long as it is open: the kernel lets go of it however the process ends."""

    def __init__(self) -> None:
        root = _MEMORY if _MEMORY.is_dir() else Path(tempfile.gettempdir())
        for left_over in root.glob(f"{_PREFIX}*"):
            if _is_let_go(left_over):
                shutil.rmtree(left_over, ignore_errors=True)
        self.path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=root))
        self._lock = os.open(self.path / "lock", os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def close(self) -> None:
        """Take the folder away."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def _is_let_go(path: Path) -> bool:
    with contextlib.suppress(OSError), (path / "lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False
