"""JSON Web Tokens (RFC 7519) taken apart, and checked against a set of keys (RFC 7517)."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

_ALGORITHMS = {"RS256": "RSA", "RS384": "RSA", "RS512": "RSA", "ES256": "EC", "ES384": "EC"}


class BadToken(ValueError):
    """A text that is no token, or one whose signature is not that of the keys."""


class Token(NamedTuple):
    """A token's header and claims, what was signed, and the signature."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    signed: bytes
    signature: bytes


def parse(text: str) -> Token:
    """Raises BadToken for what is no signed token of three parts."""
    parts = text.split(".")
    if len(parts) != 3 or not all(parts):
        raise BadToken("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
    try:
        header, claims = (json.loads(_bytes(part)) for part in parts[:2])
        signature = _bytes(parts[2])
    except ValueError:
        raise BadToken("The ID Token provided is not a valid JWT.") from None
    if not isinstance(header, dict) or not isinstance(claims, dict) or header.get("alg") not in _ALGORITHMS:
        raise BadToken("The ID Token provided is not a valid JWT.")
    return Token(header, claims, f"{parts[0]}.{parts[1]}".encode(), signature)


def check_signature(token: Token, keys: Mapping[str, Any]) -> None:
    """Raises BadToken unless a key of a JSON Web Key Set made the signature."""
    for key in keys.get("keys", ()):
        named = key.get("kid") in (None, token.header.get("kid")) or "kid" not in token.header
        if named and key.get("kty") == _ALGORITHMS[token.header["alg"]] and _is_of(token, key):
            return
    raise BadToken("Couldn't verify the signature of the ID Token with the keys of its identity provider.")


def _is_of(token: Token, key: Mapping[str, Any]) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

    algorithm = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}[token.header["alg"][2:]]
    try:
        if key["kty"] == "RSA":
            public = rsa.RSAPublicNumbers(_number(key["e"]), _number(key["n"])).public_key()
            public.verify(token.signature, token.signed, padding.PKCS1v15(), algorithm)
            return True
        curve = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1()}[key["crv"]]
        point = ec.EllipticCurvePublicNumbers(_number(key["x"]), _number(key["y"]), curve).public_key()
        half = len(token.signature) // 2
        r, s = (int.from_bytes(part, "big") for part in (token.signature[:half], token.signature[half:]))
        point.verify(utils.encode_dss_signature(r, s), token.signed, ec.ECDSA(algorithm))
    except (InvalidSignature, KeyError, ValueError):
        return False
    return True


def _bytes(part: str) -> bytes:
    try:
        return base64.b64decode(part.encode() + b"=" * (-len(part) % 4), b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None


def _number(text: str) -> int:
    return int.from_bytes(_bytes(text), "big")
