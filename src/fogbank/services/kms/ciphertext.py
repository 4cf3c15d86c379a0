"""Ciphertexts of symmetric keys: they say which key and material made them, and open with nothing else."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

import msgspec

_VERSION = b"\x01"
_NONCE_BYTES = 12


class Ciphertext(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What a blob holds: AES-256-GCM, with the rest and the encryption context as additional data."""

    account: str
    key_id: str
    material_id: bytes
    nonce: bytes
    body: bytes


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Ciphertext).decode


def encrypted(owner: tuple[str, str, str], secret: bytes, plain: bytes, context: Mapping[str, str]) -> bytes:
    """A blob. `owner` is (account, key id, material id), `secret` the 32 bytes of that material."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    account, key_id, material_id = owner
    nonce = secrets.token_bytes(_NONCE_BYTES)
    material = bytes.fromhex(material_id)
    body = AESGCM(secret).encrypt(nonce, plain, _bound(account, key_id, material, context))
    return _VERSION + _encode(Ciphertext(account, key_id, material, nonce, body))


def parsed(blob: bytes) -> Ciphertext | None:
    """What a blob says of itself, None if it is none of ours; nothing of it is proved before it opens."""
    if blob[:1] != _VERSION:
        return None
    try:
        return _decode(blob[1:])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def decrypted(blob: Ciphertext, secret: bytes, context: Mapping[str, str]) -> bytes | None:
    """The plaintext, None if the blob was changed or made under another material or context."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    bound = _bound(blob.account, blob.key_id, blob.material_id, context)
    try:
        return AESGCM(secret).decrypt(blob.nonce, blob.body, bound)
    except (InvalidTag, ValueError):
        return None


def _bound(account: str, key_id: str, material: bytes, context: Mapping[str, str]) -> bytes:
    """The additional data: the header, and the pairs of the context in order."""
    return _VERSION + _encode((account, key_id, material, sorted(context.items())))
