"""Environment variables at rest: sealed with fogbank's key, and locked with the function's kms key where it has one.

Developer Guide, "Securing Lambda environment variables": whoever sets them may encrypt with the key and grant its use
to the function's role, by which they are opened when an environment begins; whoever looks at them may decrypt.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import orjson

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.lambda_ import acting, rules
from fogbank.services.lambda_.resources import Configuration

_PURPOSE = "lambda environment"
_KEY_BYTES = 32
_REFUSED = {
    "AccessDeniedException": ("KMSAccessDeniedException", "KMS access was denied"),
    "DisabledException": ("KMSDisabledException", "the KMS key used is disabled"),
    "KMSInvalidStateException": ("KMSInvalidStateException", "the state of the KMS key used is not valid for Decrypt"),
    "NotFoundException": ("KMSNotFoundException", "the KMS key was not found"),
}


def kept(ctx: Context, name: str, made: Configuration, variables: Mapping[str, str]) -> Configuration:
    """A configuration with variables, as the caller. Raises InvalidParameterValueException where the key will not."""
    rules.check_environ(variables)
    given = orjson.dumps(dict(variables))
    if not variables:
        return msgspec.structs.replace(made, environ=b"", lock=b"", granted=())
    if not made.key_arn:
        return msgspec.structs.replace(made, environ=ctx.seal(given, _PURPOSE), lock=b"", granted=())
    secret = ctx.random.getrandbits(_KEY_BYTES * 8).to_bytes(_KEY_BYTES, "big")
    about = _about(ctx, name)
    try:
        grant = ctx.call(
            "kms",
            "CreateGrant",
            KeyId=made.key_arn,
            GranteePrincipal=made.role,
            RetiringPrincipal=made.role,
            Operations=["Decrypt", "RetireGrant"],
            Constraints={"EncryptionContextEquals": about},
        )
        lock = ctx.call("kms", "Encrypt", KeyId=made.key_arn, Plaintext=secret, EncryptionContext=about)
    except AwsError as error:
        raise rules.invalid(
            "Lambda was unable to configure access to your environment variables because the KMS key is invalid for "
            f"CreateGrant. Please check your KMS key settings. KMS Exception: {error.code} KMS Message: {error.message}"
        ) from None
    granted = (lock["KeyId"], grant["GrantId"])
    environ = ctx.seal(given, _bound(secret))
    return msgspec.structs.replace(made, environ=environ, lock=lock["CiphertextBlob"], granted=granted)


def opened(ctx: Context, name: str, configuration: Configuration) -> dict[str, str]:
    """The variables, as the caller. Raises KMSAccessDeniedException and what else kms refuses with."""
    if not configuration.environ:
        return {}
    purpose = _PURPOSE
    if configuration.lock:
        given = {"CiphertextBlob": configuration.lock, "EncryptionContext": _about(ctx, name)}
        try:
            purpose = _bound(ctx.call("kms", "Decrypt", KeyId=configuration.key_arn, **given)["Plaintext"])
        except AwsError as error:
            raise _refused(error) from None
    found: dict[str, str] = orjson.loads(ctx.unseal(configuration.environ, purpose))
    return found


def shown(ctx: Context, name: str, configuration: Configuration) -> dict[str, Any]:
    """Them as the caller sees them: an error where the key does not let it."""
    try:
        return {"Variables": opened(ctx, name, configuration)}
    except AwsError as error:
        return {"Error": {"ErrorCode": error.code.removeprefix("KMS"), "Message": error.message}}


def retire(ctx: Context, name: str, configuration: Configuration) -> None:
    """Give a grant back, as the role that has it: best done, but what the role no longer may is left."""
    if not configuration.granted:
        return
    key, grant = configuration.granted
    try:
        at = acting.as_function(ctx, configuration.role, name)
        at.call("kms", "RetireGrant", KeyId=key, GrantId=grant)
    except AwsError:
        return


def _about(ctx: Context, name: str) -> dict[str, str]:
    return {"aws:lambda:FunctionArn": ctx.arn(f"function:{name}", "lambda")}


def _bound(secret: bytes) -> str:
    """What the variables are sealed for: nobody opens them who has not had the key decrypt that."""
    return f"{_PURPOSE} {secret.hex()}"


def _refused(error: AwsError) -> AwsError:
    code, why = _REFUSED.get(error.code, ("KMSInvalidStateException", "KMS refused"))
    text = (
        f"Lambda was unable to decrypt the environment variables because {why}. Please check the function's KMS key "
        f"settings. KMS Exception: {error.code} KMS Message: {error.message}"
    )
    return AwsError(code, text, status=502, Type="User")
