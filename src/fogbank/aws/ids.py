"""Identifiers in the forms that AWS gives them, from a source of random bits that the caller hands in."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Protocol

_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_ALPHANUMERIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_ACCOUNT_MASK = 0x7FFFFFFFFF80
_ACCOUNT_SHIFT = 7


Mark = Callable[[bytes], bytes]
"""Two bytes that only the issuer of access keys can make of the other eight."""


class Random(Protocol):
    """What `random.Random` and `random.SystemRandom` are."""

    def getrandbits(self, k: int, /) -> int: ...

    def random(self) -> float: ...


def uuid(source: Random) -> str:
    """A version 4 UUID (RFC 9562, section 5.4)."""
    bits = source.getrandbits(128) & ~(0xF << 76) & ~(0x3 << 62) | (4 << 76) | (2 << 62)
    text = f"{bits:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def unique_id(source: Random, prefix: str, length: int = 21) -> str:
    """An IAM unique identifier: `AIDA…` for a user, `AROA…` for a role (IAM User Guide, "IAM identifiers")."""
    return prefix + letters(source, length - len(prefix), _BASE32)


def letters(source: Random, length: int, alphabet: str = _ALPHANUMERIC) -> str:
    """`length` letters, each drawn from the alphabet."""
    return "".join(alphabet[int(source.random() * len(alphabet))] for _ in range(length))


def access_key_id(source: Random, prefix: str, account: str, mark: Mark) -> str:
    """A key id of 20 letters that names its account, as AWS's do: `AKIA…` for users, `ASIA…` for sessions.

    Its last two bytes are a mark of whoever issues it, so that `is_marked` tells its keys from all others.
    """
    number = int(account) << _ACCOUNT_SHIFT | source.getrandbits(_ACCOUNT_SHIFT) | 1 << 47
    raw = number.to_bytes(6, "big") + source.getrandbits(16).to_bytes(2, "big")
    return prefix + base64.b32encode(raw + mark(raw)).decode()


def is_marked(key_id: str, mark: Mark) -> bool:
    """Whether a key id was issued under this mark."""
    if account_of(key_id) is None:
        return False
    raw = base64.b32decode(key_id[4:])
    return mark(raw[:8]) == raw[8:]


def account_of(key_id: str) -> str | None:
    """The account that issued an access key id of AWS's newer form, None for any other text."""
    if len(key_id) != 20 or not key_id.startswith(("AKIA", "ASIA")):
        return None
    try:
        raw = base64.b32decode(key_id[4:])
    except ValueError:
        return None
    number = int.from_bytes(raw[:6], "big")
    account = (number & _ACCOUNT_MASK) >> _ACCOUNT_SHIFT
    return f"{account:012d}" if number >> 47 and account < 10**12 else None


def resource_id(source: Random, prefix: str) -> str:
    """An EC2 resource id: `vpc-` and 17 hexadecimal digits (EC2 User Guide, "Resource IDs")."""
    return f"{prefix}-0{source.getrandbits(64):016x}"
