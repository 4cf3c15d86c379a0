"""Signatures and message authentication codes, by the names that KMS gives to their algorithms."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any, NamedTuple

from fogbank.aws.errors import AwsError
from fogbank.services.kms import material

_MU_BYTES = 64


class Message(NamedTuple):
    """What is signed: bytes, and whether they are RAW, a DIGEST, or EXTERNAL_MU."""

    body: bytes
    type: str


def signed(secret: bytes, algorithm: str, message: Message) -> bytes:
    """Raises ValidationException for a message that does not go with the algorithm."""
    check_message(algorithm, message)
    key = material.private_key(secret)
    if message.type == "EXTERNAL_MU":
        signature: bytes = key.sign_mu(message.body)
    else:
        signature = key.sign(message.body, *_scheme(algorithm, message))
    return signature


def is_valid(public: bytes, algorithm: str, message: Message, signature: bytes) -> bool:
    """Raises ValidationException for a message that does not go with the algorithm."""
    from cryptography.exceptions import InvalidSignature

    check_message(algorithm, message)
    key = material.public_key(public)
    try:
        if message.type == "EXTERNAL_MU":
            key.verify_mu(signature, message.body)
        else:
            key.verify(signature, message.body, *_scheme(algorithm, message))
    except InvalidSignature:
        return False
    return True


def check_message(algorithm: str, message: Message) -> None:
    """Raises ValidationException (Sign, "MessageType")."""
    allowed = {"ED25519_SHA_512": ("RAW",), "ML_DSA_SHAKE_256": ("RAW", "EXTERNAL_MU")}.get(
        algorithm, ("RAW", "DIGEST")
    )
    if message.type not in allowed:
        text = f"MessageType {message.type} is not valid for the algorithm {algorithm}."
        raise AwsError("ValidationException", text)
    digest_bytes = _MU_BYTES if message.type == "EXTERNAL_MU" else _bits(algorithm) // 8
    if message.type != "RAW" and len(message.body) != digest_bytes:
        raise AwsError("ValidationException", f"Digest is invalid length for algorithm {algorithm}.")


def mac(secret: bytes, algorithm: str, body: bytes) -> bytes:
    """HMAC (RFC 2104) of `HMAC_SHA_256` and its kin."""
    return hmac.new(secret, body, getattr(hashlib, f"sha{_bits(algorithm)}")).digest()


def _bits(algorithm: str) -> int:
    return int(algorithm.rpartition("_")[2])


def _scheme(algorithm: str, message: Message) -> tuple[Any, ...]:
    """The further arguments of `sign` and `verify`."""
    if algorithm in ("ED25519_SHA_512", "ML_DSA_SHAKE_256"):
        return ()
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, utils

    digest: Any = getattr(hashes, f"SHA{_bits(algorithm)}")()
    how: Any = utils.Prehashed(digest) if message.type == "DIGEST" else digest
    if algorithm.startswith("ECDSA"):
        return (ec.ECDSA(how),)
    if "PSS" in algorithm:
        # AWS: the salt is as long as the digest (Developer Guide, "RSASSA_PSS").
        return padding.PSS(padding.MGF1(digest), digest.digest_size), how
    return padding.PKCS1v15(), how
