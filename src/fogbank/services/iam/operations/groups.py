"""Groups and their members."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.iam import entities, rules, shown
from fogbank.services.iam.entities import GROUP, USER
from fogbank.services.iam.resources import Group, User


def create_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    entities.check_new(ctx, GROUP, req["GroupName"])
    group = Group(name=req["GroupName"], path=req.get("Path", "/"), id=entities.new_id(ctx, Group), created_at=ctx.now)
    ctx.put(group)
    return {"Group": shown.group(ctx, group)}


def get_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    group = entities.existing(ctx, GROUP, req["GroupName"])
    members = ctx.find(User, "by_group", group.id)
    answer = entities.listing(req, "Users", members, entities.key_of, lambda user: shown.user(ctx, user))
    return {"Group": shown.group(ctx, group), **answer}


def list_groups(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    rows = entities.below(ctx.scan(Group), req)
    return entities.listing(req, "Groups", rows, entities.key_of, lambda group: shown.group(ctx, group))


def list_groups_for_user(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    user = entities.existing(ctx, USER, req["UserName"])
    found = [group for group_id in user.groups if (group := entities.by_id(ctx, Group, group_id)) is not None]
    rows = sorted(found, key=entities.key_of)
    return entities.listing(req, "Groups", rows, entities.key_of, lambda group: shown.group(ctx, group))


def update_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    group = entities.existing(ctx, GROUP, req["GroupName"])
    changed = msgspec.structs.replace(
        group, name=req.get("NewGroupName", group.name), path=req.get("NewPath", group.path)
    )
    entities.renamed(ctx, GROUP, group, changed)
    return {}


def delete_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    group = entities.existing(ctx, GROUP, req["GroupName"])
    conflicts = (
        (ctx.find(User, "by_group", group.id), "must remove users from group first."),
        (group.attached, "must detach all policies first."),
        (group.inline, "must delete policies first."),
    )
    for found, text in conflicts:
        if found:
            raise AwsError("DeleteConflict", f"Cannot delete entity, {text}")
    ctx.delete(Group, group.key)
    return {}


def add_user_to_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    group = entities.existing(ctx, GROUP, req["GroupName"])
    user = entities.existing(ctx, USER, req["UserName"])
    if group.id in user.groups:
        return {}
    if len(user.groups) >= rules.GROUPS_OF_USER_MAX:
        raise rules.limit_exceeded("GroupsPerUser", rules.GROUPS_OF_USER_MAX)
    ctx.put(msgspec.structs.replace(user, groups=(*user.groups, group.id)))
    return {}


def remove_user_from_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    group = entities.existing(ctx, GROUP, req["GroupName"])
    user = entities.existing(ctx, USER, req["UserName"])
    ctx.put(msgspec.structs.replace(user, groups=tuple(each for each in user.groups if each != group.id)))
    return {}
