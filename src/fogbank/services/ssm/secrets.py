"""SecureStrings: values that `kms` keeps, with the encryption context that Parameter Store gives them."""

from __future__ import annotations

import base64

from fogbank.aws.errors import AwsError
from fogbank.control import envelope
from fogbank.control.context import Context
from fogbank.services.ssm.resources import Version
from fogbank.services.ssm.rules import resource_of

_KEY_ERRORS = {
    "NotFoundException",
    "DisabledException",
    "KMSInvalidStateException",
    "InvalidKeyUsageException",
    "KeyUnavailableException",
    "InvalidArnException",
}


def context_of(ctx: Context, name: str) -> dict[str, str]:
    """The encryption context of a parameter (User Guide, "How Parameter Store uses AWS KMS")."""
    return {"PARAMETER_ARN": ctx.arn(resource_of(name))}


def sealed(ctx: Context, name: str, value: str, key_id: str, tier: str) -> tuple[bytes, bool]:
    """A value under a key: by Encrypt in the standard tier, in an envelope (True) in the advanced one.

    Raises InvalidKeyId where `kms` has no such usable key, and AccessDeniedException as it says it.
    """
    try:
        if tier == "Advanced":
            return envelope.encrypt(ctx, value.encode(), key_id, context_of(ctx, name)), True
        made = ctx.call(
            "kms", "Encrypt", KeyId=key_id, Plaintext=value.encode(), EncryptionContext=context_of(ctx, name)
        )
        return made["CiphertextBlob"], False
    except AwsError as error:
        raise _of_key(error) from None


def opened(ctx: Context, name: str, version: Version) -> str:
    """The value of a SecureString, decrypted as this caller. Raises what `sealed` does."""
    try:
        if version.enveloped:
            return envelope.decrypt(ctx, version.sealed, context_of(ctx, name)).decode()
        made = ctx.call("kms", "Decrypt", CiphertextBlob=version.sealed, EncryptionContext=context_of(ctx, name))
    except AwsError as error:
        raise _of_key(error) from None
    text: str = made["Plaintext"].decode()
    return text


def value_of(ctx: Context, name: str, version: Version, decrypt: bool) -> str:
    """The value as a caller sees it: a SecureString's is its ciphertext in base64 unless it is to be decrypted."""
    if version.type != "SecureString":
        return version.value
    return opened(ctx, name, version) if decrypt else base64.b64encode(version.sealed).decode()


def _of_key(error: AwsError) -> AwsError:
    if error.code not in _KEY_ERRORS:
        return error
    return AwsError("InvalidKeyId", f"{error.message} (Service: AWSKMS; Error Code: {error.code})")
