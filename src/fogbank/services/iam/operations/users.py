"""Users."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.iam import entities, managed_policies, rules, shown
from fogbank.services.iam.entities import USER
from fogbank.services.iam.resources import AccessKey, LoginProfile, MfaDevice, User, UserCredential


def create_user(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    entities.check_new(ctx, USER, req["UserName"])
    boundary = req.get("PermissionsBoundary")
    if boundary is not None:
        managed_policies.attachable(ctx, boundary)
    user = User(
        name=req["UserName"],
        path=req.get("Path", "/"),
        id=entities.new_id(ctx, User),
        created_at=ctx.now,
        boundary=boundary,
        tags=rules.tagged({}, req.get("Tags")),
    )
    ctx.put(user)
    return {"User": shown.user(ctx, user, whole=True)}


def get_user(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    user = entities.calling_user(ctx, req)
    if user is None:
        root = {"Path": "/", "UserName": ctx.account, "UserId": ctx.account, "Arn": entities.arn(ctx, "root")}
        return {"User": {**root, "CreateDate": 0.0}}
    return {"User": shown.user(ctx, user, whole=True)}


def list_users(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    rows = entities.below(ctx.scan(User), req)
    return entities.listing(req, "Users", rows, entities.key_of, lambda user: shown.user(ctx, user))


def update_user(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    user = entities.existing(ctx, USER, req["UserName"])
    changed = msgspec.structs.replace(user, name=req.get("NewUserName", user.name), path=req.get("NewPath", user.path))
    entities.renamed(ctx, USER, user, changed)
    return {}


def delete_user(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    user = entities.existing(ctx, USER, req["UserName"])
    held = {credential.sort for credential in ctx.find(UserCredential, "by_owner", user.id)}
    conflicts = (
        (ctx.find(AccessKey, "by_owner", user.id), "must delete access keys first."),
        (ctx.get(LoginProfile, user.id), "must delete login profile first."),
        (ctx.find(MfaDevice, "by_owner", user.id), "must delete MFA device first."),
        ("signing" in held, "must delete signing certificate first."),
        (held, "must delete the user's other credentials first."),
        (user.groups, "must remove users from group first."),
        (user.attached, "must detach all policies first."),
        (user.inline, "must delete policies first."),
    )
    for found, text in conflicts:
        if found:
            raise AwsError("DeleteConflict", f"Cannot delete entity, {text}")
    ctx.delete(User, user.key)
    return {}
