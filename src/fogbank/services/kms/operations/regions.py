"""Multi-Region keys: the same id and material in several regions, one of them the primary."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws import tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.kms import conditions, keys, policies, rules
from fogbank.services.kms.keys import Found
from fogbank.services.kms.resources import Key


def replicate_key(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = _primary(ctx, req["KeyId"])
    key, region = found.key, req["ReplicaRegion"]
    there = ctx.at(region)
    if there.partition != ctx.partition or region == ctx.region:
        raise AwsError("ValidationException", f"{region} is not another region of {ctx.partition}.")
    if there.get(Key, key.id) is not None:
        raise AwsError("AlreadyExistsException", f"{keys.arn_of(there, key.id)} already exists.")
    given = rules.new_tags(req.get("Tags"))
    facts = {**conditions.of_key(found), **conditions.of_request(ctx, req)}
    replica = msgspec.structs.replace(
        key,
        created_at=ctx.now,
        policy=policies.of_new_key(there, req, keys.arn_of(there, key.id), facts),
        description=req.get("Description", ""),
        tags=tags.without(given, (rules.MATERIAL_TAG,)),
        # Imported material is imported into each region (ReplicateKey, "imported key material").
        materials=() if key.origin == "EXTERNAL" else key.materials,
        public=b"" if key.origin == "EXTERNAL" else key.public,
    )
    there.put(replica)
    regions = tuple(sorted({*key.regions, region}))
    keys.put_shared(Found(ctx, msgspec.structs.replace(key, regions=regions)), regions=regions)
    made = keys.find(there, key.id)
    return {
        "ReplicaKeyMetadata": keys.described(made),
        "ReplicaPolicy": made.key.policy,
        "ReplicaTags": tags.written(made.key.tags, "TagKey", "TagValue"),
    }


def update_primary_region(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = _primary(ctx, req["KeyId"])
    region = req["PrimaryRegion"]
    if region not in found.key.regions:
        raise AwsError("NotFoundException", f"Key '{keys.arn_of(ctx.at(region), found.key.id)}' does not exist")
    there = keys.find(ctx.at(region), found.key.id)
    rules.check_state(there.key, there.arn, ctx.operation)
    keys.put_shared(found, primary_region=region)
    return {}


def _primary(ctx: Context, text: str) -> Found:
    """The primary of a multi-Region key. Raises UnsupportedOperationException."""
    found = keys.own(ctx, text)
    if not found.key.primary_region:
        raise AwsError("UnsupportedOperationException", f"{found.arn} is not a multi-Region key.")
    if found.key.primary_region != ctx.region:
        raise AwsError("UnsupportedOperationException", f"{found.arn} is not a multi-Region primary key.")
    return found
