"""Key material: made, numbered, and read as keys of the `cryptography` package; plain values in and out."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Any, NamedTuple

from fogbank.aws.errors import AwsError
from fogbank.services.kms.rules import SPECS, Spec

_RSA_EXPONENT = 65_537
SLOW_FAMILIES = frozenset({"rsa"})
"""Families whose pairs take so long to make that a loop must not wait for them."""


class Made(NamedTuple):
    """New material: raw bytes, or PKCS #8 of a pair with its public key in DER."""

    secret: bytes
    public: bytes = b""


def make(spec_name: str) -> Made:
    """New material for a key spec. Takes up to seconds for RSA."""
    spec = SPECS[spec_name]
    if spec.family in ("symmetric", "hmac"):
        return Made(secrets.token_bytes(int(spec.size)))
    return _written(_new_pair(spec))


def material_id(key_id: str, secret: bytes) -> str:
    """The id of a material: the same for the same material of the same key, and telling nothing of it."""
    return hmac.new(secret, b"fogbank kms material " + key_id.encode(), hashlib.sha256).hexdigest()


def private_key(secret: bytes) -> Any:
    """A pair's private key, from what `make` or `checked` gave."""
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    # It was checked when it was made or imported; checking an RSA key takes 30 to 200 ms.
    return load_der_private_key(secret, None, unsafe_skip_rsa_key_validation=True)


def public_key(public: bytes) -> Any:
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    return load_der_public_key(public)


def checked(spec_name: str, secret: bytes) -> Made:
    """Imported material, if it is what the key spec needs. Raises IncorrectKeyMaterialException."""
    spec = SPECS[spec_name]
    if spec.family in ("symmetric", "hmac"):
        if len(secret) != spec.size:
            raise AwsError("IncorrectKeyMaterialException", f"Key material of {spec_name} has {spec.size} bytes.")
        return Made(secret)
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    try:
        pair = load_der_private_key(secret, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        text = "The key material is no private key in DER-encoded PKCS #8."
        raise AwsError("IncorrectKeyMaterialException", text) from None
    if _spec_of(pair) != (spec.family, spec.size):
        raise AwsError("IncorrectKeyMaterialException", f"The key material is no private key of the spec {spec_name}.")
    return _written(pair)


def _new_pair(spec: Spec) -> Any:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if spec.family == "rsa":
        return rsa.generate_private_key(_RSA_EXPONENT, int(spec.size))
    if spec.family == "ec":
        return ec.generate_private_key(getattr(ec, str(spec.size))())
    if spec.family == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return _post_quantum(spec).generate()


def _post_quantum(spec: Spec) -> Any:
    """The class of an ML-DSA or ML-KEM private key. Raises UnsupportedOperationException where there is none."""
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        if spec.family == "mldsa":
            from cryptography.hazmat.primitives.asymmetric import mldsa

            return getattr(mldsa, f"MLDSA{spec.size}PrivateKey")
        from cryptography.hazmat.primitives.asymmetric import mlkem

        return getattr(mlkem, f"MLKEM{spec.size}PrivateKey")
    except (ImportError, AttributeError, UnsupportedAlgorithm):
        text = "The installed `cryptography` package has no post-quantum keys."
        raise AwsError("UnsupportedOperationException", text) from None


def _written(pair: Any) -> Made:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    return Made(
        pair.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
        pair.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    )


def _spec_of(pair: Any) -> tuple[str, int | str]:
    """(family, size) of a private key, as the table of specs has them."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(pair, rsa.RSAPrivateKey):
        return "rsa", pair.key_size
    if isinstance(pair, ec.EllipticCurvePrivateKey):
        return "ec", type(pair.curve).__name__
    if isinstance(pair, ed25519.Ed25519PrivateKey):
        return "ed25519", ""
    name = type(pair).__name__
    family = "mldsa" if name.startswith("MLDSA") else "mlkem"
    digits = "".join(letter for letter in name if letter.isdigit())
    return family, int(digits or 0)
