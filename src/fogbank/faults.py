"""Points in the code where crash tests break it on purpose."""

from __future__ import annotations

import os

_armed = os.environ.get("FOGBANK_FAULT_POINT", "")


def point(name: str) -> None:
    """End the process here, as `kill -9` would, if the environment's FOGBANK_FAULT_POINT names this point."""
    if _armed and _armed == name:
        os._exit(137)
