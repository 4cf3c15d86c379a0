"""Encryption at rest: how a request asks for it, and the keys that it takes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.s3 import buckets, errors
from fogbank.services.s3.entries import PLAIN, Encryption
from fogbank.services.s3.resources import Bucket

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import CipherContext

KMS = "aws:kms"
KEY_DEFAULT = "alias/aws/s3"
_CUSTOMER = "Requests specifying Server Side Encryption with Customer provided keys must provide"
_NEEDS_KEY = (
    "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve "
    "the object."
)
_KMS_CODES = {
    "DisabledException": "KMS.DisabledException",
    "InvalidKeyUsageException": "KMS.InvalidKeyUsageException",
    "InvalidStateException": "KMS.InvalidStateException",
    "KMSInvalidStateException": "KMS.KMSInvalidStateException",
    "NotFoundException": "KMS.NotFoundException",
}
_NONCE_BYTES = 16
_SALT_BYTES = 16


class Sealed(NamedTuple):
    """How bytes are encrypted, and the key that does it; the key is empty where they lie as they are."""

    encryption: Encryption
    key: bytes


def begun(ctx: Context, bucket: Bucket, req: Mapping[str, Any], key: str) -> Sealed:
    """The encryption of a new object under `key`, as a request and the bucket's default ask for it.

    Calls kms:GenerateDataKey as the caller, where KMS is asked for. Raises InvalidArgument, InvalidRequest, and what
    KMS refuses with.
    """
    customer = customer_key(req)
    algorithm, asked_key = req.get("ServerSideEncryption"), req.get("SSEKMSKeyId")
    default = bucket.encryption
    if customer is not None:
        return _by_customer(default.blocked, customer, algorithm)
    if algorithm is None and asked_key is None:
        algorithm, asked_key = default.algorithm, default.key_id or None
    elif algorithm == KMS and asked_key is None and default.algorithm == KMS:
        asked_key = default.key_id or None
    _check_algorithm(algorithm, asked_key)
    if algorithm == "AES256":
        return Sealed(PLAIN, b"")
    bucket_key = req.get("BucketKeyEnabled")
    if bucket_key is None:
        bucket_key = default.bucket_key and default.algorithm == KMS
    more = _context(req.get("SSEKMSEncryptionContext"))
    resource = buckets.arn(bucket, ctx.partition, None if bucket_key else key)
    context = {**more, "aws:s3:arn": more.get("aws:s3:arn", resource)}
    return _by_kms(ctx, bucket, asked_key or KEY_DEFAULT, context, bucket_key=bool(bucket_key))


def opened(ctx: Context, bucket: Bucket, encryption: Encryption, req: Mapping[str, Any], prefix: str = "") -> bytes:
    """The key to read bytes with, empty where they lie as they are. Calls kms:Decrypt as the caller.

    `prefix` is `CopySource` for what a copy reads. Raises InvalidRequest, InvalidArgument and AccessDenied.
    """
    customer = customer_key(req, prefix)
    if encryption.customer_md5:
        if customer is None:
            raise errors.invalid_request(_NEEDS_KEY)
        salt, proof = encryption.wrapped[:_SALT_BYTES], encryption.wrapped[_SALT_BYTES:]
        if not hmac.compare_digest(_proof(customer, salt), proof):
            raise errors.access_denied(f"{_CUSTOMER} the correct secret key.")
        return customer
    if customer is not None:
        raise errors.invalid_request("The encryption parameters are not applicable to this object.")
    if encryption.is_plain:
        return b""
    _check_signed(ctx)
    plain = _asked(
        ctx, bucket, "Decrypt", CiphertextBlob=encryption.wrapped, EncryptionContext=json.loads(encryption.context)
    )
    key: bytes = plain["Plaintext"]
    return key


def check_customer(encryption: Encryption, req: Mapping[str, Any]) -> None:
    """What HeadObject asks of a client's key, without reading anything."""
    customer = customer_key(req)
    if encryption.customer_md5 and customer is None:
        raise errors.invalid_request(_NEEDS_KEY)
    if not encryption.customer_md5 and customer is not None:
        raise errors.invalid_request("The encryption parameters are not applicable to this object.")
    if customer is not None:
        salt, proof = encryption.wrapped[:_SALT_BYTES], encryption.wrapped[_SALT_BYTES:]
        if not hmac.compare_digest(_proof(customer, salt), proof):
            raise errors.access_denied(f"{_CUSTOMER} the correct secret key.")


def customer_key(req: Mapping[str, Any], prefix: str = "") -> bytes | None:
    """The key that a request brings (SSE-C), None for none. Raises InvalidArgument.

    AWS takes such a key over HTTPS only; here it may come over HTTP too.
    """
    algorithm = req.get(f"{prefix}SSECustomerAlgorithm")
    text, md5 = req.get(f"{prefix}SSECustomerKey"), req.get(f"{prefix}SSECustomerKeyMD5")
    if algorithm is None and text is None and md5 is None:
        return None
    if algorithm is None:
        raise errors.invalid_argument(f"{_CUSTOMER} a valid encryption algorithm.", _header(prefix, "algorithm"))
    if algorithm != "AES256":
        told = "The encryption request you specified is not valid. The valid value is AES256."
        raise AwsError("InvalidEncryptionAlgorithmError", told, status=400)
    if text is None:
        raise errors.invalid_argument(f"{_CUSTOMER} an appropriate secret key.", _header(prefix, "key"))
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise errors.invalid_argument("The secret key was invalid for the specified algorithm.", _header(prefix, "key"))
    if md5 is not None and md5 != _md5(key):
        told = "The calculated MD5 hash of the key did not match the hash that was provided."
        raise errors.invalid_argument(told, _header(prefix, "key-MD5"))
    return key


def new_nonce(sealed: bytes) -> bytes:
    """The nonce of a run of bytes under a key; empty without a key."""
    return secrets.token_bytes(_NONCE_BYTES) if sealed else b""


def cipher(key: bytes, nonce: bytes, offset: int = 0) -> CipherContext:
    """AES-256-CTR from a place on, both ways: `update` turns plain bytes into cipher text and back."""
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import CTR

    counter = (int.from_bytes(nonce, "big") + offset // 16) % (1 << 128)
    found = Cipher(AES(key), CTR(counter.to_bytes(16, "big"))).encryptor()
    if offset % 16:
        found.update(bytes(offset % 16))
    return found


def described(encryption: Encryption) -> dict[str, Any]:
    """The members of an answer that tell of encryption."""
    if encryption.customer_md5:
        return {"SSECustomerAlgorithm": "AES256", "SSECustomerKeyMD5": encryption.customer_md5}
    if encryption.algorithm != KMS:
        return {"ServerSideEncryption": encryption.algorithm}
    found: dict[str, Any] = {"ServerSideEncryption": KMS, "SSEKMSKeyId": encryption.key_id}
    return {**found, "BucketKeyEnabled": True} if encryption.bucket_key else found


def written(encryption: Encryption) -> dict[str, Any]:
    """The same for the answer to a write, which tells the encryption context too."""
    found = described(encryption)
    if encryption.algorithm == KMS:
        found["SSEKMSEncryptionContext"] = base64.b64encode(encryption.context.encode()).decode()
    return found


def _by_customer(blocked: tuple[str, ...], key: bytes, algorithm: str | None) -> Sealed:
    if algorithm is not None:
        told = "Server Side Encryption with Customer provided key is incompatible with the encryption method specified"
        raise errors.invalid_argument(told, "x-amz-server-side-encryption", algorithm)
    if "SSE-C" in blocked:
        raise errors.access_denied(
            "Access Denied because server-side encryption with customer-provided keys is blocked."
        )
    salt = secrets.token_bytes(_SALT_BYTES)
    return Sealed(Encryption(wrapped=salt + _proof(key, salt), customer_md5=_md5(key)), key)


def _by_kms(ctx: Context, bucket: Bucket, key_id: str, context: Mapping[str, str], *, bucket_key: bool) -> Sealed:
    _check_signed(ctx)
    made = _asked(ctx, bucket, "GenerateDataKey", KeyId=key_id, KeySpec="AES_256", EncryptionContext=dict(context))
    text = json.dumps(context, sort_keys=True, separators=(",", ":"))
    return Sealed(Encryption(KMS, made["KeyId"], made["CiphertextBlob"], text, bucket_key), made["Plaintext"])


def _asked(ctx: Context, bucket: Bucket, operation: str, **params: Any) -> dict[str, Any]:
    """What KMS in the bucket's region says to this caller. Raises its refusals under S3's names for them."""
    try:
        return ctx.at(region=bucket.region).call("kms", operation, **params)
    except AwsError as error:
        if error.code == "AccessDeniedException":
            raise errors.access_denied(error.message) from None
        if error.code in _KMS_CODES:
            raise AwsError(_KMS_CODES[error.code], error.message, status=400) from None
        raise


def _check_algorithm(algorithm: str | None, key_id: str | None) -> None:
    if algorithm == "aws:kms:dsse":
        text = "fogbank has no dual-layer encryption (aws:kms:dsse); aws:kms encrypts once."
        raise AwsError("NotImplemented", text, status=501)
    if algorithm not in ("AES256", KMS):
        name = "x-amz-server-side-encryption"
        raise errors.invalid_argument("The encryption method specified is not supported", name, algorithm)
    if key_id is not None and algorithm != KMS:
        name = "x-amz-server-side-encryption"
        told = (
            "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : "
            "aws:kms"
        )
        raise errors.invalid_argument(told, name, algorithm)


def _check_signed(ctx: Context) -> None:
    if ctx.caller.principal.kind == "anonymous":
        text = "Requests specifying Server Side Encryption with AWS KMS managed keys require AWS Signature Version 4."
        raise errors.invalid_argument(text, "Authorization", "null")


def _context(header: str | None) -> dict[str, str]:
    if not header:
        return {}
    try:
        found = json.loads(base64.b64decode(header, validate=True))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        name = "x-amz-server-side-encryption-context"
        told = f"The header '{name}' must be Base64-encoded JSON that maps strings to strings"
        raise errors.invalid_argument(told, name, header)
    return found


def _proof(key: bytes, salt: bytes) -> bytes:
    return hmac.digest(salt, key, "sha256")


def _md5(key: bytes) -> str:
    return base64.b64encode(hashlib.md5(key, usedforsecurity=False).digest()).decode()


def _header(prefix: str, end: str) -> str:
    return f"x-amz-{'copy-source-' if prefix else ''}server-side-encryption-customer-{end}"
