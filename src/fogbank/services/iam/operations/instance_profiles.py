"""Instance profiles."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.iam import entities, rules, shown
from fogbank.services.iam.entities import PROFILE, ROLE
from fogbank.services.iam.resources import InstanceProfile


def create_instance_profile(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    entities.check_new(ctx, PROFILE, req["InstanceProfileName"])
    profile = InstanceProfile(
        name=req["InstanceProfileName"],
        path=req.get("Path", "/"),
        id=entities.new_id(ctx, InstanceProfile),
        created_at=ctx.now,
        tags=rules.tagged({}, req.get("Tags")),
    )
    ctx.put(profile)
    return {"InstanceProfile": shown.profile(ctx, profile, whole=True)}


def get_instance_profile(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    profile = entities.existing(ctx, PROFILE, req["InstanceProfileName"])
    return {"InstanceProfile": shown.profile(ctx, profile, whole=True)}


def list_instance_profiles(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return _listing(ctx, req, list(entities.below(ctx.scan(InstanceProfile), req)))


def list_instance_profiles_for_role(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    role = entities.existing(ctx, ROLE, req["RoleName"])
    return _listing(ctx, req, ctx.find(InstanceProfile, "by_role", role.key))


def delete_instance_profile(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    profile = entities.existing(ctx, PROFILE, req["InstanceProfileName"])
    if profile.roles:
        raise AwsError("DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.")
    ctx.delete(InstanceProfile, profile.key)
    return {}


def add_role_to_instance_profile(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    profile = entities.existing(ctx, PROFILE, req["InstanceProfileName"])
    role = entities.existing(ctx, ROLE, req["RoleName"])
    if profile.roles:
        raise rules.limit_exceeded("InstanceSessionsPerInstanceProfile", 1)
    ctx.put(msgspec.structs.replace(profile, roles=(role.key,)))
    return {}


def remove_role_from_instance_profile(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    profile = entities.existing(ctx, PROFILE, req["InstanceProfileName"])
    role = entities.existing(ctx, ROLE, req["RoleName"])
    if role.key not in profile.roles:
        raise entities.missing(ROLE.missing.format(req["RoleName"]))
    ctx.put(msgspec.structs.replace(profile, roles=()))
    return {}


def _listing(ctx: Context, req: dict[str, Any], rows: list[InstanceProfile]) -> dict[str, Any]:
    return entities.listing(req, "InstanceProfiles", rows, entities.key_of, lambda profile: shown.profile(ctx, profile))
