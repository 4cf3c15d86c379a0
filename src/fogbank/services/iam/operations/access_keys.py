"""Access keys of users and of the account's root."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws import ids
from fogbank.control.context import Context
from fogbank.services.iam import entities, rules
from fogbank.services.iam.identity import seal_purpose
from fogbank.services.iam.resources import AccessKey, Use, User

_SECRET_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_ROOT = "<root_account>"


def create_access_key(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    user = entities.calling_user(ctx, req)
    owner = entities.owner_of(ctx, user)
    if len(ctx.find(AccessKey, "by_owner", owner)) >= rules.ACCESS_KEYS_MAX:
        raise rules.limit_exceeded("AccessKeysPerUser", rules.ACCESS_KEYS_MAX)
    secret = ids.letters(ctx.random, 40, _SECRET_LETTERS)
    key_id = ctx.access_key_id("AKIA")
    sealed = ctx.seal(secret.encode(), seal_purpose(key_id))
    key = AccessKey(id=key_id, owner=owner, sealed=sealed, created_at=ctx.now)
    ctx.put(key)
    return {"AccessKey": {**_described(key, user), "SecretAccessKey": secret}}


def list_access_keys(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    user = entities.calling_user(ctx, req)
    rows = ctx.find(AccessKey, "by_owner", entities.owner_of(ctx, user))
    return entities.listing(req, "AccessKeyMetadata", rows, lambda key: key.id, lambda key: _described(key, user))


def update_access_key(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    ctx.put(msgspec.structs.replace(_existing(ctx, req), status=req["Status"]))
    return {}


def delete_access_key(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    key = _existing(ctx, req)
    ctx.put(msgspec.structs.replace(key, owner=None, sealed=b"", status="Inactive"))
    return {}


def get_access_key_last_used(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    key = ctx.get(AccessKey, req["AccessKeyId"])
    if key is None or key.owner is None:
        raise entities.missing(f"The Access Key with id {req['AccessKeyId']} cannot be found.")
    use = ctx.get(Use, key.id)
    used: dict[str, Any] = {"ServiceName": "N/A", "Region": "N/A"}
    if use is not None:
        used = {"LastUsedDate": use.at, "ServiceName": use.service, "Region": use.region}
    user = entities.by_id(ctx, User, key.owner)
    return {"UserName": user.name if user else _ROOT, "AccessKeyLastUsed": used}


def _existing(ctx: Context, req: dict[str, Any]) -> AccessKey:
    owner = entities.owner_of(ctx, entities.calling_user(ctx, req))
    key = ctx.get(AccessKey, req["AccessKeyId"])
    if key is None or key.owner != owner:
        raise entities.missing(f"The Access Key with id {req['AccessKeyId']} cannot be found.")
    return key


def _described(key: AccessKey, user: User | None) -> dict[str, Any]:
    return {
        "UserName": user.name if user else _ROOT,
        "AccessKeyId": key.id,
        "Status": key.status,
        "CreateDate": key.created_at,
    }
