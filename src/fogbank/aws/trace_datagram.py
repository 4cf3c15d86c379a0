"""What programs send to X-Ray's daemon: a datagram with a header line and segment documents.

Source: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html#xray-api-daemon
"""

from __future__ import annotations

from typing import Any

import orjson

_HEADER = {"format": "json", "version": 1}


def segments(datagram: bytes) -> list[dict[str, Any]]:
    """The documents of a datagram; what is none is left out, since nobody waits for a word about it."""
    head, _, rest = datagram.partition(b"\n")
    if _document(head) != _HEADER:
        return []
    return [found for line in rest.splitlines() if (found := _document(line)) is not None]


def _document(text: bytes) -> dict[str, Any] | None:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None
