"""Checksums of whole objects from those of their parts: CRCs joined by arithmetic, hashes of hashes.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from functools import lru_cache

from fogbank.aws.errors import AwsError
from fogbank.codec.checksums import ALGORITHMS, checksum
from fogbank.services.s3 import errors

COMPOSITE, FULL = "COMPOSITE", "FULL_OBJECT"
_POLYNOMIALS = {"crc32": 0xEDB88320, "crc32c": 0x82F63B78, "crc64nvme": 0x9A6C9329AC4BC9B5}
_NAMES = {name: f"Checksum{name.upper()}" for name in ALGORITHMS}
_UNSUPPORTED = (
    "Checksum algorithm provided is unsupported. Please try again with any of the valid types: "
    "[CRC32, CRC32C, CRC64NVME, SHA1, SHA256, SHA512, MD5]"
)


def member(algorithm: str) -> str:
    """The API's member for an algorithm: `ChecksumCRC32`."""
    return _NAMES[algorithm]


def given(members: dict[str, object]) -> tuple[str, str]:
    """(algorithm, base64) of the checksum among a request's members, empty texts for none. Raises InvalidRequest."""
    found = [(name, str(members[key])) for name, key in _NAMES.items() if members.get(key)]
    if len(found) > 1:
        raise errors.invalid_request(
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
        )
    return found[0] if found else ("", "")


def checked_algorithm(name: str | None) -> str:
    """The name in lower case, empty for none. Raises InvalidRequest."""
    if name is None:
        return ""
    if name.lower() not in ALGORITHMS:
        raise errors.invalid_request(_UNSUPPORTED)
    return name.lower()


def checked_kind(algorithm: str, kind: str | None) -> str:
    """COMPOSITE or FULL_OBJECT for an upload with this algorithm. Raises InvalidRequest."""
    if kind is None:
        return FULL if algorithm in ("", "crc64nvme") else COMPOSITE
    if not algorithm:
        raise errors.invalid_request(
            "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header."
        )
    bad = (kind == FULL and algorithm not in _POLYNOMIALS) or (kind == COMPOSITE and algorithm == "crc64nvme")
    if bad or kind not in (FULL, COMPOSITE):
        text = f"The {kind} checksum type cannot be used with the {algorithm} checksum algorithm."
        raise errors.invalid_request(text)
    return kind


def composite(algorithm: str, values: Sequence[str]) -> str:
    """The checksum of the parts' checksums, and how many there are: `…==-3`."""
    running = checksum(algorithm)
    for value in values:
        running.update(base64.b64decode(value))
    return f"{base64.b64encode(running.digest()).decode()}-{len(values)}"


def joined(algorithm: str, parts: Iterable[tuple[str, int]]) -> str:
    """The CRC of bytes from (CRC, size) of the runs that they are made of; all in base64."""
    size_bytes = ALGORITHMS[algorithm]
    bits, polynomial = size_bytes * 8, _POLYNOMIALS[algorithm]
    value = 0
    for text, size in parts:
        following = int.from_bytes(base64.b64decode(text), "big")
        value = _times(_power(algorithm, size), value, polynomial, bits) ^ following
    return base64.b64encode(value.to_bytes(size_bytes, "big")).decode()


@lru_cache(maxsize=256)
def _power(algorithm: str, size: int) -> int:
    """x to the power of 8·size, modulo the polynomial: what `size` further bytes do to a CRC."""
    polynomial, bits = _POLYNOMIALS[algorithm], ALGORITHMS[algorithm] * 8
    result, square, exponent = 1 << bits - 1, 1 << bits - 2, size * 8
    while exponent:
        if exponent & 1:
            result = _times(square, result, polynomial, bits)
        square = _times(square, square, polynomial, bits)
        exponent >>= 1
    return result


def _times(left: int, right: int, polynomial: int, bits: int) -> int:
    """The product of two polynomials over GF(2), bits reflected, modulo a third."""
    product, mask = 0, 1 << bits - 1
    while left:
        if left & mask:
            product ^= right
            left ^= mask
        mask >>= 1
        right = right >> 1 ^ polynomial if right & 1 else right >> 1
    return product


def mismatch(expected: str, actual: str) -> AwsError:
    """A part whose checksum is not of the kind that its upload was begun with."""
    text = f"Checksum Type mismatch occurred, expected checksum Type: {expected}, actual checksum Type: {actual}"
    return errors.invalid_request(text)


def bad_digest(algorithm: str) -> AwsError:
    text = f"The {algorithm.upper()} you specified did not match the calculated checksum."
    return AwsError("BadDigest", text, status=400)
