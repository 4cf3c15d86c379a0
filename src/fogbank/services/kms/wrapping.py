"""The wrapping of key material on its way in: RSA-OAEP, alone or around an AES key (Developer Guide, "Importing")."""

from __future__ import annotations

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.services.kms import asymmetric, material
from fogbank.services.kms.rules import SPECS

TOKEN_SECONDS = 86_400
TOKEN_PURPOSE = "kms import token"
ALGORITHMS = frozenset({"RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "RSA_AES_KEY_WRAP_SHA_1", "RSA_AES_KEY_WRAP_SHA_256"})


class ImportToken(msgspec.Struct, frozen=True, array_like=True):
    """What an import token says, under the machine's seal: nothing is remembered between the two calls."""

    account: str
    key_id: str
    algorithm: str
    secret: bytes
    """The wrapping key's private half."""
    expires_at: float


def unwrapped(secret: bytes, algorithm: str, wrapped: bytes) -> bytes:
    """Key material, from how it was wrapped. Raises InvalidCiphertextException."""
    if algorithm.startswith("RSAES"):
        return asymmetric.decrypted(secret, algorithm, wrapped)
    from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap_with_padding

    length = material.private_key(secret).key_size // 8
    key = asymmetric.decrypted(secret, algorithm, wrapped[:length])
    try:
        return aes_key_unwrap_with_padding(key, wrapped[length:])
    except (InvalidUnwrap, ValueError):
        raise AwsError("InvalidCiphertextException", "") from None


def check_fits(algorithm: str, spec: str) -> None:
    """Raises UnsupportedOperationException: an RSA private key is too long for RSA alone (GetParametersForImport)."""
    if algorithm.startswith("RSAES") and SPECS[spec].family in ("rsa", "mldsa", "mlkem"):
        text = f"Key material of {spec} can be wrapped with an RSA_AES wrapping algorithm only."
        raise AwsError("UnsupportedOperationException", text)
