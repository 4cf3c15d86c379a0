"""What each call of KMS must be allowed (Developer Guide, "AWS KMS permissions"): the key policy must agree to all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.control.service import Need
from fogbank.services.kms import ciphertext, conditions, grants, keys
from fogbank.services.kms.keys import Found
from fogbank.services.kms.resources import Alias, Grant
from fogbank.services.kms.rules import BY_ALIAS, SYMMETRIC, WITH_CONTEXT

_ON_ALL = {"GenerateRandom", "ListAliases", "ListKeys", "ListRetirableGrants"}
# Developer Guide, "AWS KMS permissions", the column "Cross-account use"; the others are for keys of the own account.
_ACROSS_ACCOUNTS = BY_ALIAS | {"CreateGrant", "GetKeyRotationStatus", "ListGrants", "RetireGrant", "RevokeGrant"}

Facts = Mapping[str, list[str]]


def needs(ctx: Context, operation: str, req: dict[str, Any]) -> Iterable[Need]:
    grants.check_tokens(ctx, req.get("GrantTokens"))
    if operation in _ON_ALL:
        return (Need(f"kms:{operation}", context=conditions.of_request(ctx, req)),)
    if operation == "CreateKey":
        return tuple(_to_create(ctx, req))
    if operation in ("CreateAlias", "UpdateAlias", "DeleteAlias"):
        return tuple(_of_alias(ctx, operation, req))
    if operation == "ReEncrypt":
        return tuple(_of_reencrypt(ctx, req))
    if operation == "RetireGrant":
        return _of_retirement(ctx, req)
    if operation == "Decrypt":
        return _of_decrypt(ctx, req)
    found = tuple(_on_key(ctx, operation, req["KeyId"], lambda: _facts(ctx, operation, req), req))
    if operation == "ReplicateKey":
        return (*found, *_to_create(ctx.at(req["ReplicaRegion"]), req))
    return found


def _to_create(ctx: Context, req: Mapping[str, Any]) -> Iterator[Need]:
    yield Need("kms:CreateKey", context=conditions.of_new_key(ctx, req))
    yield from _to_tag(req)


def _to_tag(req: Mapping[str, Any]) -> Iterator[Need]:
    if req.get("Tags"):
        yield Need("kms:TagResource", context=conditions.of_tags(req))


def _of_alias(ctx: Context, operation: str, req: dict[str, Any]) -> Iterator[Need]:
    """An alias operation needs the alias (by IAM policies) and each key that it points from or to (by key policies)."""
    name = req["AliasName"]

    def facts() -> Facts:
        return conditions.of_request(ctx, req)

    yield Need(f"kms:{operation}", ctx.arn(name), context=facts)
    before = ctx.get(Alias, name) if operation != "CreateAlias" else None
    for target in (before.target if before else "", req.get("TargetKeyId", "")):
        if target and not target.startswith("alias/"):
            yield from _on_key(ctx, operation, target, facts, req)


def _of_reencrypt(ctx: Context, req: dict[str, Any]) -> Iterator[Need]:
    for side, prefix, text in (
        ("From", "Source", _source(ctx, req, "SourceKeyId")),
        ("To", "Destination", req["DestinationKeyId"]),
    ):
        context = req.get(f"{prefix}EncryptionContext") or {}
        algorithm = req.get(f"{prefix}EncryptionAlgorithm", SYMMETRIC)
        if text:
            facts = partial(_of_side, ctx, req, context, algorithm)
            yield from _on_key(ctx, f"ReEncrypt{side}", text, facts, {"EncryptionContext": context})


def _of_side(ctx: Context, req: Mapping[str, Any], context: Mapping[str, str], algorithm: str) -> Facts:
    facts = {**conditions.of_request(ctx, req), **conditions.of_encryption(context, algorithm)}
    return facts | {"kms:reencryptonsamekey": [str(_is_on_same_key(ctx, req)).lower()]}


def _is_on_same_key(ctx: Context, req: Mapping[str, Any]) -> bool:
    try:
        source = keys.find(ctx, _source(ctx, req, "SourceKeyId"), by_alias=True)
        return source.arn == keys.find(ctx, req["DestinationKeyId"], by_alias=True).arn
    except AwsError:
        return False


def _of_decrypt(ctx: Context, req: dict[str, Any]) -> tuple[Need, ...]:
    text = _source(ctx, req, "KeyId")
    if not text:
        # No key can be named: the operation says so.
        return ()
    return tuple(_on_key(ctx, "Decrypt", text, lambda: _facts(ctx, "Decrypt", req), req))


def _source(ctx: Context, req: Mapping[str, Any], member: str) -> str:
    """The key that a ciphertext is to be opened with: the one that is named, else the one that the blob names."""
    if member in req:
        return str(req[member])
    blob = ciphertext.parsed(req.get("CiphertextBlob", b""))
    if blob is None:
        return ""
    found = keys.of_ciphertext(ctx, blob)
    return found.arn


def _of_retirement(ctx: Context, req: dict[str, Any]) -> tuple[Need, ...]:
    if "GrantToken" in req:
        account, key_id, grant_id = grants.of_token(ctx, req["GrantToken"])
        text = keys.arn_of(ctx.at(account=account), key_id)
    elif "KeyId" in req and "GrantId" in req:
        text, grant_id = req["KeyId"], req["GrantId"]
    else:
        return ()
    found = keys.find(ctx, text)
    grant = found.home.get(Grant, found.key.id, grant_id)
    allowed = grant is not None and grants.may_retire(grant, ctx.caller.principal)
    return (_need(found, "kms:RetireGrant", lambda: conditions.of_request(ctx, req), allowed),)


def _on_key(
    ctx: Context, operation: str, text: str, facts: Callable[[], Facts], req: Mapping[str, Any]
) -> Iterator[Need]:
    """What an operation on a key needs. A key that is not there is the business of the operation, which says so."""
    action = f"kms:{operation}"
    home, name = keys.place(ctx, text)
    if home.account == ctx.caller.account and not ctx.caller.enforced:
        return
    try:
        found = keys.find(ctx, text, by_alias=ctx.operation in BY_ALIAS)
    except AwsError:
        resource = home.arn(name if name.startswith("alias/") else f"key/{name}")
        rule = "optional" if home.account == ctx.account else "required"
        yield Need(action, resource, account=home.account, rule=rule, context=facts)
        return
    if home.account != ctx.account and ctx.operation not in _ACROSS_ACCOUNTS:
        yield Need(action, found.arn, account=home.account, rule="required")
        return
    yield _need(found, action, facts, _is_granted(ctx, found, operation, req))


def _need(found: Found, action: str, facts: Callable[[], Facts], granted: bool) -> Need:
    return Need(
        action,
        found.arn,
        account=found.home.account,
        policy=found.key.policy,
        rule="required",
        grants_allow=granted,
        context=lambda: {**conditions.of_key(found), **facts()},
    )


def _is_granted(ctx: Context, found: Found, operation: str, req: Mapping[str, Any]) -> bool:
    context = req.get("EncryptionContext") or {}
    for grant in found.home.scan(Grant, found.key.id):
        if not grants.covers(grant, ctx.caller.principal, operation, context):
            continue
        if operation != "CreateGrant" or grants.may_pass_on(grant, req):
            return True
    return False


def _facts(ctx: Context, operation: str, req: Mapping[str, Any]) -> dict[str, list[str]]:
    facts = conditions.of_request(ctx, req)
    if operation in WITH_CONTEXT:
        algorithm = req.get("EncryptionAlgorithm", SYMMETRIC)
        facts |= conditions.of_encryption(req.get("EncryptionContext"), algorithm)
    if operation in ("TagResource", "UntagResource"):
        facts |= conditions.of_tags(req)
    return facts
