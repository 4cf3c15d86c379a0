"""The checksums that bodies carry: S3's algorithms, and the check of a body against what its request promises."""

from __future__ import annotations

import base64
import hashlib
import struct
import zlib
from array import array
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import Any, Protocol

from fogbank.aws.errors import AwsError

#: The size in bytes of each algorithm's sum; the names are those that end `x-amz-checksum-…`.
ALGORITHMS = {"crc32": 4, "crc32c": 4, "crc64nvme": 8, "md5": 16, "sha1": 20, "sha256": 32, "sha512": 64}

_POLYNOMIALS = {"crc32c": (0x82F63B78, 32), "crc64nvme": (0x9A6C9329AC4BC9B5, 64)}
_HEADER = "x-amz-checksum-"
_MD5 = "content-md5"
_WORDS = struct.Struct("<Q")


class Checksum(Protocol):
    """A sum that grows with its data: hashlib's objects, and the CRCs below."""

    def update(self, data: bytes, /) -> None: ...

    def digest(self) -> bytes: ...


class _Crc:
    """A cyclic redundancy check by a function from data and the sum so far to the new sum."""

    __slots__ = ("_add", "_bytes", "_sum")

    def __init__(self, add: Callable[[bytes, int], int], size_bytes: int) -> None:
        self._add = add
        self._bytes = size_bytes
        self._sum = 0

    def update(self, data: bytes, /) -> None:
        self._sum = self._add(data, self._sum)

    def digest(self) -> bytes:
        return self._sum.to_bytes(self._bytes, "big")


def checksum(algorithm: str) -> Checksum:
    """An empty sum by the name of its algorithm. Raises KeyError for one that is not known.

    The CRCs but crc32 run at about 20 MB/s unless awscrt is installed.
    """
    size_bytes = ALGORITHMS[algorithm]
    if algorithm.startswith("crc"):
        return _Crc(_adder(algorithm), size_bytes)
    return hashlib.new(algorithm, usedforsecurity=False)


@cache
def _adder(algorithm: str) -> Callable[[bytes, int], int]:
    if algorithm == "crc32":
        return zlib.crc32
    try:
        # AWS's own C code, a hundred times as fast, where it is installed (`botocore[crt]`).
        native: Any = import_module("awscrt.checksums")
        add: Callable[[bytes, int], int] = getattr(native, algorithm)
    except (ImportError, AttributeError):
        return by_table(*_POLYNOMIALS[algorithm])
    return add


def by_table(polynomial: int, bits: int) -> Callable[[bytes, int], int]:
    """A reflected CRC of 32 or 64 bits, all ones before and after, as a function from data and the sum so far."""
    first, second, third, fourth = _tables(polynomial)
    ones = (1 << bits) - 1

    def add(data: bytes, so_far: int) -> int:
        value = so_far ^ ones
        even = len(data) & ~7
        for (word,) in _WORDS.iter_unpack(memoryview(data)[:even]):
            word ^= value
            value = fourth[word & 0xFFFF] ^ third[word >> 16 & 0xFFFF] ^ second[word >> 32 & 0xFFFF] ^ first[word >> 48]
        for byte in data[even:]:
            value ^= byte
            for _ in range(8):
                value = value >> 1 ^ polynomial if value & 1 else value >> 1
        return value ^ ones

    return add


def _tables(polynomial: int) -> tuple[array[int], ...]:
    """Tables by which a reflected CRC takes eight bytes in four look-ups."""
    bytewise = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ polynomial if value & 1 else value >> 1
        bytewise.append(value)
    halves = [bytewise[value & 255] ^ value >> 8 for value in range(65536)]
    first = array("Q", [bytewise[value & 255] ^ value >> 8 for value in halves])
    tables = [first]
    for _ in range(3):
        tables.append(array("Q", [value >> 16 ^ first[value & 0xFFFF] for value in tables[-1]]))
    return tuple(tables)


class Promise:
    """The checksums that a request promises of its payload: `x-amz-checksum-*` as header or trailer, and Content-MD5.

    Only for operations whose headers speak of this payload (not CompleteMultipartUpload's). `values` holds the
    computed ones by algorithm, base64, after `finish`. Raises AwsError InvalidRequest, InvalidDigest, and at the end
    BadDigest or MalformedTrailerError.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
    """

    def __init__(self, headers: Mapping[str, str]) -> None:
        self.values: dict[str, str] = {}
        self._trailing = [name.strip().lower() for name in headers.get("x-amz-trailer", "").split(",") if name.strip()]
        given = [name for name in headers if _algorithm(name) in ALGORITHMS]
        promised = given + [name for name in self._trailing if name.startswith(_HEADER)]
        if not all(_algorithm(name) in ALGORITHMS for name in promised):
            raise AwsError("InvalidRequest", "The value specified in the x-amz-trailer header is not supported")
        if len(promised) > 1:
            text = "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
            raise AwsError("InvalidRequest", text)
        self._running = {name: checksum(_algorithm(name)) for name in promised}
        self._expected = {name: _decoded(name, headers[name], "header") for name in given}
        if _MD5 in headers:
            self._running[_MD5] = checksum("md5")
            self._expected[_MD5] = _decoded_md5(headers[_MD5])

    @property
    def is_made(self) -> bool:
        """Whether the request promises anything."""
        return bool(self._running)

    def update(self, data: bytes) -> None:
        """Bytes of the payload, freed of aws-chunked."""
        for running in self._running.values():
            running.update(data)

    def finish(self, trailers: Mapping[str, str]) -> None:
        """Compare; `trailers` are those of the aws-chunked body."""
        for name in self._trailing:
            if name not in trailers:
                raise malformed_trailer()
            if name in self._running:
                self._expected[name] = _decoded(name, trailers[name], "trailing header")
        for name, running in self._running.items():
            computed, expected = running.digest(), self._expected[name]
            if name == _MD5:
                _compare_md5(computed, expected)
                continue
            algorithm = _algorithm(name)
            self.values[algorithm] = base64.b64encode(computed).decode()
            if computed != expected:
                text = f"The {algorithm.upper()} you specified did not match the calculated checksum."
                raise AwsError("BadDigest", text, status=400)


def malformed_trailer() -> AwsError:
    """What a body's trailers must not be."""
    text = "The request contained trailing data that was not well-formed or did not conform to our published schema."
    return AwsError("MalformedTrailerError", text, status=400)


def _algorithm(header: str) -> str:
    return header[len(_HEADER) :] if header.startswith(_HEADER) else ""


def _decoded(name: str, value: str, place: str) -> bytes:
    raw = _from_base64(value)
    if len(raw) != ALGORITHMS[_algorithm(name)]:
        raise AwsError("InvalidRequest", f"Value for {name} {place} is invalid.", status=400)
    return raw


def _decoded_md5(value: str) -> bytes:
    raw = _from_base64(value)
    if len(raw) != ALGORITHMS["md5"]:
        raise AwsError("InvalidDigest", "The Content-MD5 you specified was invalid.", status=400)
    return raw


def _from_base64(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except ValueError:
        return b""


def _compare_md5(computed: bytes, expected: bytes) -> None:
    if computed == expected:
        return
    raise AwsError(
        "BadDigest",
        "The Content-MD5 you specified did not match what we received.",
        status=400,
        ExpectedDigest=expected.hex(),
        CalculatedDigest=base64.b64encode(computed).decode(),
    )
