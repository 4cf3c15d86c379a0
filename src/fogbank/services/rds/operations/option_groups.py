"""Option groups: PostgreSQL has no options, so that a group is a name that instances are in."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws import tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.rds import engines, listing, naming, quotas
from fogbank.services.rds.resources import Instance, OptionGroup

_LETTERS_MAX = 255


def create_option_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    engine = engines.checked_engine(req["EngineName"])
    major = req["MajorEngineVersion"]
    if major not in _majors(ctx):
        text = f"Cannot find major version {major} for {engine} (this machine has {', '.join(_majors(ctx))})"
        raise AwsError("InvalidParameterCombination", text)
    group = OptionGroup(
        name=naming.identifier(req["OptionGroupName"], "OptionGroupName", _LETTERS_MAX),
        engine=engine,
        major=major,
        description=req["OptionGroupDescription"],
        tags=tags.read(req.get("Tags")),
    )
    return _made(ctx, group)


def copy_option_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    source = _one(ctx, req["SourceOptionGroupIdentifier"])
    group = msgspec.structs.replace(
        source,
        name=naming.identifier(req["TargetOptionGroupIdentifier"], "TargetOptionGroupIdentifier", _LETTERS_MAX),
        description=req["TargetOptionGroupDescription"],
        tags=tags.read(req.get("Tags")) or source.tags,
    )
    return _made(ctx, group)


def describe_option_groups(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    listing.check_filters(req)
    if name := req.get("OptionGroupName"):
        return {"OptionGroupsList": [_described(ctx, _one(ctx, name))]}
    engine, major = req.get("EngineName", ""), req.get("MajorEngineVersion", "")
    if major and not engine:
        text = "The parameter EngineName must be provided with MajorEngineVersion."
        raise AwsError("InvalidParameterCombination", text)
    found = {one.name: one for one in [*ctx.scan(OptionGroup), *_defaults(ctx)]}
    rows = ((name, _described(ctx, found[name])) for name in sorted(found) if _is_of(found[name], engine, major))
    return listing.page(req, "OptionGroupsList", rows)


def modify_option_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    group = _one(ctx, req["OptionGroupName"])
    if group.name.startswith("default:"):
        text = f"The default option group {group.name} cannot be modified."
        raise AwsError("InvalidOptionGroupStateFault", text)
    names = [one["OptionName"] for one in req.get("OptionsToInclude", ())] + req.get("OptionsToRemove", [])
    if names:
        text = f"Invalid option name: {names[0]}: {group.engine} {group.major} has no options."
        raise AwsError("InvalidParameterValue", text)
    return {"OptionGroup": _described(ctx, group)}


def delete_option_group(ctx: Context, req: dict[str, Any]) -> None:
    group = _one(ctx, req["OptionGroupName"])
    if group.name.startswith("default:"):
        text = f"The default option group {group.name} cannot be deleted."
        raise AwsError("InvalidOptionGroupStateFault", text)
    users = [one.id for one in ctx.scan(Instance) if one.option_group == group.name]
    if users:
        text = f"The option group {group.name} cannot be deleted because it is in use by {users[0]}."
        raise AwsError("InvalidOptionGroupStateFault", text)
    ctx.delete(OptionGroup, group.name)


def describe_option_group_options(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    listing.check_filters(req)
    engines.checked_engine(req["EngineName"])
    return listing.page(req, "OptionGroupOptions", ())


def _made(ctx: Context, group: OptionGroup) -> dict[str, Any]:
    if ctx.get(OptionGroup, group.name) is not None:
        raise AwsError("OptionGroupAlreadyExistsFault", f"An option group named {group.name} already exists.")
    quotas.check(ctx, "OptionGroups", "OptionGroupQuotaExceededFault")
    ctx.put(group)
    return {"OptionGroup": _described(ctx, group)}


def _one(ctx: Context, name: str) -> OptionGroup:
    identifier = name.split(":og:", 1)[1] if name.startswith("arn:") and ":og:" in name else name
    found = ctx.get(OptionGroup, identifier.lower())
    named = [group for group in _defaults(ctx) if group.name == identifier]
    if found is None and not named:
        raise AwsError("OptionGroupNotFoundFault", f"Specified OptionGroupName: {name} not found.")
    return found or named[0]


def _defaults(ctx: Context) -> list[OptionGroup]:
    return [
        OptionGroup(
            name=f"default:{engine}-{major}",
            engine=engine,
            major=major,
            description=f"Default option group for {engine} {major}",
        )
        for engine in engines.ENGINES
        for major in _majors(ctx)
    ]


def _majors(ctx: Context) -> list[str]:
    return [version.partition(".")[0] for version in ctx.planes.databases.versions()]


def _is_of(group: OptionGroup, engine: str, major: str) -> bool:
    return engine in ("", group.engine) and major in ("", group.major)


def _described(ctx: Context, group: OptionGroup) -> dict[str, Any]:
    return {
        "OptionGroupName": group.name,
        "OptionGroupArn": ctx.arn(f"og:{group.name}"),
        "OptionGroupDescription": group.description,
        "EngineName": group.engine,
        "MajorEngineVersion": group.major,
        "Options": [],
        "AllowsVpcAndNonVpcInstanceMemberships": True,
    }
