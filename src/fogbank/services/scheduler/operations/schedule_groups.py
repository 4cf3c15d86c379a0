"""Schedule groups and their tags."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws import tags
from fogbank.aws.errors import AwsError
from fogbank.aws.paging import after, page
from fogbank.control.context import Context
from fogbank.services.scheduler import groups
from fogbank.services.scheduler.resources import Group, Schedule

_GROUPS_MAX = 500


def create_schedule_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    name = req["Name"]
    if name == groups.DEFAULT or ctx.get(Group, name) is not None:
        raise AwsError("ConflictException", f"Schedule group {name} already exists.")
    if ctx.count(Group) >= _GROUPS_MAX:
        raise AwsError("ServiceQuotaExceededException", "The number of schedule groups exceeds the quota.")
    ctx.put(Group(name=name, tags=tags.read(req.get("Tags")), created_at=ctx.now, modified_at=ctx.now))
    return {"ScheduleGroupArn": groups.arn(ctx, name)}


def get_schedule_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return _described(ctx, groups.found(ctx, req["Name"]))


def list_schedule_groups(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    start = after(req.get("NextToken"), "ValidationException", "Invalid NextToken.")
    prefix = req.get("NamePrefix", "")
    named = {group.name: group for group in ctx.scan(Group, start=prefix)}
    if groups.DEFAULT.startswith(prefix):
        named.setdefault(groups.DEFAULT, Group(name=groups.DEFAULT))
    rows = [named[name] for name in sorted(named) if name > start]
    found, token = page(rows, req.get("MaxResults", 100), lambda group: group.name)
    return {"ScheduleGroups": [_described(ctx, group) for group in found], **({"NextToken": token} if token else {})}


def delete_schedule_group(ctx: Context, req: dict[str, Any]) -> None:
    group = groups.found(ctx, req["Name"])
    if group.name == groups.DEFAULT:
        raise AwsError("ValidationException", "The default schedule group cannot be deleted.")
    for schedule in list(ctx.scan(Schedule, group.name)):
        ctx.delete(Schedule, schedule.group, schedule.name)
    ctx.delete(Group, group.name)


def tag_resource(ctx: Context, req: dict[str, Any]) -> None:
    group = _tagged(ctx, req["ResourceArn"])
    merged = {**group.tags, **tags.read(req["Tags"])}
    if len(merged) > tags.TAGS_MAX:
        raise AwsError("ValidationException", "A schedule group cannot have more than 50 tags.")
    ctx.put(msgspec.structs.replace(group, tags=merged))


def untag_resource(ctx: Context, req: dict[str, Any]) -> None:
    group = _tagged(ctx, req["ResourceArn"])
    ctx.put(msgspec.structs.replace(group, tags=tags.without(group.tags, req["TagKeys"])))


def list_tags_for_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return {"Tags": tags.written(_tagged(ctx, req["ResourceArn"]).tags)}


def _tagged(ctx: Context, arn: str) -> Group:
    noun, _, name = arn.rpartition(":")[2].partition("/")
    if noun != "schedule-group":
        raise AwsError("ValidationException", f"{arn} is no schedule group.")
    return groups.found(ctx, name)


def _described(ctx: Context, group: Group) -> dict[str, Any]:
    return {
        "Arn": groups.arn(ctx, group.name),
        "Name": group.name,
        "State": "ACTIVE",
        "CreationDate": group.created_at,
        "LastModificationDate": group.modified_at,
    }
