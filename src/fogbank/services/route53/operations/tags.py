"""Tags of zones and health checks."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws import tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.route53 import health_checks, zones
from fogbank.services.route53.resources import HealthCheck, HostedZone

_TAGS_MAX = 50


def change_tags_for_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    if "AddTags" not in req and "RemoveTagKeys" not in req:
        raise AwsError("InvalidInput", "You must specify tags to add, keys to remove, or both.")
    zone = _tagged(ctx, req["ResourceType"], req["ResourceId"])
    added = tags.read(req.get("AddTags"))
    if set(added) & set(req.get("RemoveTagKeys", ())):
        raise AwsError("InvalidInput", "A tag key cannot be both added and removed.")
    kept = {**tags.without(zone.tags, req.get("RemoveTagKeys", ())), **added}
    if len(kept) > _TAGS_MAX:
        raise AwsError("InvalidInput", f"A resource can have at most {_TAGS_MAX} tags.")
    ctx.put(msgspec.structs.replace(zone, tags=kept))
    return {}


def list_tags_for_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return {"ResourceTagSet": _shown(ctx, req["ResourceType"], req["ResourceId"])}


def list_tags_for_resources(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return {"ResourceTagSets": [_shown(ctx, req["ResourceType"], one) for one in req["ResourceIds"]]}


def _shown(ctx: Context, kind: str, given: str) -> dict[str, Any]:
    zone = _tagged(ctx, kind, given)
    return {"ResourceType": kind, "ResourceId": zone.id, "Tags": tags.written(zone.tags)}


def _tagged(ctx: Context, kind: str, given: str) -> HostedZone | HealthCheck:
    """Raises NoSuchHostedZone and NoSuchHealthCheck."""
    return health_checks.one(ctx, given) if kind == "healthcheck" else zones.one(ctx, given)
