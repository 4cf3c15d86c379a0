"""Envelope encryption for services: a data key of `kms` around bytes that are too many for Encrypt."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from fogbank.control.context import Context

_NONCE_BYTES = 12


class Envelope(msgspec.Struct, frozen=True, array_like=True):
    """What is stored: the data key as `kms` wrapped it, and the bytes under it (AES-256-GCM)."""

    wrapped_key: bytes
    nonce: bytes
    body: bytes


def encrypt(ctx: Context, plain: bytes, key_id: str, encryption_context: Mapping[str, str]) -> bytes:
    """Encrypt under a new data key, as this caller. Raises what `kms:GenerateDataKey` raises."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    made = ctx.call(
        "kms", "GenerateDataKey", KeyId=key_id, KeySpec="AES_256", EncryptionContext=dict(encryption_context)
    )
    nonce = secrets.token_bytes(_NONCE_BYTES)
    body = AESGCM(made["Plaintext"]).encrypt(nonce, plain, None)
    return msgspec.msgpack.encode(Envelope(made["CiphertextBlob"], nonce, body))


def decrypt(ctx: Context, sealed: bytes, encryption_context: Mapping[str, str]) -> bytes:
    """Decrypt as this caller. Raises what `kms:Decrypt` raises."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    envelope = msgspec.msgpack.decode(sealed, type=Envelope)
    made = ctx.call("kms", "Decrypt", CiphertextBlob=envelope.wrapped_key, EncryptionContext=dict(encryption_context))
    return AESGCM(made["Plaintext"]).decrypt(envelope.nonce, envelope.body, None)
