"""What pairs do besides signing: RSA encryption, key agreement and key encapsulation."""

from __future__ import annotations

from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.services.kms import material
from fogbank.services.kms.rules import SPECS

_DIGEST_BYTES = {"RSAES_OAEP_SHA_1": 20, "RSAES_OAEP_SHA_256": 32}


def encrypted(spec: str, public: bytes, algorithm: str, plain: bytes) -> bytes:
    """RSAES-OAEP (RFC 8017, 7.1.1). Raises ValidationException for more than the modulus holds."""
    limit = int(SPECS[spec].size) // 8 - 2 * _DIGEST_BYTES[algorithm] - 2
    if len(plain) > limit:
        text = f"Algorithm {algorithm} and key spec {spec} cannot encrypt data larger than {limit} bytes."
        raise AwsError("ValidationException", text)
    blob: bytes = material.public_key(public).encrypt(plain, oaep(algorithm))
    return blob


def decrypted(secret: bytes, algorithm: str, blob: bytes) -> bytes:
    """Raises InvalidCiphertextException."""
    try:
        plain: bytes = material.private_key(secret).decrypt(blob, oaep(algorithm))
    except ValueError:
        raise AwsError("InvalidCiphertextException", "") from None
    return plain


def oaep(algorithm: str) -> Any:
    """The padding of an algorithm whose name ends in `SHA_1` or `SHA_256`, for both of its hashes."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    digest = hashes.SHA256() if algorithm.endswith("SHA_256") else hashes.SHA1()  # noqa: S303 AWS offers it
    return padding.OAEP(padding.MGF1(digest), digest, None)


def agreed(secret: bytes, peer: bytes) -> bytes:
    """The raw shared secret of ECDH (SP 800-56A, 5.7.1.2). Raises ValidationException for a key of another curve."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec

    own = material.private_key(secret)
    try:
        other = material.public_key(peer)
    except (ValueError, UnsupportedAlgorithm):
        raise AwsError("ValidationException", "The public key is no DER-encoded X.509 public key.") from None
    if not isinstance(other, ec.EllipticCurvePublicKey) or type(other.curve) is not type(own.curve):
        raise AwsError("ValidationException", "The public key is not on the same curve as the KMS key.")
    shared: bytes = own.exchange(ec.ECDH(), other)
    return shared


def encapsulated(public: bytes) -> tuple[bytes, bytes]:
    """(shared secret, its ciphertext) of ML-KEM (FIPS 203)."""
    shared, blob = material.public_key(public).encapsulate()
    return shared, blob


def decapsulated(secret: bytes, blob: bytes) -> bytes:
    """Raises InvalidCiphertextException for a ciphertext of another length; any other gives some secret."""
    try:
        shared: bytes = material.private_key(secret).decapsulate(blob)
    except ValueError:
        raise AwsError("InvalidCiphertextException", "") from None
    return shared
