"""What X-Ray's SDKs send to the daemon: a datagram with a line of its own in front of the segment documents.

Source: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html#xray-api-daemon
"""

from __future__ import annotations

import orjson

BYTES_MAX = 65_535
"""What a datagram can hold at most."""


def segments(datagram: bytes) -> list[str]:
    """The segment documents of a datagram, which are not looked into; none where its first line is not the format's.

    What follows the first line is one document, or one to a line.
    """
    head, _, body = datagram.partition(b"\n")
    if not _is_known(head):
        return []
    try:
        text = body.decode().strip()
    except UnicodeDecodeError:
        return []
    if "\n" not in text or _is_json(text):
        return [text] if text else []
    return [line.strip() for line in text.split("\n") if line.strip()]


def datagram(document: str) -> bytes:
    """What a document is sent in."""
    return b'{"format": "json", "version": 1}\n' + document.encode()


def _is_known(head: bytes) -> bool:
    try:
        found = orjson.loads(head)
    except orjson.JSONDecodeError:
        return False
    return isinstance(found, dict) and found.get("format") == "json" and found.get("version") == 1


def _is_json(text: str) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True
