"""The key that messages are signed with, and the text of them that is signed.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

from __future__ import annotations

import base64
import datetime
import hashlib
from collections.abc import Mapping
from typing import Any

from fogbank.control.context import Context
from fogbank.services.sns.resources import SigningKey

_OWNER = "000000000000"
_PURPOSE = "sns signing key"
_KEY_BITS = 2048
_DAYS = 3650
_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")


class Signer:
    """The key, opened once."""

    def __init__(self, *key: str) -> None:
        self.key: Any = None
        self.certificate = ""


def signer_of(ctx: Context) -> Signer:
    """The cloud's signer; its key is made when it is first needed."""
    held = ctx.held(Signer)
    if held.key is not None:
        return held
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    home = ctx.at(region="", account=_OWNER)
    record = home.get(SigningKey, "key")
    if record is None:
        record = _made(ctx)
        home.put(record)
    found = Signer()
    found.key = load_der_private_key(ctx.unseal(record.sealed, _PURPOSE), None)
    found.certificate = record.certificate

    def keep() -> None:
        held.key, held.certificate = found.key, found.certificate

    ctx.after_commit(keep)
    return found


def path_of(certificate: str) -> str:
    return f"/SimpleNotificationService-{hashlib.sha256(certificate.encode()).hexdigest()[:32]}.pem"


def signature(signer: Signer, message: Mapping[str, str], version: str) -> str:
    """Version 1 signs with SHA-1, version 2 with SHA-256."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

    # SHA-1 is what version 1 of AWS's signatures is made of, and what its verifiers ask for.
    digest = hashes.SHA256() if version == "2" else hashes.SHA1()  # noqa: S303
    signed = signer.key.sign(signed_text(message).encode(), PKCS1v15(), digest)
    return base64.b64encode(signed).decode()


def signed_text(message: Mapping[str, str]) -> str:
    names = _NOTIFICATION if message["Type"] == "Notification" else _CONFIRMATION
    return "".join(f"{name}\n{message[name]}\n" for name in names if name in message)


def _made(ctx: Context) -> SigningKey:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from cryptography.x509.oid import NameOID

    key = generate_private_key(65537, _KEY_BITS)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    now = datetime.datetime.fromtimestamp(ctx.now, datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(ctx.random.getrandbits(127) | 1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=_DAYS))
        .sign(key, hashes.SHA256())
    )
    raw = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return SigningKey(sealed=ctx.seal(raw, _PURPOSE), certificate=certificate.public_bytes(Encoding.PEM).decode())
