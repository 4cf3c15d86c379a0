"""X.509 certificates and SSH keys as texts: read, and matched with their keys."""

from __future__ import annotations

import base64
import binascii
import hashlib

from fogbank.aws.errors import AwsError


def expiry_of(body: str) -> float:
    """When a certificate ends. Raises MalformedCertificate."""
    from cryptography.x509 import load_pem_x509_certificate

    try:
        return load_pem_x509_certificate(body.encode()).not_valid_after_utc.timestamp()
    except ValueError:
        raise AwsError(
            "MalformedCertificate", "Unable to parse certificate. Please ensure it is in PEM format."
        ) from None


def expiry_of_pair(body: str, private_key: str) -> float:
    """When a certificate ends that is of a private key. Raises MalformedCertificate and KeyPairMismatch."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from cryptography.x509 import load_pem_x509_certificate

    expiry = expiry_of(body)
    try:
        key = load_pem_private_key(private_key.encode(), password=None)
    except (ValueError, TypeError):
        raise AwsError("MalformedCertificate", "Unable to parse key; the body may be invalid.") from None
    if load_pem_x509_certificate(body.encode()).public_key() != key.public_key():
        raise AwsError("KeyPairMismatch", "The public key certificate and the private key do not match.")
    return expiry


def ssh_fingerprint(body: str) -> str:
    """The MD5 fingerprint of an SSH public key (`ssh-rsa AAAA…`). Raises InvalidPublicKey."""
    parts = body.split()
    try:
        raw = base64.b64decode(parts[1], validate=True)
    except (IndexError, binascii.Error):
        raise AwsError("InvalidPublicKey", "The public key is invalid.") from None
    if parts[0] not in ("ssh-rsa", "ssh-ed25519", "ecdsa-sha2-nistp256"):
        raise AwsError("UnrecognizedPublicKeyEncoding", "The public key's encoding is not supported.")
    digest = hashlib.md5(raw, usedforsecurity=False).hexdigest()
    return ":".join(digest[at : at + 2] for at in range(0, 32, 2))
