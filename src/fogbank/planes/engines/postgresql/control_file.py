"""PostgreSQL's control file (`global/pg_control`): a copied data folder gets a system identifier of its own.

The file is `ControlFileData` (src/include/catalog/pg_control.h): the identifier comes first, eight bytes, and a CRC-32C
of all before it stands behind the last field, which moves from version to version and is found by its being right.
"""

from __future__ import annotations

import struct

from awscrt import checksums

_IDENTIFIER = struct.Struct("<Q")
_CHECKSUM = struct.Struct("<I")
_FIRST, _LAST = 200, 400


def identifier(data: bytes) -> int:
    """The system identifier that a control file holds."""
    return int(_IDENTIFIER.unpack_from(data)[0])


def identified(data: bytes, number: int) -> bytes:
    """A control file with another system identifier. Raises ValueError for bytes that are no control file."""
    at = _checksum_at(data)
    head = _IDENTIFIER.pack(number) + data[_IDENTIFIER.size : at]
    return head + _CHECKSUM.pack(checksums.crc32c(head)) + data[at + _CHECKSUM.size :]


def _checksum_at(data: bytes) -> int:
    for at in range(_FIRST, min(_LAST, len(data)), 4):
        if _CHECKSUM.unpack_from(data, at)[0] == checksums.crc32c(data[:at]):
            return at
    raise ValueError("no control file: its checksum is nowhere")
