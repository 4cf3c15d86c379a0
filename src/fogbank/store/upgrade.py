"""Old rows made new: what a record's older versions must go through to be read today."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from fogbank.store.records import Record

Step = Callable[[dict[str, Any]], dict[str, Any]]
Steps = Mapping[int, Step]
"""Version -> what turns a row of that version into one of the next."""


class UpgradeError(Exception):
    """A row is newer than this fogbank, or a step is missing; the text names the kind and the version."""


def upgraded(kind: type[Record], version: int, row: bytes, steps: Steps) -> bytes:
    """The row as the current version of its kind writes it. Raises UpgradeError."""
    if version > kind.VERSION:
        raise UpgradeError(f"{kind.KIND}: a row has version {version}; this fogbank reads up to {kind.VERSION}")
    values = msgspec.msgpack.decode(row)
    for at in range(version, kind.VERSION):
        if at not in steps:
            raise UpgradeError(f"{kind.KIND}: no upgrade from version {at}")
        values = steps[at](values)
    return msgspec.msgpack.encode(msgspec.convert(values, kind))
