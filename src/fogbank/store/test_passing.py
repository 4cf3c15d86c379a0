"""Folders that go with the process."""

from __future__ import annotations

import fcntl
import os

from fogbank.store.passing import PassingFolder


def test_a_folder_that_nobody_holds_is_swept_and_one_that_is_held_is_not() -> None:
    held, left = PassingFolder(), PassingFolder()
    fcntl.flock(left._lock, fcntl.LOCK_UN)
    PassingFolder().close()
    assert held.path.is_dir() and not left.path.exists()
    held.close()
    assert not held.path.exists()
    os.close(left._lock)
