"""New keys: checked, with material of their own where it is not to be imported."""

from __future__ import annotations

from typing import Any

from fogbank.aws import tags
from fogbank.control.context import Context
from fogbank.services.kms import conditions, keys, material, policies, rules
from fogbank.services.kms.keys import Found
from fogbank.services.kms.material import Made
from fogbank.services.kms.resources import Key


def is_slow(req: dict[str, Any]) -> bool:
    """Whether the material of a key takes long to make. Raises ValidationException, and others, for bad requests."""
    spec, _ = rules.spec_of(req)
    if rules.check_origin(req) == "EXTERNAL" or rules.SPECS[spec].family not in material.SLOW_FAMILIES:
        return False
    return keys.chosen_material(spec, rules.new_tags(req.get("Tags"))) is None


def created(ctx: Context, req: dict[str, Any], made: Made | None) -> dict[str, Any]:
    """The answer to CreateKey; `made` is material that took long to make."""
    spec, usage = rules.spec_of(req)
    origin = rules.check_origin(req)
    given = rules.new_tags(req.get("Tags"))
    if origin != "EXTERNAL":
        made = keys.chosen_material(spec, given) or made or material.make(spec)
    key_id = keys.new_id(ctx, given, multi_region=req.get("MultiRegion", False))
    key = Key(
        id=key_id,
        created_at=ctx.now,
        policy=policies.of_new_key(ctx, req, keys.arn_of(ctx, key_id), conditions.of_new_key(ctx, req)),
        spec=spec,
        usage=usage,
        origin=origin,
        description=req.get("Description", ""),
        tags=tags.without(given, (rules.MATERIAL_TAG,)),
        materials=(keys.sealed(ctx, key_id, made.secret),) if made else (),
        public=made.public if made else b"",
        primary_region=ctx.region if req.get("MultiRegion") else "",
        regions=(ctx.region,) if req.get("MultiRegion") else (),
    )
    ctx.put(key)
    return {"KeyMetadata": keys.described(Found(ctx, key))}
