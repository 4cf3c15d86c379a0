"""Rows of objects, versions, uploads and parts: how they are written and where they lie.

`object` holds what a key has now, by key, in S3's order of listing. `version` holds every other version and all delete
markers, newest first within a key. Bodies up to `INLINE_BYTES_MAX` are rows too, larger ones are blobs.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping

import msgspec

from fogbank.services.s3.resources import Bucket, Grant

INLINE_BYTES_MAX = 16 * 1024
NULL = "null"
_SEQUENCE_MAX = (1 << 40) - 1
_ID_BYTES = 24


class Part(msgspec.Struct, frozen=True, array_like=True):
    """A run of bytes: in a blob, or in the row of that name in the space of bodies."""

    body: str
    size: int
    is_inline: bool = True
    nonce: bytes = b""
    """Of AES-CTR; empty where the bytes lie as they are."""
    checksum: str = ""
    """Base64, in the object's algorithm."""
    number: int = 1


class Encryption(msgspec.Struct, frozen=True, array_like=True):
    """How an object's bytes are encrypted. `wrapped` is the data key under KMS, or the salted proof of a client's."""

    algorithm: str = "AES256"
    key_id: str = ""
    wrapped: bytes = b""
    context: str = ""
    """The encryption context as JSON."""
    bucket_key: bool = False
    customer_md5: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether the bytes lie as they came: SSE-S3 adds nothing to the permissions of the state folder."""
        return self.algorithm == "AES256" and not self.customer_md5


class Lock(msgspec.Struct, frozen=True, array_like=True):
    """Object Lock of one version."""

    mode: str = ""
    until: float = 0.0
    is_held: bool = False


PLAIN = Encryption()


class Listed(msgspec.Struct, frozen=True, array_like=True):
    """The beginning of an `Entry`: what a listing tells of it."""

    version_id: str
    etag: str
    size: int
    modified_at: float
    storage: str
    checksum: str
    """Algorithm and type: `crc32/FULL_OBJECT`; empty for none."""
    owner: str
    sequence: int
    is_marker: bool


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """A version of an object, or a delete marker."""

    version_id: str = NULL
    etag: str = ""
    size: int = 0
    modified_at: float = 0.0
    storage: str = "STANDARD"
    checksum: str = ""
    owner: str = ""
    """The account."""
    sequence: int = 1
    """Grows with each version of a key."""
    is_marker: bool = False
    checksum_value: str = ""
    part: Part | None = None
    """The bytes of an object in one part."""
    manifest: str = ""
    """The row that lists the parts of an object in several."""
    parts_count: int = 0
    """0 for what was not uploaded in parts."""
    content: Mapping[str, str | float] = {}
    """Headers that go back as they came, by the API's names."""
    metadata: Mapping[str, str] = {}
    tags: Mapping[str, str] = {}
    encryption: Encryption = PLAIN
    lock: Lock | None = None
    grants: tuple[Grant, ...] = ()
    redirect: str = ""
    upload_id: str = ""
    """The upload that it was completed from."""
    replication: str = ""


class Upload(msgspec.Struct, frozen=True, array_like=True):
    """A multipart upload that is under way; `entry` is what it will become."""

    id: str
    key: str
    initiated_at: float
    initiator: str
    owner: str
    algorithm: str
    """Of checksums, as the client asked; empty where it did not."""
    kind: str
    """COMPOSITE or FULL_OBJECT."""
    entry: Entry


class UploadedPart(msgspec.Struct, frozen=True, array_like=True):
    """A part of an upload."""

    part: Part
    etag: str
    modified_at: float


encode = msgspec.msgpack.Encoder().encode
decode_entry = msgspec.msgpack.Decoder(Entry).decode
decode_listed = msgspec.msgpack.Decoder(Listed).decode
decode_upload = msgspec.msgpack.Decoder(Upload).decode
decode_uploaded = msgspec.msgpack.Decoder(UploadedPart).decode
decode_parts = msgspec.msgpack.Decoder(tuple[Part, ...]).decode


def space(partition: str, noun: str, bucket: str) -> str:
    """The space of a bucket's rows: `object`, `version`, `null`, `alias`, `body`, `manifest`, `upload`, `log`."""
    return f"s3/{noun}\x00{partition}\x00{bucket}"


def part_space(partition: str, bucket: str, upload_id: str) -> str:
    return f"s3/part\x00{partition}\x00{bucket}\x00{upload_id}"


def version_key(key: str, sequence: int) -> str:
    """Where a version lies in its space: newest first."""
    return f"{key}\x00{_SEQUENCE_MAX - sequence:013d}"


def key_of_version(row: str) -> str:
    return row[:-14]


def part_key(number: int) -> str:
    return f"{number:05d}"


def upload_key(key: str, upload_id: str) -> str:
    """Where an upload lies: by key, then by when it began. Raises ValueError for an id that is none."""
    raw = base64.urlsafe_b64decode(upload_id.encode("ascii", "strict"))
    if len(raw) != _ID_BYTES * 2:
        raise ValueError(upload_id)
    return f"{key}\x00{int.from_bytes(raw[:6], 'big'):015d}\x00{upload_id}"


def new_upload_id(bits: int, now: float) -> str:
    """An upload's id of 64 letters, from 336 random bits."""
    raw = int(now * 1000).to_bytes(6, "big") + bits.to_bytes(42, "big")
    return base64.urlsafe_b64encode(raw).decode()


def new_version_id(bits: int, sequence: int) -> str:
    """A version's id of 32 letters, from 152 random bits; the sequence is hidden in it, so that it can be found."""
    noise = bits.to_bytes(19, "big")
    return base64.urlsafe_b64encode(_masked(sequence.to_bytes(5, "big"), noise) + noise).decode()


def sequence_of(version_id: str) -> int | None:
    """The place that a version's id names, None for a text that is none."""
    try:
        raw = base64.urlsafe_b64decode(version_id.encode("ascii", "strict"))
    except ValueError:
        return None
    if len(raw) != _ID_BYTES or len(version_id) != _ID_BYTES * 4 // 3:
        return None
    return int.from_bytes(_masked(raw[:5], raw[5:]), "big")


def _masked(head: bytes, noise: bytes) -> bytes:
    mask = hashlib.blake2b(noise, digest_size=5).digest()
    return bytes(left ^ right for left, right in zip(head, mask, strict=True))


def owner_of(bucket: Bucket, writer: str, acl: str) -> str:
    """The account that owns what an account writes. (S3 User Guide, "Controlling ownership of objects")"""
    is_given = bucket.ownership == "BucketOwnerPreferred" and acl == "bucket-owner-full-control"
    return bucket.account if not bucket.has_acls or not writer or is_given else writer
