"""Keys: described, listed, switched on and off, and deleted after a while. What takes long to make is in `data.py`."""

from __future__ import annotations

from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.control.service import MustWait
from fogbank.services.kms import creation, keys, pages, rules
from fogbank.services.kms.resources import Key


def create_key(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    if creation.is_slow(req):
        raise MustWait
    return creation.created(ctx, req, None)


def describe_key(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return {"KeyMetadata": keys.described(keys.find(ctx, req["KeyId"], by_alias=True))}


def list_keys(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    if "SELF" not in (req.get("ResourceOwners") or ["SELF"]):
        return {"Keys": [], "Truncated": False}
    listed = ctx.scan(Key, after=pages.after(req))
    return pages.page(
        "Keys",
        listed,
        pages.limit(req, 100, 1000),
        lambda key: key.id,
        lambda key: {"KeyId": key.id, "KeyArn": keys.arn_of(ctx, key.id)},
    )


def get_public_key(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = keys.find(ctx, req["KeyId"], by_alias=True)
    key = found.key
    rules.check_state(key, found.arn, ctx.operation)
    if not key.public:
        text = f"{found.arn} key spec is {key.spec} which is not valid for this operation."
        raise AwsError("UnsupportedOperationException", text)
    return {
        "KeyId": found.arn,
        "PublicKey": key.public,
        "CustomerMasterKeySpec": key.spec,
        "KeySpec": key.spec,
        "KeyUsage": key.usage,
        rules.ALGORITHM_LISTS[key.usage]: list(rules.SPECS[key.spec].algorithms[key.usage]),
    }


def enable_key(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    keys.put(keys.own(ctx, req["KeyId"]), is_enabled=True)
    return {}


def disable_key(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    keys.put(keys.own(ctx, req["KeyId"]), is_enabled=False)
    return {}


def update_key_description(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    keys.put(keys.own(ctx, req["KeyId"]), description=req["Description"])
    return {}


def schedule_key_deletion(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    days = rules.checked_window(req.get("PendingWindowInDays", rules.DELETION_DAYS_MAX))
    found = keys.own(ctx, req["KeyId"])
    is_waiting = found.key.primary_region == ctx.region and len(found.key.regions) > 1
    ends_at = 0.0 if is_waiting else ctx.now + days * rules.DAY_SECONDS
    key = keys.put(found, deletion_at=ends_at, deletion_days=days, is_enabled=False)
    answer = {"KeyId": found.arn, "KeyState": rules.state_of(key), "PendingWindowInDays": days}
    return answer if is_waiting else answer | {"DeletionDate": ends_at}


def cancel_key_deletion(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = keys.own(ctx, req["KeyId"])
    keys.put(found, deletion_at=0.0, deletion_days=0, is_enabled=False)
    return {"KeyId": found.arn}
