"""How documents lie at rest: as they are, or under a data key of a kms key that X-Ray may use by a grant."""

from __future__ import annotations

from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.aws.policy import Principal
from fogbank.control.caller import Caller
from fogbank.control.context import Context
from fogbank.services.xray import rules
from fogbank.services.xray.resources import ONE, Encryption

_ROLE = "AWSServiceRoleForXRay"
_SEALED = 1
_NUMBER_BYTES = 2
_NONCE_BYTES = 12
_REUSE_SECONDS = 300.0
"""How long a data key is used before kms is asked again."""


class DataKeys:
    """Data keys that kms has opened: (until when, the key) by number."""

    def __init__(self, *scope: str) -> None:
        self.opened: dict[int, tuple[float, bytes]] = {}


class Vault:
    """Seals and opens the documents of a region, for one operation."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._ciphers: dict[int, Any] = {}
        self._config = ctx.get(Encryption, ONE) or Encryption()

    def seal(self, plain: bytes) -> bytes:
        if not self._config.key_id:
            return plain
        number = len(self._config.data_keys)
        nonce = self._ctx.random.getrandbits(8 * _NONCE_BYTES).to_bytes(_NONCE_BYTES, "big")
        sealed: bytes = self._cipher(number).encrypt(nonce, plain, None)
        return bytes((_SEALED,)) + number.to_bytes(_NUMBER_BYTES, "big") + nonce + sealed

    def open(self, item: bytes) -> bytes:
        """A document. Raises InvalidRequestException where its kms key cannot be used."""
        if item[0] != _SEALED:
            return item
        number, start = int.from_bytes(item[1 : 1 + _NUMBER_BYTES], "big"), 1 + _NUMBER_BYTES
        plain: bytes = self._cipher(number).decrypt(
            item[start : start + _NONCE_BYTES], item[start + _NONCE_BYTES :], None
        )
        return plain

    def _cipher(self, number: int) -> Any:
        if number not in self._ciphers:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM

            self._ciphers[number] = AESGCM(self._key(number))
        return self._ciphers[number]

    def _key(self, number: int) -> bytes:
        ctx, keys = self._ctx, self._ctx.held(DataKeys, *self._ctx.scope).opened
        until, key = keys.get(number, (0.0, b""))
        if ctx.now >= until:
            wrapped = self._config.data_keys[number - 1]
            try:
                made = as_itself(ctx).call("kms", "Decrypt", CiphertextBlob=wrapped, EncryptionContext=about(ctx))
            except AwsError as error:
                raise rules.invalid(f"The KMS key that X-Ray encrypts with cannot be used: {error.message}") from None
            key = made["Plaintext"]
            keys[number] = (ctx.now + _REUSE_SECONDS, key)
        return key


def granted(ctx: Context, key: str) -> tuple[str, bytes]:
    """The ARN of a kms key, and a data key under it: the caller grants X-Ray its use. Raises InvalidRequestException.

    https://docs.aws.amazon.com/xray/latest/devguide/xray-console-encryption.html
    """
    try:
        arn = ctx.call("kms", "DescribeKey", KeyId=key)["KeyMetadata"]["Arn"]
        ctx.call(
            "kms",
            "CreateGrant",
            KeyId=arn,
            GranteePrincipal=_role(ctx),
            Operations=["Decrypt", "GenerateDataKeyWithoutPlaintext"],
            Name="xray",
        )
        made = as_itself(ctx).call(
            "kms",
            "GenerateDataKeyWithoutPlaintext",
            KeyId=arn,
            KeySpec="AES_256",
            EncryptionContext=about(ctx),
        )
    except AwsError as error:
        raise rules.invalid(f"The KMS key cannot be used: {error.message}") from None
    return arn, made["CiphertextBlob"]


def about(ctx: Context) -> dict[str, str]:
    """The encryption context."""
    return {"aws:xray:arn": f"arn:{ctx.partition}:xray:{ctx.region}:{ctx.account}"}


def _role(ctx: Context) -> str:
    """Who the grant is for: the role that the service acts as in an account."""
    return f"arn:{ctx.partition}:iam::{ctx.account}:role/aws-service-role/xray.amazonaws.com/{_ROLE}"


def as_itself(ctx: Context) -> Context:
    """The call made by X-Ray, whoever called it: it may what the grant says."""
    arn = f"arn:{ctx.partition}:sts::{ctx.account}:assumed-role/{_ROLE}/xray"
    principal = Principal(arn=arn, account=ctx.account, kind="role", role_arn=_role(ctx))
    return ctx.authorized_as(Caller(principal=principal, enforced=True))
