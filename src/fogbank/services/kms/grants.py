"""Grants: whether one covers a call, and the tokens that stand for them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.aws.policy import Principal
from fogbank.control.context import Context
from fogbank.control.seal import SealBroken
from fogbank.services.kms.resources import Grant, Key
from fogbank.services.kms.rules import SYMMETRIC, WITH_CONTEXT

_TOKEN_PURPOSE = "kms grant token"
_CONTEXT_OPERATIONS = WITH_CONTEXT | {"ReEncryptFrom", "ReEncryptTo"}
_ALWAYS = frozenset({"CreateGrant", "RetireGrant", "DescribeKey"})
_BY_USAGE: Mapping[str, frozenset[str]] = {
    "ENCRYPT_DECRYPT": frozenset({"Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GetPublicKey"}),
    "SIGN_VERIFY": frozenset({"Sign", "Verify", "GetPublicKey"}),
    "KEY_AGREEMENT": frozenset({"DeriveSharedSecret", "GetPublicKey"}),
    "GENERATE_VERIFY_MAC": frozenset({"GenerateMac", "VerifyMac"}),
    "ENCAPSULATE_DECAPSULATE": frozenset({"Encapsulate", "Decapsulate", "GetPublicKey"}),
}


def check_operations(key: Key, operations: Sequence[str]) -> None:
    """Raises ValidationException for an operation that the key does not have (CreateGrant, "Operations")."""
    allowed = _ALWAYS | _BY_USAGE[key.usage]
    if key.spec == SYMMETRIC:
        allowed = (allowed | _CONTEXT_OPERATIONS) - {"GetPublicKey"}
    unfit = [operation for operation in operations if operation not in allowed]
    if unfit:
        text = f"The operations [{', '.join(unfit)}] are not valid in a grant for a key of {key.spec} and {key.usage}."
        raise AwsError("ValidationException", text)


def names(grantee: str, principal: Principal) -> bool:
    """Whether the ARN in a grant is that of the principal: a user, a session, its role, or the root of an account."""
    if not grantee:
        return False
    if grantee in (principal.arn, principal.role_arn):
        return True
    return principal.kind == "root" and grantee == principal.account


def covers(grant: Grant, principal: Principal, operation: str, context: Mapping[str, str]) -> bool:
    """Whether a grant allows its grantee an operation (`ReEncryptFrom`, …) with an encryption context."""
    if operation not in grant.operations:
        return False
    is_grantee = names(grant.grantee, principal)
    if principal.kind == "service" and grant.grantee_service:
        # A service says here for which resource it acts in no way that could be checked.
        is_grantee = grant.grantee_service == principal.service and not grant.source_arn
    if not is_grantee or grant.source_arn:
        return False
    return operation not in _CONTEXT_OPERATIONS or fits(grant, context)


def fits(grant: Grant, context: Mapping[str, str]) -> bool:
    """Whether an encryption context meets the grant's constraints."""
    if grant.context_equals is not None and dict(grant.context_equals) != dict(context):
        return False
    return grant.context_subset is None or grant.context_subset.items() <= context.items()


def may_pass_on(grant: Grant, req: Mapping[str, Any]) -> bool:
    """Whether a CreateGrant that a grant allows stays within it: no other operations, no weaker constraints."""
    wanted = req.get("Constraints") or {}
    if not set(req["Operations"]) <= set(grant.operations):
        return False
    if grant.context_equals is not None:
        return bool(wanted.get("EncryptionContextEquals") == dict(grant.context_equals))
    if grant.context_subset is not None:
        stated = wanted.get("EncryptionContextEquals") or wanted.get("EncryptionContextSubset") or {}
        return bool(grant.context_subset.items() <= stated.items())
    return True


def may_retire(grant: Grant, principal: Principal) -> bool:
    """Whether the grant itself lets a principal retire it (Developer Guide, "Retiring and revoking grants")."""
    if names(grant.retiring, principal):
        return True
    if principal.kind == "service" and grant.retiring_service == principal.service:
        return True
    if "RetireGrant" in grant.operations and names(grant.grantee, principal):
        return True
    return principal.kind == "root" and principal.account == grant.issued_by


def token_of(ctx: Context, key_id: str, grant_id: str) -> str:
    """A new token for a grant of a key in the context's scope."""
    plain = msgspec.msgpack.encode((ctx.account, key_id, grant_id))
    return base64.urlsafe_b64encode(ctx.seal(plain, _TOKEN_PURPOSE)).decode()


def of_token(ctx: Context, token: str) -> tuple[str, str, str]:
    """(account, key id, grant id). Raises InvalidGrantTokenException."""
    try:
        plain = ctx.unseal(base64.urlsafe_b64decode(token.encode()), _TOKEN_PURPOSE)
        return msgspec.msgpack.decode(plain, type=tuple[str, str, str])
    except (binascii.Error, ValueError, SealBroken, msgspec.DecodeError):
        raise AwsError("InvalidGrantTokenException", "The grant token is not valid.") from None


def check_tokens(ctx: Context, tokens: Iterable[str] | None) -> None:
    """Grants act at once here, so that a token adds nothing: it only has to be one."""
    for token in tokens or ():
        of_token(ctx, token)
